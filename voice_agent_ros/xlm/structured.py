# SPDX-License-Identifier: Apache-2.0
"""`response_format`: what tells the model to answer in JSON, and what reads the JSON out of its answer."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from voice_agent_ros.xlm.json_schema import STRICT_JSON, problem_with
from voice_agent_ros.xlm.type_text import first_key, type_text

_BRACKET = re.compile(r"[{\[]")
_FENCE = re.compile(r"```\w*")
# A model that writes object after object does not come nearer; each is checked against the schema.
VALUES_MAX = 16

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
            return '{"'  # small models leave the quotes of the keys out
        key = first_key(self.schema)
        return "" if key is None else f"{{{json.dumps(key, ensure_ascii=False)}:"

    def read(self, text: str) -> str:
        """The JSON in a reply, as the model wrote it but without what stands around it.

        Raises:
            NotJson: there is none, or it does not fit.
        """
        problem = "it is not JSON"
        for start, end, value in itertools.islice(_values(text), VALUES_MAX):
            problem = self._problem_with(value)
            if not problem:
                return text[start:end]
        raise NotJson(problem)

    def _problem_with(self, value: Any) -> str:
        if self.schema is not None:
            return problem_with(value, self.schema)
        return "" if isinstance(value, dict) else "it must be a JSON object"

    def is_complete(self, text: str) -> bool:
        """Whether the JSON has ended; what follows is not wanted."""
        if text.rstrip()[-1:] not in ("}", "]"):
            return False
        try:
            self.read(text)
        except NotJson:
            return False
        return True


def _values(text: str) -> Iterator[tuple[int, int, Any]]:
    """JSON values in a text: where they begin and end, and what they are.

    Raises:
        NotJson: one of them is broken.
    """
    fence = _FENCE.search(text)
    at = fence.end() if fence else 0
    at += len(text[at:]) - len(text[at:].lstrip())
    if text[at : at + 1] not in ("{", "["):
        with contextlib.suppress(ValueError, RecursionError):
            value, end = STRICT_JSON.raw_decode(text, at)
            yield at, end, value
    while bracket := _BRACKET.search(text, at):
        at = bracket.start()
        try:
            value, end = STRICT_JSON.raw_decode(text, at)
        except RecursionError as error:
            raise NotJson("it is nested too deeply") from error
        except ValueError as error:
            if getattr(error, "pos", len(text)) - at > SENTENCE_CHARACTERS:
                # Inside a broken object there may be whole ones; they are not what was asked for.
                raise NotJson(f"it is not valid JSON ({error})") from error
            at += 1
            continue
        yield at, end, value
        at = end
