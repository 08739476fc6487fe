# SPDX-License-Identifier: Apache-2.0
"""`response_format`: what tells the model to answer in JSON, and what reads the JSON out of its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voice_agent_ros.xlm.json_schema import STRICT_JSON, first_key, problem_with, type_text

_FENCE = re.compile(r"```\w*\s*(.*?)\s*(?:```|$)", re.DOTALL)

# A bracket after which nothing of JSON stands was part of a sentence.
SENTENCE_CHARACTERS = 2


class NotJson(Exception):
    """A reply that is not what was asked for; the text says why, for the model to read."""


@dataclass(frozen=True)
class JsonFormat:
    """JSON that is wanted.

    Attributes:
        schema: what it has to fit; None: any object.
    """

    schema: Mapping[str, Any] | None = None

    def instruction(self) -> str:
        """What the model is told."""
        if self.schema is None:
            return "Reply with one JSON object and nothing else."
        return f"Reply with JSON only, no other words. Its type:\n{type_text(self.schema)}"

    def opening(self) -> str:
        """How every valid reply can begin; a model that finds this already written stays with it."""
        if self.schema is None:
            return "{"
        key = first_key(self.schema)
        return "" if key is None else f"{{{json.dumps(key, ensure_ascii=False)}:"

    def read(self, text: str) -> str:
        """The JSON in a reply, as the model wrote it but without what stands around it.

        Raises:
            NotJson: there is none, or it does not fit.
        """
        start, end, value = _find(text)
        if self.schema is None:
            if not isinstance(value, dict):
                raise NotJson("it must be a JSON object")
        elif problem := problem_with(value, self.schema):
            raise NotJson(problem)
        return text[start:end]

    def is_complete(self, text: str) -> bool:
        """Whether the JSON has ended; what follows is not wanted."""
        if text.rstrip()[-1:] not in ("}", "]"):
            return False
        try:
            _find(text)
        except NotJson:
            return False
        return True


def _find(text: str) -> tuple[int, int, Any]:
    """Where the first JSON object or array of a text begins and ends, and what it is; else the whole as a value.

    Raises:
        NotJson: there is none.
    """
    fence = _FENCE.search(text)
    begin = fence.start(1) if fence else 0
    problem = "it is not JSON"
    stripped = text[begin:].lstrip()
    if stripped[:1] not in ("{", "["):
        try:
            value, end = STRICT_JSON.raw_decode(stripped)
        except (ValueError, RecursionError):
            pass
        else:
            at = len(text) - len(stripped)
            return at, at + end, value
    for match in re.finditer(r"[{\[]", text[begin:]):
        at = begin + match.start()
        try:
            value, end = STRICT_JSON.raw_decode(text, at)
        except ValueError as error:
            problem = f"it is not valid JSON ({error})"
            if getattr(error, "pos", len(text)) - at > SENTENCE_CHARACTERS:
                # Inside a broken object there may be whole ones; they are not what was asked for.
                raise NotJson(problem) from error
            continue
        except RecursionError as error:
            raise NotJson("it is nested too deeply") from error
        return at, end, value
    raise NotJson(problem)
