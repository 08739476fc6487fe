# SPDX-License-Identifier: Apache-2.0
"""How something is to be said: pace, volume, voice, pause, feeling. What an engine cannot do is left out, not refused."""

from __future__ import annotations

import functools
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from voice_agent_ros.errors import ConfigurationError

MAX_SENTENCES = 256
MAX_JSON = 100_000  # characters

Word = Annotated[str, Field(max_length=60)]


class Delivery(BaseModel):
    """How a sentence is spoken. Fields that we do not know are ignored, so that plans may be written for others too.

    Attributes:
        speed: times that of the voice.
        volume: times that of the voice.
        voice: empty, or not among the engine's: its own.
        pause_s: silence before it.
        emotion: in a word or a few, for engines that act ("cheerful").
        emphasis: words to stress, for engines that can.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    volume: float = Field(default=1.0, ge=0.0, le=2.0)
    voice: str = Field(default="", max_length=200)
    pause_s: float = Field(default=0.0, ge=0.0, le=5.0)
    emotion: str = Field(default="", max_length=60)
    emphasis: tuple[Word, ...] = Field(default=(), max_length=16)

    @property
    def manner(self) -> str:
        """The feeling and the stress as an instruction to an engine that takes one; empty if there is none."""
        parts = [f"Sound {self.emotion}."] if self.emotion else []
        if self.emphasis:
            parts.append(f"Stress: {', '.join(self.emphasis)}.")
        return " ".join(parts)


class _Planned(Delivery):
    text: str = Field(max_length=20_000)


AS_USUAL = Delivery()
_PLAN = TypeAdapter(Annotated[list[_Planned], Field(min_length=1, max_length=MAX_SENTENCES)])


@functools.lru_cache(maxsize=32)
def read_delivery(text: str) -> Delivery:
    """A JSON object; empty text: as usual. The same text gives the same object: pieces of one sentence belong together.

    Raises:
        ConfigurationError: it is none, or a value is out of bounds.
    """
    if not text.strip():
        return AS_USUAL
    try:
        return Delivery.model_validate_json(text[:MAX_JSON])
    except ValidationError as error:
        raise _wrong("delivery", error) from error


def read_plan(text: str) -> list[tuple[str, Delivery]]:
    """Texts and how they are said, from a JSON list of objects with "text".

    Raises:
        ConfigurationError: it is none, or a value is out of bounds.
    """
    try:
        planned = _PLAN.validate_json(text[:MAX_JSON])
    except ValidationError as error:
        raise _wrong("speech_plan", error) from error
    return [(one.text, Delivery(**one.model_dump(exclude={"text"}))) for one in planned]


def _wrong(what: str, error: ValidationError) -> ConfigurationError:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return ConfigurationError(
        f"The {what} is wrong{f' at {place}' if place else ''}: {first['msg']}.", "See docs/voices.md."
    )
