# SPDX-License-Identifier: Apache-2.0
"""Several synthesizers as one: chosen by the language of each segment, the next one where the first fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.segmentation import is_wide
from voice_agent_ros.tts.synthesizer import (
    Samples,
    Speech,
    Synthesizer,
    can_voice,
    is_expressive,
    is_remote,
    moved,
    speech_of,
)

RETRY_AFTER_S = 10.0  # a failed engine is left alone for so long, then tried again
CHARACTERS_PER_S = {"zh": 4.5}
LATIN_CHARACTERS_PER_S = 14.0
REPEATED_S = 0.4  # audio that may be said twice when another engine takes over


@dataclass
class _Engine:
    engine: Synthesizer
    away_until: float = float("-inf")
    failures: int = 0
    problem: str = ""  # of the last failure


class VoiceChain:
    """Speaks with the first engine that has the language and works. See `Synthesizer`.

    An engine that fails before it has said anything is asked once more at once. If it fails again, or in the middle,
    the next one goes on within the same segment. The failed one is tried again after a while.

    Args:
        engines: in the order of preference; the first one's rate is everybody's.
        report: told in words what was replaced, from the thread that synthesizes.
    """

    name = "chain"
    is_expressive = True

    def __init__(
        self,
        engines: Sequence[Synthesizer],
        report: Callable[[str], None] = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engines = [_Engine(engine) for engine in engines]
        self._report, self._now = report, now
        first = engines[0]
        self.name = "+".join(engine.name for engine in engines)
        self.sample_rate = first.sample_rate
        self.is_remote = is_remote(first)
        self.languages = tuple(dict.fromkeys(name for engine in engines for name in engine.languages))
        self.voices = tuple(dict.fromkeys(name for engine in engines for name in engine.voices))

    def synthesize(
        self, text: str, *, voice: str = "", speed: float = 1.0, manner: str = ""
    ) -> Iterator[Samples]:
        """See `Synthesizer`."""
        for block in self.timed(text, voice=voice, speed=speed, manner=manner):
            yield block.samples

    def timed(self, text: str, *, voice: str = "", speed: float = 1.0, manner: str = "") -> Iterator[Speech]:
        """See `speech_of`."""
        if voice and voice not in self.voices:
            raise EngineError(f"There is no voice {voice!r}.", f"Use one of {', '.join(self.voices)}.")
        language = language_of(text, self.languages)
        able = [entry for entry in self._engines if can_voice(entry.engine, language)] or self._engines
        asked = [entry for entry in able if voice in entry.engine.voices]
        able = [*asked, *(entry for entry in able if entry not in asked)]
        # All away: the last resort is to try them all the same.
        usable = [entry for entry in able if entry.away_until <= self._now()] or able
        problem = EngineError(f"No voice speaks {language!r}.", f"There are: {', '.join(self.languages)}.")
        said_before = 0
        for entry in usable:
            for attempt in range(2):
                said = 0
                try:
                    for block in self._blocks(entry.engine, text, voice, speed, manner):
                        said += len(block.samples)
                        by = block.by if entry is able[0] else f"{block.by} {_instead_of(able[0])}"
                        yield Speech(block.samples, moved(block.words, said_before), by)
                    if entry.failures:
                        self._report(f"{entry.engine.name} speaks again.")
                    entry.failures, entry.away_until = 0, float("-inf")
                    return
                except Exception as error:  # noqa: BLE001  however it broke, the next one goes on
                    problem = error if isinstance(error, EngineError) else _broken(entry, error)
                    if said or attempt or entry.failures:
                        break
            entry.failures, entry.problem = entry.failures + 1, str(problem)
            entry.away_until = self._now() + RETRY_AFTER_S
            if entry is not usable[-1]:
                self._report(f"{entry.engine.name} is replaced for now. {problem}")
            said_before += said
            text = _rest(text, said / self.sample_rate * speed, language)
            if not text:
                return
        raise problem

    def _blocks(
        self, engine: Synthesizer, text: str, voice: str, speed: float, manner: str
    ) -> Iterator[Speech]:
        options: dict[str, Any] = {"voice": voice if voice in engine.voices else "", "speed": speed}
        if manner and is_expressive(engine):
            options["manner"] = manner
        blocks = speech_of(engine, text, **options)
        if engine.sample_rate == self.sample_rate:
            yield from blocks
            return
        import soxr

        resampler = soxr.ResampleStream(engine.sample_rate, self.sample_rate, 1, dtype="int16")
        scale = self.sample_rate / engine.sample_rate
        by = ""
        for block in blocks:
            by = block.by
            yield Speech(resampler.resample_chunk(block.samples), moved(block.words, 0, scale), by)
        yield Speech(resampler.resample_chunk(np.zeros(0, np.int16), last=True), by=by)

    def close(self) -> None:
        """See `Synthesizer`."""
        for entry in self._engines:
            entry.engine.close()


def _broken(entry: _Engine, error: Exception) -> EngineError:
    return EngineError(f"{entry.engine.name} broke: {type(error).__name__}: {error}.")


def _instead_of(first: _Engine) -> str:
    return f"instead of {first.engine.name} ({first.problem})"


def language_of(text: str, languages: Sequence[str]) -> str:
    """The language of a segment, told by its script: a name in another one changes nothing."""
    letters = [character for character in text if character.isalpha()]
    if sum(map(is_wide, letters)) * 2 > len(letters) - 1 and any(map(is_wide, letters)):
        return "zh"
    return next((language for language in languages if language != "zh"), "en")


def _rest(text: str, said_s: float, language: str) -> str:
    """What is left to say, to the word, of a text of which so many seconds were said."""
    if said_s < REPEATED_S:
        return text
    at = int((said_s - REPEATED_S) * CHARACTERS_PER_S.get(language, LATIN_CHARACTERS_PER_S))
    if language != "zh":
        at = text.find(" ", at)
    return text[at:].strip() if 0 <= at < len(text) else ""
