# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong with a request, the answer is OpenAI's error object with the parameter at fault."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

CHAT = "/v1/chat/completions"
TEXT = "/v1/completions"
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


LARGE = {"type": "object", "description": "x" * 30_000}


def says(text: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def tool(**function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", **function}}


def allowed(mode: str, *names: str) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


BAD_CHATS: dict[str, tuple[dict[str, Any], str | None]] = {
    "no messages": ({"messages": []}, "messages"),
    "messages missing": ({}, "messages"),
    "messages no list": ({"messages": "hi"}, "messages"),
    "too many messages": ({"messages": says("x") * 2_049}, "messages"),
    "message no object": ({"messages": ["hi"]}, "messages[0]"),
    "unknown role": ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    "role missing": ({"messages": [{"content": "x"}]}, "messages[0].role"),
    "content a number": ({"messages": says(1)}, "messages[0].content"),
    "nothing said": ({"messages": says("  \n")}, "messages"),
    "only system": ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
    "text part without text": (
        {"messages": says([{"type": "text"}, {"type": "text", "text": "x"}])},
        "messages[0].content[0].text",
    ),
    "text part a number": (
        {"messages": says([{"type": "text", "text": 5}])},
        "messages[0].content[0].text",
    ),
    "part without type": ({"messages": says([{"text": "x"}])}, "messages[0].content[0].type"),
    "a stop that is a number": ({"messages": says("x"), "stop": ["a", 1]}, "stop[1]"),
    "image": (
        {"messages": says([{"type": "image_url", "image_url": {"url": "data:,"}}])},
        "messages[0].content[0].type",
    ),
    "audio": ({"messages": says([{"type": "input_audio"}])}, "messages[0].content[0].type"),
    "model a number": ({"model": 3, "messages": says("x")}, "model"),
    "stream a text": ({"messages": says("x"), "stream": "maybe"}, "stream"),
    "stream options": ({"messages": says("x"), "stream_options": 7}, "stream_options"),
    "max_tokens 0": ({"messages": says("x"), "max_tokens": 0}, "max_tokens"),
    "max_tokens -1": ({"messages": says("x"), "max_tokens": -1}, "max_tokens"),
    "max_tokens a text": ({"messages": says("x"), "max_tokens": "many"}, "max_tokens"),
    "max_completion_tokens 0": ({"messages": says("x"), "max_completion_tokens": 0}, "max_completion_tokens"),
    "temperature hot": ({"messages": says("x"), "temperature": "hot"}, "temperature"),
    "temperature 3": ({"messages": says("x"), "temperature": 3}, "temperature"),
    "top_p 2": ({"messages": says("x"), "top_p": 2}, "top_p"),
    "penalty -3": ({"messages": says("x"), "presence_penalty": -3}, "presence_penalty"),
    "seed a text": ({"messages": says("x"), "seed": "a"}, "seed"),
    "logit_bias a list": ({"messages": says("x"), "logit_bias": [1]}, "logit_bias"),
    "n 2": ({"messages": says("x"), "n": 2}, "n"),
    "n 0": ({"messages": says("x"), "n": 0}, "n"),
    "stop a number": ({"messages": says("x"), "stop": 1}, "stop"),
    "too many stops": ({"messages": says("x"), "stop": ["x"] * 17}, "stop"),
    "functions": ({"messages": says("x"), "functions": [{"name": "f"}]}, "functions"),
    "function_call": ({"messages": says("x"), "function_call": "auto"}, "function_call"),
    "function message": (
        {"messages": [*says("x"), {"role": "function", "name": "f", "content": "1"}]},
        "messages[1]",
    ),
    "assistant function_call": (
        {"messages": [*says("x"), {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}]},
        "messages[1]",
    ),
    "modalities": ({"messages": says("x"), "modalities": ["text", "audio"]}, "modalities"),
    "tools an object": ({"messages": says("x"), "tools": {"f": 1}}, "tools"),
    "tool without function": ({"messages": says("x"), "tools": [{"type": "function"}]}, "tools[0].function"),
    "tool of another kind": ({"messages": says("x"), "tools": [{"type": "web_search"}]}, "tools[0].type"),
    "tool without name": (
        {"messages": says("x"), "tools": [{"type": "function", "function": {}}]},
        "tools[0].function.name",
    ),
    "tool name": ({"messages": says("x"), "tools": [tool(name="a b")]}, "tools[0].function.name"),
    "tool twice": ({"messages": says("x"), "tools": [TOOL, TOOL]}, "tools[1]"),
    "tool schema": (
        {"messages": says("x"), "tools": [tool(parameters={"type": "objekt"})]},
        "tools[0].function.parameters",
    ),
    "tool schema elsewhere": (
        {"messages": says("x"), "tools": [tool(parameters={"$ref": "http://127.0.0.1:1/x"})]},
        "tools[0].function.parameters",
    ),
    "tool schemas too large": (
        {"messages": says("x"), "tools": [tool(name=f"f{n}", parameters=LARGE) for n in range(3)]},
        "tools",
    ),
    "required without tools": ({"messages": says("x"), "tool_choice": "required"}, "tool_choice"),
    "unknown choice": (
        {
            "messages": says("x"),
            "tools": [TOOL],
            "tool_choice": {"type": "function", "function": {"name": "g"}},
        },
        "tool_choice",
    ),
    "choice of another kind": (
        {"messages": says("x"), "tools": [TOOL], "tool_choice": {"type": "custom", "custom": {"name": "f"}}},
        "tool_choice",
    ),
    "allowed tool unknown": (
        {"messages": says("x"), "tools": [TOOL], "tool_choice": allowed("auto", "g")},
        "tool_choice",
    ),
    "response_format a text": ({"messages": says("x"), "response_format": "json"}, "response_format"),
    "response_format type": (
        {"messages": says("x"), "response_format": {"type": "xml"}},
        "response_format.type",
    ),
    "schema missing": (
        {"messages": says("x"), "response_format": {"type": "json_schema"}},
        "response_format.json_schema",
    ),
    "schema wrong": (
        {
            "messages": says("x"),
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": 4}}},
        },
        "response_format.json_schema.schema",
    ),
    "schema leads nowhere": (
        {
            "messages": says("x"),
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "a", "schema": {"properties": {"a": {"$ref": "#/$defs/b"}}}},
            },
        },
        "response_format.json_schema.schema",
    ),
    "reasoning": ({"messages": says("x"), "reasoning": "loud"}, "reasoning"),
    "trim": ({"messages": says("x"), "trim": "newest"}, "trim"),
}
BAD_TEXTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "prompt missing": ({}, "prompt"),
    "prompt empty": ({"prompt": " "}, "prompt"),
    "prompts": ({"prompt": ["a", "b"]}, "prompt"),
    "token numbers": ({"prompt": [1, 2]}, "prompt"),
    "no prompts": ({"prompt": []}, "prompt"),
    "echo": ({"prompt": "a", "echo": True}, "echo"),
    "suffix": ({"prompt": "a", "suffix": "b"}, "suffix"),
    "best_of": ({"prompt": "a", "best_of": 2}, "best_of"),
    "n": ({"prompt": "a", "n": 3}, "n"),
    "logprobs": ({"prompt": "a", "logprobs": 9}, "logprobs"),
}


