# SPDX-License-Identifier: Apache-2.0
"""What the ears report: speech that begins and ends, words, a stop, an utterance that came to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union


@dataclass(frozen=True)
class SpeechStarted:
    """Somebody speaks. All times are those of the audio's stamps, s."""

    turn_id: str
    at: float
    probability: float


@dataclass(frozen=True)
class SpeechEnded:
    """The utterance is over; a final transcript follows unless nothing was understood."""

    turn_id: str
    at: float
    probability: float


@dataclass(frozen=True)
class Words:
    """A partial or final transcript.

    Attributes:
        revision: rises with each of the turn.
        stable_length: characters that no later partial changes.
        speech_end: end of the last voiced frame so far.
        audio_hash: SHA-256 of the 16-bit PCM that was decoded, finals only.
        is_speculative: not final, but these very words will be if no more is said.
        engine: who recognized them.
    """

    turn_id: str
    text: str
    is_final: bool
    revision: int
    stable_length: int
    confidence: float
    language: str
    speech_start: float
    speech_end: float
    audio_hash: str = ""
    is_speculative: bool = False
    engine: str = ""


@dataclass(frozen=True)
class StopHeard:
    """Somebody says stop; at most once per turn."""

    turn_id: str
    phrase: str
    is_final: bool


@dataclass(frozen=True)
class NothingHeard:
    """The utterance gives no final transcript: there were no words in it, or the recognizer failed."""

    turn_id: str
    reason: str
    is_failure: bool = False


Event = Union[SpeechStarted, SpeechEnded, Words, StopHeard, NothingHeard]  # noqa: UP007  built at run time: Python 3.10
