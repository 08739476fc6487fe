# SPDX-License-Identifier: Apache-2.0
"""An engine that says each text once: its audio and the time that each block took are kept for whoever asks again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from voice_agent_ros.tts.synthesizer import Speech, Synthesizer, speech_of
from voice_agent_ros.tts.trim import tail_of, trimmed


@dataclass(frozen=True)
class Said:
    """How a text was said.

    Attributes:
        text: that was said.
        blocks: of audio, with the time from the request to each, s.
        seconds: that all of it took.
    """

    text: str
    blocks: tuple[tuple[float, Speech], ...]
    seconds: float

    def charged(self, rtf: float, rate: int) -> Said:
        """The same from an engine that takes so long for each second of audio that it makes, silence included."""
        blocks, at = [], 0.0
        for _, block in self.blocks:
            at += rtf * len(block.samples) / rate
            blocks.append((at, block))
        return Said(self.text, tuple(blocks), at)

    def trimmed(self, rate: int) -> Iterator[tuple[float, Speech]]:
        """As it is played: without the silence around it."""
        at = 0.0

        def told() -> Iterator[Speech]:
            nonlocal at
            for took, block in self.blocks:
                at = took
                yield block

        for block in trimmed(told(), rate, tail_of(self.text)):
            yield at, block


class TimedVoice:
    """The engine must give the same audio for the same text."""

    def __init__(self, engine: Synthesizer) -> None:
        self.sample_rate = engine.sample_rate
        self._engine = engine
        self._said: dict[str, Said] = {}

    def say(self, text: str) -> Said:
        """A text, synthesized now or before."""
        if text not in self._said:
            begun, blocks = time.perf_counter(), []
            for block in speech_of(self._engine, text):
                blocks.append((time.perf_counter() - begun, block))
            self._said[text] = Said(text, tuple(blocks), time.perf_counter() - begun)
        return self._said[text]

    def close(self) -> None:
        """See `Synthesizer`."""
        self._engine.close()
