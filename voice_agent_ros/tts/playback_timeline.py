# SPDX-License-Identifier: Apache-2.0
"""Maps how much of a spoken reply has been played back to its words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class _Span:
    text: str
    start: int
    length: int


class PlaybackTimeline:
    """Which text lies where in one audio stream, in samples."""

    def __init__(self) -> None:
        self._spans: list[_Span] = []
        self._length = 0

    def begin_segment(self, text: str) -> None:
        """The audio that is added from now on speaks this text."""
        self._spans.append(_Span(text, self._length, 0))

    def add_audio(self, samples: int) -> None:
        """So many more samples of the segment that was begun last."""
        self._spans[-1].length += samples
        self._length += samples

    @property
    def length(self) -> int:
        """Samples in all."""
        return self._length

    def heard(self, samples_played: int) -> str:
        """The text that was heard, to the last whole word.

        Within a segment, words are taken to last as long as their share of its characters.
        """
        parts: list[str] = []
        for span in self._spans:
            played = samples_played - span.start
            # Nothing else follows a segment without audio, such as an emoji, that would prove it was reached.
            if played >= span.length and (span.length > 0 or played > 0):
                parts.append(span.text)
            elif played > 0:
                parts.append(_whole_words(span.text, played / span.length))
                break
            else:
                break
        return "".join(parts).strip()


def _whole_words(text: str, share: float) -> str:
    """The words of the first `share` of a text; a script without spaces is cut between characters."""
    end = int(len(text) * share)
    if end >= len(text) or text[end].isspace() or not text[end].isascii():
        return text[:end]
    boundary = max(
        (index for index in range(end) if text[index].isspace() or not text[index].isascii()), default=-1
    )
    return text[: boundary + 1].rstrip()
