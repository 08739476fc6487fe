# SPDX-License-Identifier: Apache-2.0
"""Real weights through console, parser, scheduler and HTTP, as the demo runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from voice_agent_ros.models.catalogue import path_of

pytestmark = pytest.mark.weights

TWO_NAMES = {
    "type": "object",
    "properties": {"object": {"type": "string"}, "target": {"type": "string"}},
    "required": ["object", "target"],
    "additionalProperties": False,
}
TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": "pick_and_place",
            "description": "Pick up an object and put it into a target.",
            "parameters": TWO_NAMES,
        },
    },
    {"type": "function", "function": {"name": "open_gripper", "description": "Open the gripper."}},
]


def example(text: str, name: str, **arguments: str) -> list[dict[str, Any]]:
    call = {"name": name, "arguments": json.dumps(arguments)}
    return [
        {"role": "user", "content": text},
        {"role": "assistant", "tool_calls": [{"id": "call_0", "type": "function", "function": call}]},
    ]


FIXED = [
    {"role": "system", "content": "You control a robot arm. On the table: red cube, blue cube, bowl."},
    *example("put the green ball on the plate", "pick_and_place", object="green ball", target="plate"),
    *example("let go", "open_gripper"),
    {"role": "user", "content": "who are you"},
    {"role": "assistant", "content": "I am a robot arm that you can talk to."},
]


def test_a_command_becomes_a_call_and_a_question_an_answer(start_server: Callable[..., Any]) -> None:
    server = start_server(f"--gguf {path_of('qwen2.5-coder-0.5b-instruct')}").wait_until_healthy()

    def ask(text: str) -> tuple[str, list[Any], str]:
        content, calls, reason = "", [], ""
        for chunk in server.client.chat.completions.create(
            model="xlm",
            messages=[*FIXED, {"role": "user", "content": text}],
            tools=TOOLS,
            stream=True,
            temperature=0,
        ):
            delta = chunk.choices[0].delta
            content += delta.content or ""
            calls += [
                (call.function.name, json.loads(call.function.arguments)) for call in delta.tool_calls or []
            ]
            reason = chunk.choices[0].finish_reason or reason
        return content, calls, reason

    put = ("pick_and_place", {"object": "red cube", "target": "bowl"})
    assert ask("pick up the red cube and put it in the bowl") == ("", [put], "tool_calls")
    assert ask("open the gripper") == ("", [("open_gripper", {})], "tool_calls")
    content, calls, reason = ask("what is the capital of France")
    assert "Paris" in content
    assert (calls, reason) == ([], "stop")
