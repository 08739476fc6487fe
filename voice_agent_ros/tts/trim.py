# SPDX-License-Identifier: Apache-2.0
"""Takes the silence off both ends of a segment: engines frame each text in up to half a second of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from voice_agent_ros.tts.synthesizer import Speech, Word, moved

QUIET = 250  # of 32768, -42 dB
LEAD_S = 0.03  # kept before the first sound: a soft consonant may lie below the threshold
TAIL_S = 0.3  # kept after the last one: the pause between two sentences
JOIN_S = 0.05  # the same where the sentence goes on


def tail_of(text: str) -> float:
    """The silence behind a text, s: what ends without a mark was cut in the middle of a sentence."""
    last = text.rstrip()[-1:]
    return JOIN_S if last.isalnum() else TAIL_S


def trimmed(blocks: Iterable[Speech], rate: int, tail_s: float = TAIL_S) -> Iterator[Speech]:
    """The same audio, as it comes, without most of the silence around it; pauses inside stay as they are."""
    held = np.zeros(0, np.int16)  # quiet, and perhaps the end
    words: tuple[Word, ...] = ()
    by = ""
    has_begun, skipped = False, 0
    for block in blocks:
        held = np.concatenate([held, block.samples])
        words += block.words
        by = block.by
        loud = np.flatnonzero(np.abs(held.astype(np.int32)) > QUIET)
        if not len(loud):
            continue
        start = 0 if has_begun else max(0, int(loud[0]) - round(LEAD_S * rate))
        end = int(loud[-1]) + 1
        skipped += start
        yield Speech(held[start:end], moved(words, -skipped), by)
        held, words, has_begun = held[end:], (), True
    rest = held[: round(tail_s * rate)] if has_begun else held  # all of it quiet: whoever means that gets it
    if len(rest):
        yield Speech(rest, moved(words, -skipped), by)
