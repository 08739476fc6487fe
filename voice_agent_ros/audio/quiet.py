# SPDX-License-Identifier: Apache-2.0
"""Is the room quiet? Then nobody is kept waiting if audio is handed on in larger pieces, which costs less."""

from __future__ import annotations

from collections import deque

import numpy as np

from voice_agent_ros.audio.source import SAMPLE_RATE, Samples

QUIET_AFTER_S = 1.5  # longer than any pause within a sentence, and than an utterance's end is waited for
ABOVE_FLOOR = 3.0  # by amplitude: 10 dB above the room's own noise somebody may speak
FLOOR_WINDOWS = 8  # the quietest of so many ...
FLOOR_WINDOW_S = 1.0
FAINT_RMS = 8.0  # of 32768: nobody speaks so low


class Quiet:
    """Compares each piece of audio with the quietest one of the last seconds."""

    def __init__(self) -> None:
        self._floors: deque[float] = deque([float("inf")], maxlen=FLOOR_WINDOWS)
        self._window_s = 0.0
        self._quiet_s = 0.0

    def add(self, samples: Samples) -> bool:
        """Hear more. Whether it has been quiet for a while, up to the end of these samples."""
        rms = float(np.std(samples, dtype=np.float32)) if len(samples) else 0.0  # an offset is no sound
        duration_s = len(samples) / SAMPLE_RATE
        self._window_s += duration_s
        if self._window_s >= FLOOR_WINDOW_S:
            self._floors.append(float("inf"))
            self._window_s = 0.0
        self._floors[-1] = min(self._floors[-1], rms)
        is_loud = rms > max(FAINT_RMS, ABOVE_FLOOR * min(self._floors))
        self._quiet_s = 0.0 if is_loud else self._quiet_s + duration_s
        return self._quiet_s >= QUIET_AFTER_S
