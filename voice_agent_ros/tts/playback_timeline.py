# SPDX-License-Identifier: Apache-2.0
"""Maps how much of a spoken reply has been played back to its words."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from voice_agent_ros.tts.segmentation import is_wide
from voice_agent_ros.tts.synthesizer import Samples

FRAME_S = 0.01
QUIET = 0.03  # of the segment's loudest frame: pauses at commas, and silence at both ends, hold no words
DIGIT_WEIGHT = 4.0  # "29" is nine letters long when it is spoken
WIDE_WEIGHT = 3.0  # a Chinese character is a syllable
FINAL_WEIGHT = 2.0  # the last word before a mark or the end is drawn out
RECOGNISED = 0.5  # of a word: people know it before its end
S_PER_WEIGHT = 0.07  # of speech, until the whole segment is there


@dataclass
class _Span:
    text: str
    start: int
    length: int = 0
    frame: int = 1  # samples
    levels: list[float] = field(default_factory=list)  # the loudest sample of each frame
    rest: int = 0  # samples in the last frame, if it is not full
    is_complete: bool = False

    def add(self, samples: Samples, rate: int) -> None:
        self.frame = max(1, round(FRAME_S * rate))
        loud = np.abs(samples.astype(np.int32))
        if self.rest and len(loud):
            head = loud[: self.frame - self.rest]
            self.levels[-1] = max(self.levels[-1], float(np.max(head)))
            self.rest = (self.rest + len(head)) % self.frame
            loud = loud[len(head) :]
        if len(loud):
            starts = np.arange(0, len(loud), self.frame)
            self.levels += np.maximum.reduceat(loud, starts).astype(float).tolist()
            self.rest = len(loud) % self.frame
        self.length += len(samples)

    def share(self, played: int) -> float:
        """Of its speech that lies in its first samples; pauses do not count."""
        threshold = QUIET * max(self.levels, default=0.0)
        is_loud = [level > threshold for level in self.levels]
        total = float(sum(is_loud))
        if not self.is_complete:  # more is to come, nobody knows how much
            total = max(total, sum(map(_weight, self.text)) * S_PER_WEIGHT / FRAME_S)
        whole, part = divmod(played, self.frame)
        said = sum(is_loud[:whole]) + (part / self.frame if any(is_loud[whole : whole + 1]) else 0.0)
        return min(said / total, 1.0) if total else 0.0


class PlaybackTimeline:
    """Which text lies where in one audio stream, in samples."""

    def __init__(self) -> None:
        self._spans: list[_Span] = []
        self._length = 0

    def begin_segment(self, text: str) -> None:
        """The audio that is added from now on speaks this text; what came before is complete."""
        self.end_segment()
        self._spans.append(_Span(text, self._length))

    def add_audio(self, samples: Samples, rate: int) -> None:
        """More of the segment that was begun last."""
        self._spans[-1].add(samples, rate)
        self._length += len(samples)

    def end_segment(self) -> None:
        """All of the audio of the segment that was begun last is there."""
        if self._spans:
            self._spans[-1].is_complete = True

    @property
    def length(self) -> int:
        """Samples in all."""
        return self._length

    def heard(self, samples_played: int) -> str:
        """The text that was heard, to the last word of which more than half was played.

        Within a segment, words are taken to share its speech, pauses left out, by their letters.
        """
        parts: list[str] = []
        for span in self._spans:
            played = samples_played - span.start
            # Nothing else follows a segment without audio, such as an emoji, that would prove it was reached.
            if played >= span.length and span.is_complete and (span.length > 0 or played > 0):
                parts.append(span.text)
            elif played > 0:
                parts.append(_whole_words(span.text, span.share(min(played, span.length))))
                break
            else:
                break
        return "".join(parts).strip()


def _weight(character: str) -> float:
    """How long it takes to say, in letters."""
    if not character.isalnum():
        return 0.0
    if character.isdigit():
        return DIGIT_WEIGHT
    return WIDE_WEIGHT if is_wide(character) else 1.0


def _words(text: str) -> list[tuple[int, float]]:
    """Where each word ends, and its weight; a script without spaces has a word for each character."""
    words: list[tuple[int, float]] = []
    weight = 0.0
    for index, character in enumerate(text):
        weight += _weight(character)
        following = text[index + 1 : index + 2]
        is_inside = character.isascii() and following.isascii() and not following.isspace()
        if (following and is_inside) or character.isspace():
            continue
        if weight:
            is_final = not character.isalnum() or not any(map(str.isalnum, text[index + 1 :]))
            words.append((index + 1, weight + (FINAL_WEIGHT if is_final else 0.0)))
            weight = 0.0
        elif words:  # a mark by itself belongs to the word before it
            words[-1] = (index + 1, words[-1][1])
    return words


def _whole_words(text: str, share: float) -> str:
    """The words of which more than half lies in the first `share` of a text."""
    words = _words(text)
    budget = share * sum(weight for _, weight in words) + 1e-6
    end = 0
    for at, weight in words:
        if budget < RECOGNISED * weight:
            break
        budget -= weight
        end = at
    return text[:end].rstrip()