def check_error(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) >= {"message", "type", "param", "code"}
    assert body["error"]["message"]
    return body["error"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("path", "name"), [*((CHAT, name) for name in BAD_CHATS), *((TEXT, name) for name in BAD_TEXTS)]
)
def test_wrong_parameters(echo_server: Any, path: str, name: str, stream: bool) -> None:
    body, param = (BAD_CHATS if path == CHAT else BAD_TEXTS)[name]
    response = httpx.post(f"{echo_server.url}{path}", json={"model": "xlm", "stream": stream, **body})
    error = check_error(response, 400)
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"null", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"model": "xlm", "messages": [{"role": "user", "content": "\\ud800"}]}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"model=xlm", "application/x-www-form-urlencoded", 415),
        (b"{}", "", 415),
        (b'{"x": "' + b"y" * 1_100_000 + b'"}', "application/json", 413),
    ],
)
def test_bodies_that_are_no_request(echo_server: Any, body: bytes, content_type: str, status: int) -> None:
    headers = {"content-type": content_type} if content_type else {}
    check_error(httpx.post(f"{echo_server.url}{CHAT}", content=body, headers=headers), status)


def test_a_body_without_length_is_bounded_too(echo_server: Any) -> None:
    def pieces(count: int) -> Any:
        yield b'{"model": "xlm", "messages": [{"role": "user", "content": "hi"}], "padding": "'
        for _ in range(count):
            yield b"x" * 65_536
        yield b'"}'

    headers = {"content-type": "application/json"}
    assert httpx.post(f"{echo_server.url}{CHAT}", content=pieces(1), headers=headers).status_code == 200
    check_error(httpx.post(f"{echo_server.url}{CHAT}", content=pieces(20), headers=headers), 413)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", CHAT, 405),
        ("PUT", CHAT, 405),
        ("DELETE", "/v1/models/xlm", 405),
        ("POST", "/health", 405),
        ("GET", "/", 404),
        ("GET", "/v1", 404),
        ("POST", "/v1/embeddings", 404),
        ("POST", "/v1/chat/completions/x", 404),
        ("GET", "/v1/models/gpt-5", 404),
        ("GET", "/v1/models/../../etc/passwd", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/%00", 404),
    ],
)
def test_wrong_routes(echo_server: Any, method: str, path: str, status: int) -> None:
    response = httpx.request(method, f"{echo_server.url}{path}")
    check_error(response, status)
    if status == 405:
        assert response.headers["allow"]


def test_an_unknown_model_is_404(echo_server: Any) -> None:
    for path, body in ((CHAT, {"messages": says("x")}), (TEXT, {"prompt": "x"})):
        response = httpx.post(f"{echo_server.url}{path}", json={"model": "gpt-5", **body})
        error = check_error(response, 404)
        assert (error["code"], error["param"]) == ("model_not_found", "model")


@pytest.mark.parametrize("path", [CHAT, TEXT])
def test_too_long(echo_server: Any, path: str) -> None:
    text = "x" * 10_300
    body = {"messages": says(text)} if path == CHAT else {"prompt": text}
    error = check_error(httpx.post(f"{echo_server.url}{path}", json={"model": "xlm", **body}), 400)
    assert error["code"] == "context_length_exceeded"
    assert "maximum context length is 10238 bytes" in error["message"]


def test_every_answer_has_a_number_of_its_own(echo_server: Any) -> None:
    answers = [httpx.get(f"{echo_server.url}{path}") for path in ("/health", "/v1/models", "/nowhere")]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3


def test_after_all_that_the_server_answers(echo_server: Any) -> None:
    assert echo_server.ask("still there?") == "still there?"
    assert json.loads(echo_server.health().text)["restarts"] == 0
