# SPDX-License-Identifier: Apache-2.0
"""Takes the silence off both ends of a segment: engines frame each text in up to half a second of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from voice_agent_ros.tts.synthesizer import Samples

QUIET = 250  # of 32768, -42 dB
LEAD_S = 0.03  # kept before the first sound: a soft consonant may lie below the threshold
TAIL_S = 0.3  # kept after the last one: the pause between two sentences


def trimmed(blocks: Iterable[Samples], rate: int) -> Iterator[Samples]:
    """The same audio, as it comes, without most of the silence around it; pauses inside stay as they are."""
    held = np.zeros(0, np.int16)  # quiet, and perhaps the end
    has_begun = False
    for block in blocks:
        held = np.concatenate([held, block])
        loud = np.flatnonzero(np.abs(held.astype(np.int32)) > QUIET)
        if not len(loud):
            continue
        start = 0 if has_begun else max(0, int(loud[0]) - round(LEAD_S * rate))
        end = int(loud[-1]) + 1
        yield held[start:end]
        held, has_begun = held[end:], True
    rest = held[: round(TAIL_S * rate)] if has_begun else held  # all of it quiet: whoever means that gets it
    if len(rest):
        yield rest
