# SPDX-License-Identifier: Apache-2.0
"""The forms in which an endpoint can be asked for calls: a JSON schema, its own tools, or plain words.

Requests are neutral; here they become what goes over the wire, earlier calls and their results included. A call as
JSON begins with the skill's name, so that the first tokens carry it: `{"pick":{"object":"red cube"}}`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from voice_agent_ros.llm.chat import ChatRequest, ToolCall
from voice_agent_ros.llm.written_calls import WrittenCalls
from voice_agent_ros.xlm.protocol import Function
from voice_agent_ros.xlm.tool_calls import signature, write_call

Form = Literal["json", "tools", "written"]

UNCLEAR = "unclear"
MAX_STRING = 64  # characters of an argument, as the skills allow
_WRITE = "Write nothing but the call. Functions:\n"


def wire(request: ChatRequest, form: Form) -> dict[str, Any]:
    """Messages and what else says which calls are wanted, as arguments of a chat completion."""
    if form == "tools" or not request.tools:
        options: dict[str, Any] = {}
        if request.tools:
            options = {
                "tools": list(request.tools),
                "tool_choice": "required" if request.must_call else "auto",
            }
        return {"messages": [dict(message) for message in request.messages], **options}
    messages = _with_functions(_retold(request.messages, form), request.tools)
    if form == "written":
        return {"messages": messages}
    return {
        "messages": messages,
        "response_format": response_format(request.tools, can_refuse=not request.must_call),
    }


def response_format(tools: Sequence[Mapping[str, Any]], *, can_refuse: bool = True) -> dict[str, Any]:
    """A schema that fits one call of one of the tools, or the word that none is meant."""
    choices = [_choice(tool["function"]["name"], tool["function"].get("parameters") or {}) for tool in tools]
    if can_refuse:
        choices.append(_choice(UNCLEAR, {}))
    schema = {"anyOf": choices} if len(choices) > 1 else choices[0]
    return {"type": "json_schema", "json_schema": {"name": "call", "strict": True, "schema": schema}}


def calls_in(text: str, tools: Sequence[Mapping[str, Any]]) -> tuple[list[ToolCall], str]:
    """Calls in a whole reply of whatever form, and the text if it is none."""
    keyed = _keyed_calls(text, {str(tool["function"]["name"]) for tool in tools})
    if keyed is not None:
        return keyed, ""
    reader = WrittenCalls(tools)
    before = reader.feed(text)
    found, rest = reader.finish()
    return [ToolCall(name, arguments) for name, arguments in found], before + rest


def is_complete(text: str) -> bool:
    """Whether a JSON reply has ended; a model that rambles on is not listened to."""
    body = text.strip()
    if not (body.startswith("{") and body.endswith("}")):
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _choice(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: _bounded(value) for key, value in (parameters.get("properties") or {}).items()}
    arguments = {
        "type": "object",
        "properties": properties,
        "required": list(parameters.get("required") or ()),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {name: arguments},
        "required": [name],
        "additionalProperties": False,
    }


def _bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key != "description"}
    if kept.get("type") == "string" and "enum" not in kept:
        kept.setdefault("maxLength", MAX_STRING)
    return kept


def _keyed_calls(text: str, names: set[str]) -> list[ToolCall] | None:
    """`{"pick": {…}}`; None if the text is something else."""
    body = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value or not set(value) <= names | {UNCLEAR}:
        return None
    if not all(isinstance(arguments, dict) for arguments in value.values()):
        return None
    return [
        ToolCall(name, json.dumps(arguments, ensure_ascii=False))
        for name, arguments in value.items()
        if name != UNCLEAR
    ]


def _with_functions(
    messages: list[dict[str, Any]], tools: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The tools told in the system message, one line each."""
    lines = "\n".join(signature(Function.model_validate(tool["function"])) for tool in tools)
    if messages and messages[0]["role"] == "system":
        first = {**messages[0], "content": f"{messages[0]['content']}\n{_WRITE}{lines}"}
        return [first, *messages[1:]]
    return [{"role": "system", "content": f"{_WRITE}{lines}"}, *messages]


def _retold(messages: Sequence[Mapping[str, Any]], form: Form) -> list[dict[str, Any]]:
    """Earlier calls and results as text in this form."""
    told: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for message in messages:
        calls = message.get("tool_calls") or ()
        if message["role"] == "tool":
            name = names.get(str(message.get("tool_call_id")), "the call")
            told.append({"role": "user", "content": f"Result of {name}: {message.get('content') or ''}"})
        elif calls:
            names |= {str(call.get("id")): call["function"]["name"] for call in calls}
            written = [_written(call["function"], form) for call in calls]
            told.append(
                {
                    "role": "assistant",
                    "content": "\n".join([*filter(None, [message.get("content")]), *written]),
                }
            )
        elif form == "json" and message["role"] == "assistant" and message.get("content") == UNCLEAR:
            told.append({"role": "assistant", "content": json.dumps({UNCLEAR: {}}, separators=(",", ":"))})
        else:
            told.append(dict(message))
    return told


def _written(function: Mapping[str, Any], form: Form) -> str:
    if form == "written":
        return write_call(function["name"], function["arguments"])
    try:
        arguments = json.loads(function["arguments"] or "{}")
    except ValueError:
        arguments = {}
    return json.dumps({function["name"]: arguments}, ensure_ascii=False, separators=(",", ":"))
