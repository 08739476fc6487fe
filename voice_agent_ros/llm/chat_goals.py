# SPDX-License-Identifier: Apache-2.0
"""What other programs ask the model for, as they write it: JSON in, a checked request out; and the reply as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.llm.client import ChatRequest, ToolCall
from voice_agent_ros.llm.images import MAX_IMAGES, image_of

MAX_BYTES = 262_144  # of messages or tools
MAX_MESSAGES = 256
MAX_TOOLS = 64
MAX_TOKENS = 8192
DEFAULT_TOKENS = 256


class ChatGoalError(VoiceAgentError):
    """A request that no endpoint could make sense of."""


class _Called(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str = Field(min_length=1, max_length=64)
    arguments: str


class _Call(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: str = ""
    function: _Called


class _Message(BaseModel):
    model_config = ConfigDict(extra="allow")
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None = None
    tool_calls: list[_Call] | None = None
    tool_call_id: str | None = None


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="allow")
    properties: dict[str, dict[str, Any]] = {}
    required: list[str] = []


class _Function(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")
    description: str | None = None
    parameters: _Parameters = _Parameters()


class _Tool(BaseModel):
    model_config = ConfigDict(extra="forbid")
    type: Literal["function"] = "function"
    function: _Function


_MESSAGES = TypeAdapter(list[_Message])
_TOOLS = TypeAdapter(list[_Tool])


def chat_request(
    messages_json: str,
    tools_json: str,
    max_tokens: int,
    images: Sequence[bytes] = (),
    deadline_s: float | None = None,
) -> ChatRequest:
    """The request of a goal.

    Raises:
        ChatGoalError: it is no list of messages or tools in OpenAI's format, or too large.
        ImageError: a picture is none, or too large.
    """
    messages = _read("messages_json", messages_json, _MESSAGES, MAX_MESSAGES)
    tools = _read("tools_json", tools_json, _TOOLS, MAX_TOOLS) if tools_json.strip() else []
    if not messages:
        raise ChatGoalError("messages_json is empty.", 'Send [{"role": "user", "content": "…"}].')
    if max_tokens > MAX_TOKENS:
        raise ChatGoalError(f"max_tokens is {max_tokens}.", f"Ask for {MAX_TOKENS} at most.")
    if len(images) > MAX_IMAGES:
        raise ChatGoalError(f"There are {len(images)} pictures.", f"Send {MAX_IMAGES} at most.")
    return ChatRequest(
        tuple(messages),
        tuple(tools),
        max_tokens or DEFAULT_TOKENS,
        images=tuple(image_of(image) for image in images),
        deadline_s=deadline_s,
    )


def calls_json(calls: Sequence[ToolCall]) -> str:
    """Calls as a goal's result has them; they are unchecked and nobody carries them out."""
    written = [
        {"id": f"call_{index}", "name": call.name, "arguments": call.arguments_json}
        for index, call in enumerate(calls)
    ]
    return json.dumps(written, ensure_ascii=False)


def _read(what: str, text: str, shape: TypeAdapter[Any], most: int) -> list[dict[str, Any]]:
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise ChatGoalError(f"{what} is too large.", f"Send {MAX_BYTES} bytes at most.")
    try:
        data = json.loads(text, parse_constant=_no_number)
        shape.validate_python(data)
        # Half a character, or a number that is too large, would only be found out while it is sent.
        json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ChatGoalError(f"{what}: {where}: {first['msg']}.", "Use OpenAI's format.") from error
    except (ValueError, RecursionError) as error:
        raise ChatGoalError(f"{what} is no JSON: {error}.", "Send a JSON array.") from error
    if len(data) > most:
        raise ChatGoalError(f"{what} has {len(data)} entries.", f"Send {most} at most.")
    return list(data)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
