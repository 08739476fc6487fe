# SPDX-License-Identifier: Apache-2.0
"""How long the next segment may be: its synthesis must end before what is buffered has been played."""

from __future__ import annotations

from collections import deque

from voice_agent_ros.tts.segmentation import split_early, text_width

SHARE = 0.8  # of the buffered audio that a synthesis may take
SMOOTHING = 0.3  # weight of the newest measurement
FIRST_AUDIO_PER_WIDTH_S = 0.07
MIN_WIDTH = 20  # a shorter segment is joined with the next one, if there is time
MAX_WIDTH = 120  # 60 Chinese characters
CHEAP_RTF = 0.1  # an engine so fast gains nothing from short segments
SHORTEST_WIDTH = 16
TOO_SLOW_RTF = 1.0  # gaps cannot be avoided then: rather between sentences than within them


class Pace:
    """Measures the engine and sizes segments by it.

    Attributes:
        rtf: synthesis time by audio time; 0 until something was measured.
    """

    def __init__(self) -> None:
        self.rtf = 0.0
        self._per_width_s = FIRST_AUDIO_PER_WIDTH_S
        self._width = 0
        self._audio_s = 0.0

    def begin(self, text: str) -> None:
        """A segment is handed to the engine."""
        self._width, self._audio_s = text_width(text), 0.0

    def add_audio(self, seconds: float) -> None:
        """So much audio of it has come."""
        self._audio_s += seconds

    def end(self, seconds: float) -> None:
        """It is done, after so many seconds of synthesis."""
        if self._audio_s <= 0.0 or not self._width:
            return
        measured = seconds / self._audio_s
        self.rtf = measured if not self.rtf else self.rtf + SMOOTHING * (measured - self.rtf)
        self._per_width_s += SMOOTHING * (self._audio_s / self._width - self._per_width_s)
        self._audio_s = 0.0

    def synthesis_s(self, width: int) -> float:
        """What a text of this width is expected to take."""
        return self.rtf * self._per_width_s * width

    def next_segment(self, segments: deque[str], buffered_s: float, *, is_first: bool = True) -> str:
        """Take the next segment: joined with others while short, cut while long, as the buffer allows.

        Args:
            is_first: nothing of the reply was spoken yet.
        """
        segment = segments.popleft()
        if self.rtf <= CHEAP_RTF:
            return segment
        budget_s = SHARE * buffered_s
        while segments and text_width(segment) < MIN_WIDTH:
            width = text_width(segment) + text_width(segments[0])
            if width > MAX_WIDTH or self.synthesis_s(width) > budget_s:
                break
            segment += segments.popleft()
        if self.rtf >= TOO_SLOW_RTF and not is_first:
            return segment
        if self.synthesis_s(text_width(segment)) > budget_s:
            affordable = max(int(budget_s / (self.rtf * self._per_width_s)), SHORTEST_WIDTH)
            head, rest = split_early(segment, affordable)
            if head and text_width(rest):
                segments.appendleft(rest)
                return head
        return segment
