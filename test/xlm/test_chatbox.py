# SPDX-License-Identifier: Apache-2.0
"""Requests as Chatbox's client library (@ai-sdk/openai-compatible) sends them, recorded from that library.

Its three ways of showing thoughts are tried: `reasoning_content`, which it shows apart, think tags, which it cuts out of
the streamed text, and none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

HEADERS = {
    "authorization": "Bearer unused",
    "content-type": "application/json",
    "user-agent": "ai-sdk/openai-compatible/2.0.87 ai-sdk/provider-utils/4.0.62 runtime/node.js/v20.20.2",
}
CHAT = {
    "model": "xlm",
    "temperature": 0.7,
    "top_p": 1,
    "messages": [
        {"role": "system", "content": "Current model: xlm\nCurrent date: 2026-11-21\nYou are helpful."},
        {"role": "user", "content": "hello 世界 😀"},
    ],
    "stream": True,
    "stream_options": {"include_usage": True},
}
TITLE = {
    "model": "xlm",
    "messages": [
        {
            "role": "user",
            "content": "Give this conversation a name, 30 characters at most.\n\n```\nhello\n\n---------\n\nhi\n```\n\n"
            "The name is:",
        }
    ],
    "stream": True,
    "stream_options": {"include_usage": True},
}
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather of a city.",
        "parameters": {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
SCRIPT = [
    {"match": "^Result: sunny", "reply": "It is sunny."},
    {"match": "weather in Paris", "reply": 'get_weather(city="Paris")'},
]


@pytest.fixture(scope="module")
def url(start_shared_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps(SCRIPT))
    return str(start_shared_server(f"--script {script} --model_type 3", "--thinking").url)


def events(url: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the stream says, as the library's parser takes it apart."""
    with httpx.stream(
        "POST", f"{url}/v1/chat/completions", json=body, headers=HEADERS, timeout=30
    ) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    assert lines[-1] == "data: [DONE]"
    yield from (json.loads(line[6:]) for line in lines[:-1])


def talk(url: str, body: dict[str, Any]) -> tuple[str, str, list[dict[str, Any]], str]:
    """Content, reasoning, calls and why it ended."""
    content = reasoning = reason = ""
    calls: list[dict[str, Any]] = []
    for event in events(url, body):
        for choice in event["choices"]:
            content += choice["delta"].get("content") or ""
            reasoning += choice["delta"].get("reasoning_content") or ""
            calls += choice["delta"].get("tool_calls") or []
            reason = choice["finish_reason"] or reason
    return content, reasoning, calls, reason


@pytest.mark.parametrize("body", [CHAT, TITLE])
def test_thoughts_are_apart(url: str, body: dict[str, Any]) -> None:
    content, reasoning, _, reason = talk(url, body)
    assert content == body["messages"][-1]["content"]
    assert "<think>" not in reasoning
    assert reasoning.strip() == "Let me think."
    assert reason == "stop"


def test_think_tags_can_be_cut_out(url: str) -> None:
    content, reasoning, _, _ = talk(url, {**CHAT, "reasoning": "inline"})
    assert reasoning == ""
    thoughts = re.findall(r"<think>(.*?)</think>", content, re.DOTALL)
    assert [thought.strip() for thought in thoughts] == ["Let me think."]
    assert re.sub(r"<think>.*?</think>", "", content, flags=re.DOTALL).strip() == "hello 世界 😀"


def test_thoughts_can_be_left_out(url: str) -> None:
    assert talk(url, {**CHAT, "reasoning": "drop"})[:2] == ("hello 世界 😀", "")


def test_a_tool_loop(url: str) -> None:
    question = {"role": "user", "content": "What is the weather in Paris?"}
    body = {**TITLE, "messages": [question], "tools": [TOOL], "tool_choice": "auto"}
    content, _, calls, reason = talk(url, body)
    assert (content, reason) == ("", "tool_calls")
    assert [call["index"] for call in calls] == [0]
    assert json.loads(calls[0]["function"]["arguments"]) == {"city": "Paris"}
    called = {"role": "assistant", "content": None, "tool_calls": [{**calls[0]}]}
    result = {"role": "tool", "tool_call_id": calls[0]["id"], "content": "sunny"}
    assert talk(url, {**body, "messages": [question, called, result]})[0] == "It is sunny."


def test_a_picture_is_refused_in_words_it_knows(url: str) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "what is this"}, picture]}]
    response = httpx.post(f"{url}/v1/chat/completions", json={**CHAT, "messages": messages}, headers=HEADERS)
    assert response.status_code == 400
    # Chatbox explains the error to its user if it finds OpenAI's words.
    assert "image_url is only supported by certain models." in response.json()["error"]["message"]


def test_models_tell_their_window(url: str) -> None:
    models = httpx.get(f"{url}/v1/models", headers=HEADERS).json()["data"]
    assert [(model["id"], model["context_length"]) for model in models] == [("xlm", 4096)]
