# SPDX-License-Identifier: Apache-2.0
"""Maps how much of a spoken reply has been played back to its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from voice_agent_ros.tts.synthesizer import Samples, Word
from voice_agent_ros.tts.word_times import spans_of, weight_of, written_words

FRAME_S = 0.01
QUIET = 0.03  # of the segment's loudest frame: pauses at commas, and silence at both ends, hold no words
HEARD = 1 / 3  # of a word's sound: people know it before its end
HEARD_ESTIMATE = 0.5  # the same where it is only estimated when words sound
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
    words: list[Word] = field(default_factory=list)  # as the engine said them, if it tells

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

    def heard(self, played: int) -> str:
        """Of its text, when not all of it was played."""
        if not self.words:
            return _whole_words(self.text, self.share(played))
        end, is_loud = 0, self._is_loud
        for word, start, stop in spans_of(self.text, self.words):
            sound = is_loud[max(start, 0) // self.frame : -(-stop // self.frame)]
            sounded = sum(sound[: max((played - max(start, 0)) // self.frame, 0)])
            # A word before a pause ends with its sound; one without any, with its time.
            if (sounded < HEARD * sum(sound)) if any(sound) else played < stop:
                break
            end = word.end
        return self.text[:end].rstrip()

    @property
    def _is_loud(self) -> list[bool]:
        threshold = QUIET * max(self.levels, default=0.0)
        return [level > threshold for level in self.levels]

    def share(self, played: int) -> float:
        """Of its speech that lies in its first samples; pauses do not count."""
        is_loud = self._is_loud
        total = float(sum(is_loud))
        if not self.is_complete:  # more is to come, nobody knows how much
            total = max(total, sum(map(weight_of, self.text)) * S_PER_WEIGHT / FRAME_S)
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

    def add_audio(self, samples: Samples, rate: int, words: Sequence[Word] = ()) -> None:
        """More of the segment that was begun last, and words of which it is known now where in it they are."""
        self._spans[-1].add(samples, rate)
        self._spans[-1].words += words
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
        """The text that was heard, to the last word of which so much was played that it can be known.

        Within a segment, the engine tells when its words sound. Of one that does not, words are taken to share the
        segment's speech, pauses left out, by their letters.
        """
        parts: list[str] = []
        for span in self._spans:
            played = samples_played - span.start
            # Nothing else follows a segment without audio, such as an emoji, that would prove it was reached.
            if played >= span.length and span.is_complete and (span.length > 0 or played > 0):
                parts.append(span.text)
            elif played > 0:
                parts.append(span.heard(min(played, span.length)))
                break
            else:
                break
        return "".join(parts).strip()


def _whole_words(text: str, share: float) -> str:
    """The words of which more than half lies in the first `share` of a text."""
    words = written_words(text)
    budget = share * sum(word.weight for word in words) + 1e-6
    end = 0
    for word in words:
        if budget < HEARD_ESTIMATE * word.weight:
            break
        budget -= word.weight
        end = word.end
    return text[:end].rstrip()
