# SPDX-License-Identifier: Apache-2.0
"""Requests that are unusual but right: each must be answered, and nothing a client names may break the answer."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

CHAT = "/v1/chat/completions"
TEXTS = {
    "four bytes": "𝒳 \U0001f469\u200d\U0001f680 \U0010ffff",
    "right to left": "\u202eabc\u202c مرحبا \u200f.",
    "combining": "e\u0301 a\u0308\u0323",
    "separators": "a\u2028b\u2029c",
    "noncharacters": "\ufffe\uffff\ufdd0",
    "byte order mark inside": "a\ufeffb",
    "replacement character": "\ufffd",
    "private use": "\ue000\U000f0000",
}
MAY_BE_NULL = (
    *("stream", "stream_options", "stop", "n", "max_tokens", "max_completion_tokens", "temperature", "top_p"),
    *("seed", "user", "tools", "tool_choice", "parallel_tool_calls", "response_format", "logprobs"),
    *(
        "top_logprobs",
        "logit_bias",
        "functions",
        "function_call",
        "modalities",
        "reasoning",
        "repair",
        "trim",
    ),
    *("reasoning_effort", "metadata", "store", "service_tier", "prediction", "audio"),
)
FUNCTION = {
    "parameters": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
}


def tools(*names: str) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": name, **FUNCTION}} for name in names]


def some(mode: str, *names: str) -> dict[str, Any]:
    named = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": named}}


def post(server: Any, text: str, **more: Any) -> httpx.Response:
    body = {"model": "xlm", "messages": [{"role": "user", "content": text}], **more}
    return httpx.post(f"{server.url}{CHAT}", json=body, timeout=20)


def message(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return response.json()["choices"][0]["message"]


@pytest.mark.parametrize("name", TEXTS)
def test_every_letter_comes_back(echo_server: Any, name: str) -> None:
    assert message(post(echo_server, TEXTS[name]))["content"] == TEXTS[name]
    # Escaped in the request, and in pieces on the way back.
    reply = echo_server.client.chat.completions.create(
        model="xlm", messages=[{"role": "user", "content": TEXTS[name]}], stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in reply) == TEXTS[name]


@pytest.mark.parametrize("name", ["user", "system", "tool"])
def test_control_characters_become_blanks(echo_server: Any, name: str) -> None:
    assert message(post(echo_server, f"a\0b {name}\x1b[2Jc\x07"))["content"] == f"a b {name} [2Jc"


def test_a_field_may_be_null(echo_server: Any) -> None:
    response = post(echo_server, "hello", **dict.fromkeys(MAY_BE_NULL))
    assert message(response)["content"] == "hello"
    assert "x-ignored-parameters" not in response.headers
    body = {"model": "xlm", "prompt": "hello", "suffix": None, "echo": None, "stream": None, "logprobs": None}
    answer = httpx.post(f"{echo_server.url}/v1/completions", json={**body, "max_tokens": None}, timeout=20)
    assert answer.json()["choices"][0]["text"] == "hello"
    options = {"stream": True, "stream_options": {"include_usage": None}}
    assert '"usage"' not in post(echo_server, "hello", **options).text


CALL = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "ok"}
ASKED = {"role": "user", "content": "hello"}
AS_CLIENTS_SEND_IT: dict[str, dict[str, Any]] = {
    "no tools": {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True},
    "a choice among none": {"tool_choice": "none"},
    "old calls, none": {"functions": [], "function_call": "none"},
    "plain text": {"response_format": {"type": "text"}},
    "no stop": {"stop": []},
    "an empty stop": {"stop": ""},
    "both limits": {"max_tokens": 5, "max_completion_tokens": 9},
    "an endless limit": {"max_tokens": 10**30},
    "a limit as a float": {"max_tokens": 64.0},
    "a large seed": {"seed": 2**70},
    "options of a stream": {"stream_options": {"include_usage": True}},
    "probabilities": {"logprobs": True, "top_logprobs": 5},
    "a developer": {"messages": [{"role": "developer", "content": "Be brief."}, ASKED]},
    "text only": {"modalities": ["text"]},
    "a call's message without content": {
        "messages": [ASKED, {"role": "assistant", "content": None, "tool_calls": CALL}, RESULT]
    },
    "a call's message with all that a reply has": {
        "messages": [
            ASKED,
            {
                "role": "assistant",
                "content": "",
                "refusal": None,
                "annotations": [],
                "audio": None,
                "function_call": None,
                "reasoning_content": "Hm.",
                "tool_calls": [{"index": 0, **CALL[0]}],
            },
            {**RESULT, "name": "f"},
        ]
    },
    "an answer without a call": {
        "messages": [ASKED, {"role": "assistant", "content": None, "tool_calls": []}, ASKED]
    },
    "Open WebUI": {
        **{"chat_id": "x", "id": "m", "session_id": "s", "features": {}, "variables": {}, "metadata": {}},
        **{"files": [], "tool_ids": [], "tool_servers": [], "background_tasks": {}, "model_item": {}},
    },
    "AI SDK": {
        "temperature": 0,
        "frequency_penalty": 0,
        "user": "u",
        "reasoning_effort": "low",
        "verbosity": "low",
    },
}


@pytest.mark.parametrize("name", AS_CLIENTS_SEND_IT)
def test_what_clients_really_send(echo_server: Any, name: str) -> None:
    said = message(post(echo_server, "hello", **AS_CLIENTS_SEND_IT[name]))
    assert (said["content"] or "").startswith("hello")
    assert "tool_calls" not in said


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/v1/models", 200),
        ("HEAD", "/health", 200),
        ("HEAD", CHAT, 405),
        ("GET", CHAT, 405),
        ("OPTIONS", CHAT, 405),  # no web page is let in unless --cors-origin names it
        ("POST", "/v1/responses", 404),
        ("DELETE", "/v1/models/xlm", 405),
    ],
)
def test_other_methods_and_paths(echo_server: Any, method: str, path: str, status: int) -> None:
    response = httpx.request(method, f"{echo_server.url}{path}", timeout=20)
    assert response.status_code == status
    assert "access-control-allow-origin" not in response.headers
    if status >= 400 and method != "HEAD":
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
    if status == 405:
        assert response.headers["allow"]


@pytest.mark.parametrize("stream", [False, True])
def test_made_up_names_cannot_break_the_answer(echo_server: Any, stream: bool) -> None:
    response = post(
        echo_server,
        "hello",
        stream=stream,
        **{"a\r\nx-evil: 1": 1, "größe": 1, "温度": 1, "a,b": 1, "x" * 70: 1, "": 1, "fine": 1},
    )
    assert response.status_code == 200
    assert response.headers["x-ignored-parameters"] == "fine,..."
    assert "x-evil" not in response.headers
    many = post(echo_server, "hello", stream=stream, **{f"name{n}": n for n in range(3_000)})
    assert many.status_code == 200
    assert len(many.headers["x-ignored-parameters"]) < 1_000


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        (some("auto", "f", "g"), ["f"]),
        (some("required", "f"), ["f"]),
        (some("auto", "g"), []),
        ("any", ["f"]),
        ("none", []),
        ({"type": "function", "function": {"name": "f"}}, ["f"]),
    ],
)
def test_which_tools_may_be_called(echo_server: Any, choice: Any, called: list[str]) -> None:
    said = message(post(echo_server, 'f(a="1")', tools=tools("f", "g"), tool_choice=choice))
    assert [call["function"]["name"] for call in said.get("tool_calls", [])] == called
    assert said["content"] == (None if called else 'f(a="1")')


@pytest.mark.parametrize("name", ["1st", "-f", "_f", "get-weather", "x" * 64])
def test_every_name_that_openai_allows(echo_server: Any, name: str) -> None:
    said = message(post(echo_server, f'{name}(a="1")', tools=tools(name)))
    assert said["tool_calls"][0]["function"] == {"name": name, "arguments": '{"a": "1"}'}


def test_a_schema_beside_json_object(echo_server: Any) -> None:
    wanted = {"type": "json_object", "schema": {"type": "object", "properties": {"b": {"type": "integer"}}}}
    said = message(post(echo_server, '{"b": 1}', response_format=wanted))
    assert json.loads(said["content"]) == {"b": 1}
    wanted["schema"]["required"] = ["c"]  # type: ignore[index]
    response = post(echo_server, '{"b": 1}', response_format=wanted, repair=False)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "json_validate_failed"


def test_what_an_assistant_said_last_is_no_opening(echo_server: Any) -> None:
    """As OpenAI's: the reply is a new message, not the rest of that one."""
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "Sure, "}]
    assert message(post(echo_server, "", messages=messages))["content"] == "x"
