# SPDX-License-Identifier: Apache-2.0
"""Gives the outcome of a call back to the model that made it, as the result of a tool in OpenAI's format."""

from __future__ import annotations

import json
from dataclasses import replace

from voice_agent_ros.llm.client import ChatRequest, ToolCall
from voice_agent_ros.llm.fences import as_data

MAX_MESSAGE_CHARACTERS = 200


def with_result(
    request: ChatRequest, call: ToolCall, call_id: str, outcome: str, rule: str, message: str
) -> ChatRequest:
    """The request that a call came of, continued by the call and its result.

    Args:
        call_id: pairs the two; unique in the turn.
        outcome: "done", "refused", "failed" or "stopped".
        rule: which rule refused it, or what failed.
        message: the same in a sentence; names of objects are in it, so it is data.
    """
    function = {"name": call.name, "arguments": call.arguments_json}
    called = {"id": call_id, "type": "function", "function": function}
    result = {"outcome": outcome, "rule": rule, "message": as_data(message, MAX_MESSAGE_CHARACTERS)}
    told = {key: value for key, value in result.items() if value}
    return replace(
        request,
        messages=(
            *request.messages,
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": call_id, "content": json.dumps(told, ensure_ascii=False)},
        ),
    )
