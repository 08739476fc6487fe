# SPDX-License-Identifier: Apache-2.0
"""Bodies nobody would write: every answer is a completion or OpenAI's error object, and the next question is answered."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8) | st.just("type"), inner, max_size=3)
    ),
    max_leaves=8,
)
PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image_url", "refusal", "file"])}, optional={"text": ANY}
)
CALL = st.fixed_dictionaries(
    {
        "id": st.text(max_size=5),
        "function": st.fixed_dictionaries({"name": st.text(max_size=5), "arguments": ANY}),
    }
)
MESSAGE = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "robot"]),
        "content": st.text(max_size=60) | st.lists(PART, max_size=3) | ANY,
    },
    optional={"tool_calls": st.lists(CALL, max_size=2) | ANY, "tool_call_id": ANY, "name": ANY},
)
SCHEMA = st.fixed_dictionaries(
    {"type": st.sampled_from(["object", "array", "string", "robot"])},
    optional={
        "properties": st.dictionaries(st.text(max_size=5), ANY, max_size=3),
        "required": ANY,
        "items": ANY,
        "$ref": st.sampled_from(["#", "#/a/b", "x", ""]),
        "pattern": st.text(max_size=10),
        "enum": ANY,
        "anyOf": ANY,
    },
)
TOOL = st.fixed_dictionaries(
    {
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {"name": st.sampled_from(["a", "b", "ä"]), "parameters": SCHEMA | ANY}
        ),
    }
)
FORMAT = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "json_object", "json_schema"])},
    optional={"json_schema": st.fixed_dictionaries({"name": ANY}, optional={"schema": SCHEMA | ANY})},
)
REQUEST = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["xlm"] * 8 + ["gpt", ""]) | ANY,
        "messages": st.lists(MESSAGE, min_size=1, max_size=4) | ANY,
    },
    optional={
        "stream": st.booleans() | ANY,
        "stream_options": st.just({"include_usage": True}) | ANY,
        "stop": st.text(max_size=3) | st.lists(st.text(max_size=3), max_size=3) | ANY,
        "max_tokens": st.integers(-1, 5) | ANY,
        "max_completion_tokens": st.integers(0, 5) | ANY,
        "n": st.integers(0, 2) | ANY,
        "tools": st.lists(TOOL, max_size=3) | ANY,
        "tool_choice": st.sampled_from(["auto", "none", "required"]) | ANY,
        "response_format": FORMAT | ANY,
        "reasoning": ANY,
        "reasoning_effort": ANY,
        "chat_template_kwargs": ANY,
        "logit_bias": ANY,
        "metadata": ANY,
        "user": ANY,
        "\ud800".encode("utf-8", "replace").decode(): ANY,
    },
)


@pytest.fixture(scope="module")
def client(echo_server: Any) -> Any:
    with httpx.Client(base_url=echo_server.url, timeout=30) as client:
        yield client


def check(response: httpx.Response) -> None:
    assert response.status_code in (200, 400, 404, 413, 415, 422), response.text
    if response.headers["content-type"].startswith("text/event-stream"):
        lines = [line[6:] for line in response.text.splitlines() if line.startswith("data: ")]
        assert lines.pop() == "[DONE]"
        bodies = [json.loads(line) for line in lines]
        assert all("choices" in body or "message" in body["error"] for body in bodies)
        reasons = [choice["finish_reason"] for body in bodies for choice in body.get("choices", ())]
        assert reasons
        assert reasons[-1] or "error" in bodies[-1]
    elif response.status_code == 200:
        choice = response.json()["choices"][0]
        assert choice["finish_reason"] in ("stop", "length", "tool_calls")
    else:
        error = response.json()["error"]
        assert set(error) >= {"message", "type", "param", "code"}
        assert error["message"]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=REQUEST)
@example(body={"model": "xlm", "messages": [{"role": "user", "content": "x"}], "max_tokens": 2**70})
@example(body={"model": "xlm", "messages": [{"role": "user", "content": "\U0010ffff\u0000\u202e\ufeff⏎"}]})
def test_any_request(client: httpx.Client, body: dict[str, Any]) -> None:
    check(client.post("/v1/chat/completions", json=body))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=60))
@example(data=b"\xff\xfe{\x00}\x00")
@example(data=b'{"model":"xlm","messages":[{"role":"user","content":"\\ud800"}]}')
@example(data=b"[" * 60_000)
@example(data=b'{"model":' * 5_000)
@example(data=b'{"a":1e999999999, "b": ' + b"9" * 5_000 + b"}")
def test_any_bytes(client: httpx.Client, data: bytes) -> None:
    for path in ("/v1/chat/completions", "/v1/completions"):
        check(client.post(path, content=data, headers={"content-type": "application/json"}))


def test_after_all_that(echo_server: Any) -> None:
    assert echo_server.ask("still there?") == "still there?"
    assert echo_server.health().json()["restarts"] == 0
