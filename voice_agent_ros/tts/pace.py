# SPDX-License-Identifier: Apache-2.0
"""How long the next segment may be: its synthesis must end before what is buffered has been played."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from voice_agent_ros.tts.segmentation import split_early, text_width
from voice_agent_ros.tts.speakable import speakable
from voice_agent_ros.tts.synthesizer import Synthesizer, is_remote, speech_of
from voice_agent_ros.tts.trim import tail_of, trimmed

SHARE = 0.8  # of the buffered audio that a synthesis may take
MEMORY = 0.9  # weight of what was measured before the newest segment
DIGIT_WIDTH = 6  # "3.5 cm" is 25 letters long when it is spoken
POINT_WIDTH = 5
MIN_WIDTH = 20  # a shorter segment is joined with the next one, if there is time
MAX_WIDTH = 120  # 60 Chinese characters
CHEAP_RTF = 0.1  # an engine so fast gains nothing from short segments
SHORTEST_WIDTH = 16
NARROWER = 0.85  # steps in which a segment is cut
SPREAD = 0.05  # of the widths, below which they say nothing about a segment's fixed cost
TOO_SLOW_RTF = 1.0  # gaps cannot be avoided then: rather between sentences than within them


@dataclass
class _Segments:
    """Sums over the segments so far, of which the newest count most: what a straight line needs, and what `rtf` does.

    Attributes:
        squares: of the widths.
        seconds: of synthesis.
        products: of each width and its seconds.
    """

    count: float = 0.0
    widths: float = 0.0
    squares: float = 0.0
    seconds: float = 0.0
    products: float = 0.0
    audio_s: float = 0.0

    def add(self, width: int, seconds: float, audio_s: float) -> None:
        """The newest one."""
        self.count = MEMORY * self.count + 1.0
        self.widths = MEMORY * self.widths + width
        self.squares = MEMORY * self.squares + width**2
        self.seconds = MEMORY * self.seconds + seconds
        self.products = MEMORY * self.products + width * seconds
        self.audio_s = MEMORY * self.audio_s + audio_s

    def costs(self) -> tuple[float, float]:
        """Of a segment by itself, and of each width, s: the line through what was measured."""
        if not self.widths:
            return 0.0, 0.0
        spread = self.count * self.squares - self.widths**2
        is_told = spread > SPREAD * self.widths**2
        slope = (self.count * self.products - self.widths * self.seconds) / spread if is_told else 0.0
        fixed_s = (self.seconds - slope * self.widths) / self.count
        if slope <= 0.0 or fixed_s <= 0.0:  # segments alike, or noise
            return 0.0, self.seconds / self.widths
        return fixed_s, slope


class Pace:
    """Measures the engine and sizes segments by it.

    A segment is taken to cost something by itself, for engines synthesize the silence around it as well, and the rest
    by its width.
    """

    def __init__(self) -> None:
        self._width = 0
        self._audio_s = 0.0
        self._so_far = _Segments()

    @property
    def rtf(self) -> float:
        """Synthesis time by audio time; 0 until something was measured."""
        return self._so_far.seconds / self._so_far.audio_s if self._so_far.audio_s else 0.0

    @property
    def can_keep_up(self) -> bool:
        """Whether the engine is slow enough for gaps, and quick enough to avoid them."""
        return CHEAP_RTF < self.rtf < TOO_SLOW_RTF

    def begin(self, text: str) -> None:
        """A segment is handed to the engine."""
        self._width, self._audio_s = spoken_width(text), 0.0

    def add_audio(self, seconds: float) -> None:
        """So much audio of it has come."""
        self._audio_s += seconds

    def end(self, seconds: float) -> None:
        """It is done, after so many seconds of synthesis."""
        if self._audio_s <= 0.0 or not self._width:
            return
        self._so_far.add(self._width, seconds, self._audio_s)
        self._audio_s = 0.0

    def synthesis_s(self, width: int) -> float:
        """What a text of this width is expected to take."""
        fixed_s, per_width_s = self._so_far.costs()
        return fixed_s + per_width_s * width

    def next_segment(self, segments: deque[str], buffered_s: float, *, is_first: bool = True) -> str:
        """Take the next segment: joined with others while short, cut while long, as the buffer allows.

        Args:
            is_first: nothing of the reply was spoken yet.
        """
        segment = segments.popleft()
        if self.rtf <= CHEAP_RTF:
            return segment
        budget_s = SHARE * buffered_s
        # A torn piece is joined in any case, and cut again at a better place; the first words wait for nothing.
        is_torn = not is_first and self.rtf < TOO_SLOW_RTF and segment.rstrip()[-1:].isalnum()
        while segments and text_width(segment) < MIN_WIDTH:
            joined = segment + segments[0]
            is_dear = self.synthesis_s(spoken_width(joined)) > budget_s
            if text_width(joined) > MAX_WIDTH or (is_dear and not is_torn):
                break
            segment += segments.popleft()
        if self.rtf >= TOO_SLOW_RTF and not is_first:
            return segment
        head, rest = self._affordable(segment, budget_s)
        if text_width(rest):
            segments.appendleft(rest)
            return head
        return segment

    def _affordable(self, segment: str, budget_s: float) -> tuple[str, str]:
        """As much of its beginning as can be synthesized in time, but not less than a few words; and the rest."""
        width, head, rest = text_width(segment), segment, ""
        while width > SHORTEST_WIDTH and self.synthesis_s(spoken_width(head)) > budget_s:
            width = max(int(width * NARROWER), SHORTEST_WIDTH)
            shorter, behind = split_early(segment, width)
            if not shorter:
                break
            head, rest = shorter, behind
        return head, rest


# Of two lengths, so that what a segment costs by itself is known too.
_KNOWN = {
    "zh": ("好的。", "我现在可以开始说话了，请告诉我要做什么。"),
    "en": ("Ready.", "I am ready now, so tell me what to do, please."),
}


def pace_of(engine: Synthesizer, language: str) -> Pace:
    """What an engine's speech costs, measured: else the first reply would run dry behind its first words.

    Nothing is known of a server (it would be asked for nothing) or of an engine that fails.
    """
    pace = Pace()
    if is_remote(engine):
        return pace
    for text in _KNOWN["zh" if language.lower().startswith("zh") else "en"]:
        pace.begin(text)
        begun = time.monotonic()
        try:
            for block in trimmed(speech_of(engine, text), engine.sample_rate, tail_of(text)):
                pace.add_audio(len(block.samples) / engine.sample_rate)
        except Exception:  # noqa: BLE001  whatever it is, it is told when something is to be said
            return Pace()
        pace.end(time.monotonic() - begun)
    return pace


def spoken_width(text: str) -> int:
    """How much there is to say, as it is spoken: numbers are long, and "m" is "metres"."""
    if not any(map(str.isdigit, text)):
        return text_width(text)
    text = speakable(text)
    points = sum(text[at - 1].isdigit() for at, character in enumerate(text) if character == "." and at)
    return text_width(text) + (DIGIT_WIDTH - 1) * sum(map(str.isdigit, text)) + POINT_WIDTH * points
