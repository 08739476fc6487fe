# SPDX-License-Identifier: Apache-2.0
"""What the ears need of a speech recognizer: a class that fits, and passes the conformance test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.word import Word

Audio = NDArray[np.float32]  # (samples,) at 16 kHz, in [-1, 1]


@dataclass(frozen=True)
class Recognition:
    """What was recognized.

    Attributes:
        text: "" if there was no speech.
        confidence: probability that the words are right, calibrated where the engine gives something to
            calibrate.
        language: BCP-47.
        mean_log_probability: of a token, where the engine knows it.
        no_speech_probability: that nobody spoke, where the engine knows it.
        words: with times, where the engine knows them and was asked for them.
        engine: who recognized it, for people who look for the reason of a mistake.
    """

    text: str
    confidence: float
    language: str
    mean_log_probability: float = 0.0
    no_speech_probability: float = 0.0
    words: tuple[Word, ...] = ()
    engine: str = ""


class Recognizer(Protocol):
    """Recognizes whole utterances; called from one thread."""

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:
        """Recognize an utterance.

        Args:
            hints: words that are likely, such as the names of what is on the table.
            is_draft: better soon than right: this is for a partial transcript.

        Raises:
            EngineError: the engine failed; the next call may succeed.
        """
        ...

    def close(self) -> None:
        """Give back what it holds; it is not used afterwards."""
        ...


class AdjustableRecognizer(Recognizer, Protocol):
    """One that can be set otherwise between two utterances, at no cost; the package's own all can."""

    def adjust(self, *, language: str, word_times: bool) -> None:
        """Recognize this language, or "auto", from now on; and tell when each word was said, if it can.

        Weights that cannot be told a language go on with what they hear; `Recognition.language` says what that was.

        Raises:
            ModelMissingError: the weights do not know the language, or are bound to another one.
        """
        ...
