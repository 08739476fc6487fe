# SPDX-License-Identifier: Apache-2.0
"""Calls that a model writes into its answer because the server did not tell them apart: read, never spoken."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from voice_agent_ros.xlm.protocol import Function
from voice_agent_ros.xlm.tool_calls import CallReader


class WrittenCalls:
    """Holds back text as long as it may be a call of one of the tools.

    Args:
        tools: those offered, in OpenAI's format.
    """

    def __init__(self, tools: Sequence[Mapping[str, Any]]) -> None:
        self._reader = CallReader([Function.model_validate(tool["function"]) for tool in tools])
        self._held: str | None = ""

    def feed(self, text: str) -> str:
        """What of the text is certainly no call."""
        if self._held is None:
            return text
        self._held += text
        if self._reader.may_begin_call(self._held):
            return ""
        certain, self._held = self._held, None
        return certain

    def finish(self) -> tuple[list[tuple[str, str]], str]:
        """Calls as (name, arguments as JSON), and text that was none after all."""
        held, self._held = self._held or "", None
        calls = self._reader.read(held) if held.strip() else None
        if calls is None and "\n" in held.strip():
            # A model that repeats itself is cut off in mid-call; what came before counts.
            calls = self._reader.read(held.strip().rpartition("\n")[0])
        if calls is None:
            # What looks like a call but is none must not be read out to anybody.
            return [], "" if held.lstrip()[:1] in ("{", "[", "<", "`") else held
        return [(call.name, json.dumps(dict(call.arguments), ensure_ascii=False)) for call in calls], ""
