# SPDX-License-Identifier: Apache-2.0
"""What a client may wish for in a transcription, checked and of bounded size."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from voice_agent_ros.asr.recognizers.languages import base_of
from voice_agent_ros.asr.recognizers.spelling import CHINESE

Format = Literal["json", "text", "srt", "vtt", "verbose_json"]
FORMATS: tuple[Format, ...] = ("json", "text", "srt", "vtt", "verbose_json")


def _spelling(value: object) -> object:
    if isinstance(value, str) and value not in CHINESE:
        raise ValueError(f"must be one of {', '.join(CHINESE)}")
    return value


def _language(value: object) -> object:
    return base_of(value) or "auto" if isinstance(value, str) else value


class Wishes(BaseModel):
    """How a recording is to be transcribed; what is not named here does not change the result.

    Attributes:
        language: BCP-47, or "auto"; empty: what the server is set up for.
        prompt: words that are likely, or a sentence in the style of the recording.
        words: tell when each word was said.
        chinese: OpenCC's conversion of Chinese text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Annotated[str, BeforeValidator(_language), Field(pattern=r"^[a-z]{2,4}$")] = "auto"
    prompt: Annotated[str, Field(max_length=1000)] = ""
    words: bool = False
    chinese: Annotated[str, BeforeValidator(_spelling)] = "as_heard"

    def key(self, content: str, model: str) -> str:
        """Names the result: same recording, same wishes, same model, same transcript."""
        wished = json.dumps([content, model, self.model_dump()], sort_keys=True)
        return hashlib.sha256(wished.encode()).hexdigest()
