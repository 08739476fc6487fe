# SPDX-License-Identifier: Apache-2.0
"""What a speech synthesizer has to do, whatever engine is behind it (test/tts/test_synthesizers.py)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Word:
    """A word as an engine says it, and where it lies: samples from the beginning of the text's audio."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Speech:
    """A block of audio.

    Attributes:
        words: that have become known; none from engines that do not know them.
        by: who says it, with which voice, and in whose place; empty: the engine that was asked, as it was asked.
    """

    samples: Samples
    words: tuple[Word, ...] = ()
    by: str = ""


class Synthesizer(Protocol):
    """Turns short texts into mono 16-bit audio. Used from one thread at a time.

    Attributes:
        name: of the engine, for logs and statistics.
        sample_rate: of all its audio, Hz.
        languages: primary subtags of what it can voice, e.g. ("en", "zh").
        voices: names it can be asked for; the first is its default.
    """

    name: str
    sample_rate: int
    languages: tuple[str, ...]
    voices: tuple[str, ...]

    def synthesize(self, text: str, *, voice: str = "", speed: float = 1.0) -> Iterator[Samples]:
        """Audio of a text, block by block; the caller may stop iterating at any time.

        The text is data, whatever characters it is made of. What cannot be spoken gives no audio.

        Args:
            voice: one of `voices`; empty for the default.
            speed: 1 is the voice's own pace, 2 twice as fast.

        Raises:
            EngineError: the engine failed or does not have the voice.
        """
        ...

    def close(self) -> None:
        """Free what the engine holds. Nothing may be synthesized afterwards."""
        ...


def speech_of(synthesizer: Synthesizer, text: str, **options: Any) -> Iterator[Speech]:
    """A text's audio and who says it; with its words, where the engine has `timed`, which takes what `synthesize` takes."""
    by = speaker_of(synthesizer, options.get("voice", ""))
    timed = getattr(synthesizer, "timed", None)
    if timed is None:
        for samples in synthesizer.synthesize(text, **options):
            yield Speech(samples, by=by)
        return
    for block in timed(text, **options):
        yield block if block.by else replace(block, by=by)


def speaker_of(synthesizer: Synthesizer, voice: str = "") -> str:
    """Engine and voice, as people are told: "kokoro af_heart"; of a voice that is a file, the file's name."""
    return f"{synthesizer.name} {(voice or synthesizer.voices[0]).rpartition('/')[2]}"


def moved(words: Iterable[Word], by: int, scale: float = 1.0) -> tuple[Word, ...]:
    """The same words so many samples later, after their rate was changed."""
    return tuple(
        replace(word, start=by + round(word.start * scale), end=by + round(word.end * scale))
        for word in words
    )


def can_voice(synthesizer: Synthesizer, language: str) -> bool:
    """Whether a BCP-47 language (`en-GB`) is among those of the synthesizer."""
    return language.replace("_", "-").split("-")[0].lower() in synthesizer.languages


def is_expressive(synthesizer: Synthesizer) -> bool:
    """Whether `synthesize` also takes `manner`: how to say it, in words ("Sound cheerful.")."""
    return bool(getattr(synthesizer, "is_expressive", False))


def is_remote(synthesizer: Synthesizer) -> bool:
    """Whether it asks another computer, which is not done without need."""
    return bool(getattr(synthesizer, "is_remote", False))
