# SPDX-License-Identifier: Apache-2.0
"""Short signs without words: two soft tones that rise for "heard you", and two that fall for "that did not work"."""

from __future__ import annotations

import numpy as np

from voice_agent_ros.tts.synthesizer import Samples

TONES_HZ = {"heard": (660.0, 880.0), "error": (440.0, 294.0)}
TONE_S = {"heard": 0.06, "error": 0.12}
FADE_S = 0.012  # a tone that begins at once clicks
LEVEL = 0.12  # of full scale: softer than speech


def sign(name: str, sample_rate: int) -> Samples:
    """The sign of this name; one that is not known sounds as "heard"."""
    name = name if name in TONES_HZ else "heard"
    count = round(TONE_S[name] * sample_rate)
    time_s = np.arange(count) / sample_rate
    fade = np.clip(np.minimum(time_s, time_s[::-1]) / FADE_S, 0.0, 1.0)
    tones = [np.sin(2 * np.pi * tone * time_s) * fade for tone in TONES_HZ[name]]
    return np.rint(np.concatenate(tones) * LEVEL * 32767.0).astype(np.int16)
