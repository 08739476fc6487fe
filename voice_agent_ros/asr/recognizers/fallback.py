# SPDX-License-Identifier: Apache-2.0
"""Several recognizers in an order: what one fails at, the next one gets, so that no utterance is lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from voice_agent_ros.asr.recognizer import AdjustableRecognizer, Audio, Recognition
from voice_agent_ros.errors import EngineError, VoiceAgentError

RETRY_AFTER_S = 15.0
MAX_REASON = 160  # characters of why an engine is replaced, in `Recognition.engine`
log = logging.getLogger(__name__)


@dataclass
class _Engine:
    name: str
    recognizer: AdjustableRecognizer
    rests_until: float = float("-inf")
    problem: str = ""


class Absent:
    """Stands for one that could not be loaded: whoever takes its place is told why."""

    name = "absent"

    def __init__(self, problem: VoiceAgentError) -> None:
        self._problem = problem

    def adjust(self, *, language: str, word_times: bool) -> None:  # noqa: ARG002
        """See `AdjustableRecognizer`."""
        raise self._problem

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:  # noqa: ARG002
        """See `Recognizer`."""
        raise self._problem

    def close(self) -> None:
        """See `Recognizer`."""


class FallbackRecognizer:
    """Asks the first recognizer that is not resting; one that has failed rests for a while.

    The same utterance is tried with each of them before it is given up. If all of them rest, the one that has
    rested longest is tried all the same: an utterance is worth more than a rest.

    Args:
        recognizers: with their names, best first.
        retry_after_s: how long one that has failed is left alone, s.
        on_change: told the name of the one that is asked from now on, and why.
    """

    name = "fallback"

    def __init__(
        self,
        recognizers: Sequence[tuple[str, AdjustableRecognizer]],
        *,
        retry_after_s: float = RETRY_AFTER_S,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[str, str], None] | None = None,
    ) -> None:
        if not recognizers:
            raise ValueError("There must be a recognizer.")
        self._engines = [_Engine(name, recognizer) for name, recognizer in recognizers]
        self._retry_after_s = retry_after_s
        self._clock = clock
        self._on_change = on_change or self._log_change
        self._active = self._engines[0].name

    @property
    def active(self) -> str:
        """Name of the one that recognized last."""
        return self._active

    def adjust(self, *, language: str, word_times: bool) -> None:
        """See `AdjustableRecognizer`; one that does not know the language is no help with it and rests.

        Raises:
            ModelMissingError: none of them knows it.
        """
        problem: VoiceAgentError | None = None
        can = 0
        for engine in self._engines:
            try:
                engine.recognizer.adjust(language=language, word_times=word_times)
                can += 1
            except VoiceAgentError as error:
                problem = problem or error
                engine.problem = str(error)
                engine.rests_until = self._clock() + self._retry_after_s
        if problem is not None and can == 0:
            raise problem

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:
        """Recognize an utterance with the first that can."""
        now = self._clock()
        awake = [engine for engine in self._engines if engine.rests_until <= now]
        resting = sorted(
            (engine for engine in self._engines if engine.rests_until > now), key=lambda e: e.rests_until
        )
        problems = []
        # A draft is worth no second attempt at an engine that is known to fail.
        for engine in awake if is_draft and awake else [*awake, *resting]:
            try:
                recognition = engine.recognizer.recognize(audio, hints, is_draft=is_draft)
            except Exception as error:  # noqa: BLE001  however it broke, the next one gets the utterance
                engine.rests_until = self._clock() + self._retry_after_s
                known = isinstance(error, VoiceAgentError)
                engine.problem = str(error) if known else f"{type(error).__name__}: {error}"
                problems.append(f"{engine.name}: {engine.problem}")
                continue
            engine.rests_until, engine.problem = float("-inf"), ""
            self._note(engine.name, "; ".join(problems))
            return replace(recognition, engine=self._told(engine, recognition.engine or engine.name))
        raise EngineError(f"No recognizer works. {' '.join(problems)}")

    def _told(self, used: _Engine, name: str) -> str:
        """Who recognized it, and in whose place."""
        better = self._engines[: self._engines.index(used)]
        passed = [f"{engine.name} ({engine.problem[:MAX_REASON]})" for engine in better]
        return f"{name} instead of {', '.join(passed)}" if passed else name

    def close(self) -> None:
        """Close all of them."""
        for engine in self._engines:
            engine.recognizer.close()

    def _note(self, name: str, why: str) -> None:
        if name != self._active:
            self._active = name
            self._on_change(name, why)

    @staticmethod
    def _log_change(name: str, why: str) -> None:
        log.warning("speech is recognized by %s from now on. %s", name, why or "It works again.")
