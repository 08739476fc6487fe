# SPDX-License-Identifier: Apache-2.0
"""A transcript: segments with times, words, how sure they are; and the same as JSON."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

from voice_agent_ros.asr.word import Word
from voice_agent_ros.intent.wordings import HAN


@dataclass(frozen=True)
class Segment:
    """Words said without a longer pause; times from the beginning of the recording, s."""

    start: float
    end: float
    text: str
    confidence: float
    language: str = ""
    words: tuple[Word, ...] = ()
    mean_log_probability: float = 0.0
    no_speech_probability: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """For storing, and for sending from one process to another."""
        return {
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "confidence": self.confidence,
            "language": self.language,
            "words": [[word.text, word.start, word.end, word.probability] for word in self.words],
            "mean_log_probability": self.mean_log_probability,
            "no_speech_probability": self.no_speech_probability,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Segment:
        """The reverse."""
        return cls(**{**value, "words": tuple(Word(*word) for word in value["words"])})

    @property
    def compression_ratio(self) -> float:
        """Length of the text by its compressed length, which is high where a model repeats itself."""
        data = self.text.encode()
        return len(data) / len(zlib.compress(data)) if data else 0.0


@dataclass(frozen=True)
class Transcript:
    """What is said in a recording.

    Attributes:
        language: BCP-47; of several, the one that is spoken longest.
        duration_s: of the recording.
        elapsed_s: what the transcription took.
        warnings: what was wrong with the recording, and did not keep it from being transcribed.
    """

    language: str
    duration_s: float
    elapsed_s: float
    segments: tuple[Segment, ...]
    warnings: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """All of it: Chinese sentences are not separated by spaces."""
        return joined(segment.text for segment in self.segments)

    @property
    def confidence(self) -> float:
        """Mean of the segments', weighted by their durations; 0 without speech."""
        total = sum(segment.end - segment.start for segment in self.segments)
        weighted = sum(segment.confidence * (segment.end - segment.start) for segment in self.segments)
        return weighted / total if total > 0 else 0.0

    @property
    def words(self) -> tuple[Word, ...]:
        """All words with times, if they were asked for."""
        return tuple(word for segment in self.segments for word in segment.words)

    def as_dict(self) -> dict[str, Any]:
        """For storing."""
        return {
            "language": self.language,
            "duration_s": self.duration_s,
            "elapsed_s": self.elapsed_s,
            "segments": [segment.as_dict() for segment in self.segments],
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Transcript:
        """The reverse."""
        return cls(
            value["language"],
            value["duration_s"],
            value["elapsed_s"],
            tuple(Segment.from_dict(segment) for segment in value["segments"]),
            tuple(value["warnings"]),
        )


def joined(texts: Any) -> str:
    """Texts one after the other, with a space where the script has spaces."""
    result = ""
    for text in texts:
        if not text:
            continue
        glue = "" if not result or (HAN.match(text[0]) and _ends_in_han(result)) else " "
        result += glue + text
    return result


def _ends_in_han(text: str) -> bool:
    return bool(HAN.match(text[-1])) or text[-1] in "。，！？；：、"
