# SPDX-License-Identifier: Apache-2.0
"""The official client's whole surface against a live server: what it parses, raises, and how it ends."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from pydantic import BaseModel

SCRIPT = [
    {"match": "Ada", "reply": 'Here it is:\n```json\n{"name": "Ada", "age": 36}\n```\nAnything else?'},
    {"match": "Bob", "reply": '{"name": "Bob", "age": "unknown"}'},
    {"match": r"^Wrong: age: 'unknown'", "reply": '{"name": "Bob", "age": 7}'},
    {"match": "Eve", "reply": "I do not know her."},
    {"match": "Bern", "reply": 'weather(city="Bern", unit="Kelvin")'},
    {"match": r"^Wrong: weather: unit: 'Kelvin'", "reply": 'weather(city="Bern", unit="C")'},
    {"match": r"^Wrong:", "reply": "I said that I do not know."},
    {"match": "Paris", "reply": 'weather(city="Paris", unit="C")'},
    {
        "match": "Rome",
        "reply": 'Of course!\n<tool_call>{"name": "weather", "arguments": {"city": "Rome"}}</tool_call>',
    },
    {"match": "Oslo", "reply": 'weather(city="Oslo", unit="Kelvin")'},
    {"match": "cities", "reply": 'weather("Bonn")\nweather("Kiel")'},
    {"match": "count", "reply": " ".join(str(number) for number in range(1, 60))},
]
WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["C", "F"]}},
            "required": ["city"],
        },
    },
}
TIME: dict[str, Any] = {"type": "function", "function": {"name": "time"}}


class Person(BaseModel):
    name: str
    age: int


def says(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


@pytest.fixture(scope="module")
def server(start_shared_server: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Any:
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps(SCRIPT))
    return start_shared_server(f"--script {script} --context-tokens 4096", "--alias gpt-4o-mini")


@pytest.fixture(scope="module")
def client(server: Any) -> openai.OpenAI:
    return server.client


def test_parsed_answers(client: openai.OpenAI) -> None:
    reply = client.chat.completions.parse(model="xlm", messages=says("Who is Ada?"), response_format=Person)
    assert reply.choices[0].message.parsed == Person(name="Ada", age=36)
    with client.chat.completions.stream(
        model="xlm", messages=says("Who is Ada?"), response_format=Person
    ) as stream:
        kinds = [event.type for event in stream]
        assert stream.get_final_completion().choices[0].message.parsed == Person(name="Ada", age=36)
    assert "content.done" in kinds


def test_what_does_not_fit_is_asked_for_once_more(client: openai.OpenAI) -> None:
    messages = says("Who is Bob?")
    reply = client.chat.completions.parse(model="xlm", messages=messages, response_format=Person)
    assert reply.choices[0].message.parsed == Person(name="Bob", age=7)
    once = client.chat.completions.create(model="xlm", messages=says("Bob"))
    assert reply.usage.prompt_tokens > 2 * once.usage.prompt_tokens  # both rounds count
    with pytest.raises(openai.UnprocessableEntityError, match="'unknown' is not of type 'integer'"):
        client.chat.completions.parse(
            model="xlm", messages=messages, response_format=Person, extra_body={"repair": False}
        )


@pytest.mark.parametrize("stream", [False, True])
def test_no_json_is_an_error_and_not_an_answer(client: openai.OpenAI, stream: bool) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(
            model="xlm", messages=says("Who is Eve?"), response_format={"type": "json_object"}, stream=stream
        )
    assert caught.value.code == "json_validate_failed"
    assert "do not know" in caught.value.body["failed_generation"]


def test_a_cut_answer_says_so(client: openai.OpenAI) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(
            model="xlm", messages=says("Who is Ada?"), response_format=Person, max_tokens=3
        )


@pytest.mark.parametrize(
    ("choice", "text", "city"),
    [
        ("auto", "Paris", "Paris"),
        ("required", "Paris", "Paris"),
        ("required", "Rome", "Rome"),
        ({"type": "function", "function": {"name": "weather"}}, "Paris", "Paris"),
    ],
)
def test_calls(client: openai.OpenAI, choice: Any, text: str, city: str) -> None:
    tools = [WEATHER, TIME]
    reply = client.chat.completions.create(
        model="xlm", messages=says(f"Weather in {text}?"), tools=tools, tool_choice=choice
    )
    call = reply.choices[0].message.tool_calls[0]
    assert (call.type, call.function.name) == ("function", "weather")
    assert json.loads(call.function.arguments)["city"] == city
    assert reply.choices[0].finish_reason == "tool_calls"
    assert reply.choices[0].message.content is None
    messages = [
        *says(f"Weather in {text}?"),
        reply.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"},
    ]
    after = client.chat.completions.create(model="xlm", messages=messages, tools=tools)
    assert after.choices[0].message.content == f"Weather in {text}? | Result: 21 degrees"


def test_streamed_calls(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="xlm", messages=says("Weather in both cities?"), tools=[WEATHER]
    ) as stream:
        for _ in stream:
            pass
        message = stream.get_final_completion().choices[0].message
    assert [json.loads(call.function.arguments) for call in message.tool_calls] == [
        {"city": "Bonn"},
        {"city": "Kiel"},
    ]
    assert len({call.id for call in message.tool_calls}) == 2


def test_a_call_that_must_be_is_an_error_if_it_is_not(client: openai.OpenAI) -> None:
    options: dict[str, Any] = {"model": "xlm", "tools": [WEATHER]}
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.chat.completions.create(**options, messages=says("Who is Eve?"), tool_choice="required")
    assert caught.value.code == "tool_use_failed"
    # Where words are an answer too, they are given.
    words = client.chat.completions.create(**options, messages=says("Who is Eve?")).choices[0]
    assert (words.message.content, words.finish_reason) == ("I do not know her.", "stop")
    failed = client.chat.completions.create(
        **options, messages=says("Weather in Oslo?"), extra_body={"repair": False}
    ).choices[0]
    assert failed.message.tool_calls is None
    assert failed.message.content == 'weather(city="Oslo", unit="Kelvin")'
    mended = client.chat.completions.create(**options, messages=says("Weather in Bern?")).choices[0]
    assert json.loads(mended.message.tool_calls[0].function.arguments) == {"city": "Bern", "unit": "C"}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("stop", ["7", ["99", "6 7"], ["\n", "5 6 7"]])
def test_stop_texts_never_show(client: openai.OpenAI, stop: Any, stream: bool) -> None:
    made = client.chat.completions.create(model="xlm", messages=says("count"), stop=stop, stream=stream)
    if stream:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in made)
    else:
        text = made.choices[0].message.content
        assert made.choices[0].finish_reason == "stop"
    last = stop if isinstance(stop, str) else stop[1]
    assert text == " ".join(map(str, range(1, 60))).partition(last)[0]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_limits(client: openai.OpenAI, name: str) -> None:
    reply = client.chat.completions.create(model="xlm", messages=says("count"), **{name: 5})
    assert reply.choices[0].finish_reason == "length"
    assert 1 <= reply.usage.completion_tokens <= 5
    assert "1 2 3".startswith(reply.choices[0].message.content[:5])


def test_text_completions(client: openai.OpenAI) -> None:
    whole = client.completions.create(model="xlm", prompt="alpha beta", max_tokens=50)
    assert (whole.object, whole.choices[0].text, whole.choices[0].finish_reason) == (
        "text_completion",
        "alpha beta",
        "stop",
    )
    assert whole.id.startswith("cmpl-")
    chunks = list(
        client.completions.create(
            model="xlm", prompt=["a b c d"], stream=True, stop=["c"], stream_options={"include_usage": True}
        )
    )
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices).strip() == "a b"
    assert chunks[-1].usage.total_tokens > 0
    for word in ("exit", "reset"):
        assert client.completions.create(model="xlm", prompt=word).choices[0].text.strip() == word
    assert client.completions.create(model="xlm", prompt="count").choices[0].finish_reason == "length"


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["xlm", "gpt-4o-mini"]
    assert client.models.retrieve("gpt-4o-mini").n_ctx == 4096
    assert client.chat.completions.create(model="gpt-4o-mini", messages=says("hi")).model == "gpt-4o-mini"
    with pytest.raises(openai.NotFoundError) as caught:
        client.models.retrieve("gpt-5")
    assert caught.value.code == "model_not_found"


def test_errors_have_their_class(client: openai.OpenAI) -> None:
    create = client.chat.completions.create
    with pytest.raises(openai.NotFoundError):
        create(model="gpt-5", messages=says("x"))
    with pytest.raises(openai.BadRequestError) as caught:
        create(model="xlm", messages=says("x " * 6_000))
    assert caught.value.code == "context_length_exceeded"
    assert caught.value.request_id.startswith("req_")
    with pytest.raises(openai.BadRequestError) as caught:
        create(model="xlm", messages=says("x"), n=2)
    assert caught.value.param == "n"
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="xlm", input="x")


def test_trimming_on_request(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "system", "content": "be brief"}]
    for number in range(12):
        messages += [*says(f"question {number} " + "x" * 1_000), {"role": "assistant", "content": "ok"}]
    messages += says("last question")
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="xlm", messages=messages)
    raw = client.chat.completions.with_raw_response.create(
        model="xlm", messages=messages, extra_body={"trim": "oldest"}
    )
    said = raw.parse().choices[0].message.content
    assert "question 0 " not in said
    assert "question 11 " in said
    assert said.endswith("last question")
    assert int(raw.headers["x-trimmed-messages"]) >= 6


def test_ignored_parameters_are_named(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(
        model="xlm",
        messages=says("x"),
        temperature=0.5,
        seed=1,
        logprobs=True,
        user="u",
        metadata={"a": "b"},
        reasoning_effort="low",
        extra_body={"min_p": 0.1},
    )
    assert raw.headers["x-ignored-parameters"] == "logprobs,min_p,reasoning_effort,seed,temperature"


def test_raw_stream(server: Any) -> None:
    body = {
        "model": "xlm",
        "messages": says("a b"),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    response = httpx.post(f"{server.url}/v1/chat/completions", json=body)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    lines = [line for line in response.text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1]["usage"]["estimated"] is True
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert all("role" not in chunk["choices"][0]["delta"] for chunk in chunks[1:-1])


def test_metrics(server: Any) -> None:
    server.ask("one two three four five six seven eight nine ten")
    text = httpx.get(f"{server.url}/metrics").text
    assert 'xlm_requests_total{route="/chat/completions",status="200"}' in text
    assert "xlm_engine_up 1.0" in text
    assert "xlm_time_to_first_token_seconds_count" in text
    assert "xlm_console_resident_bytes" in text
    health = server.health().json()
    assert health["status"] == "ok"
    assert health["memory"]["console_bytes"] > 1_000_000


def test_timeouts_and_slow_prefill(start_server: Callable[..., Any]) -> None:
    server = start_server(
        "--echo --prefill-tps 100", "--keep-alive-s 0.2 --deadline-s 2"
    ).wait_until_healthy()
    body = {"model": "xlm", "messages": says("word " * 80), "stream": True}
    response = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=20)
    assert response.text.startswith(": keep-alive\n\n")
    assert response.text.endswith("data: [DONE]\n\n")
    began = time.monotonic()
    with pytest.raises(openai.APITimeoutError):
        server.client.with_options(timeout=0.5).chat.completions.create(
            model="xlm", messages=says("word " * 80)
        )
    assert time.monotonic() - began < 3
    server.wait_until_idle()
    with pytest.raises(openai.InternalServerError) as caught:
        server.client.chat.completions.create(model="xlm", messages=says("word " * 400))
    assert caught.value.code == "deadline_exceeded"
    with pytest.raises(openai.APIError, match="No complete reply") as late:
        list(server.client.chat.completions.create(model="xlm", messages=says("word " * 400), stream=True))
    assert late.value.code == "deadline_exceeded"


def test_an_error_in_mid_stream(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --fault crash@2").wait_until_healthy()
    server.ask("first")
    stream = server.client.chat.completions.create(
        model="xlm", messages=says("one two three four five six"), stream=True
    )
    said: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        said.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert caught.value.code == "engine_crash"
    assert "one two three four five six".startswith("".join(said))
    server.wait_until_healthy()
    assert server.ask("next") == "next"


def test_asynchronous_client(server: Any) -> None:
    async def talk() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0) as client:
            asked = [
                client.chat.completions.create(model="xlm", messages=says(f"number {number}"))
                for number in range(5)
            ]
            return [reply.choices[0].message.content for reply in await asyncio.gather(*asked)]

    assert asyncio.run(talk()) == [f"number {number}" for number in range(5)]


def test_the_vendors_template_can_do_all_that_too(start_server: Callable[..., Any], tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    # A conversation comes as one question, so that these look into the whole of it.
    rules = [
        {"match": r"weather\(city", "reply": 'weather("Paris")'},
        {"match": "Its type", "reply": '{"name": "Ada", "age": 36}'},
    ]
    script.write_text(json.dumps(rules))
    server = start_server(f"--script {script}", "--template vendor").wait_until_healthy()
    create = server.client.chat.completions
    call = create.create(model="xlm", messages=says("Weather?"), tools=[WEATHER], tool_choice="required")
    assert json.loads(call.choices[0].message.tool_calls[0].function.arguments) == {"city": "Paris"}
    person = (
        create.parse(model="xlm", messages=says("Who?"), response_format=Person).choices[0].message.parsed
    )
    assert person == Person(name="Ada", age=36)
    assert server.client.completions.create(model="xlm", prompt="a\nb").choices[0].text == "a b"


def test_what_the_console_remembers_is_reported_as_cached(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo", probe=True).wait_until_healthy()
    messages = says("tell me something about the first of all topics")
    first = server.client.chat.completions.create(model="xlm", messages=messages)
    assert first.usage.prompt_tokens_details.cached_tokens == 0
    messages += [{"role": "assistant", "content": first.choices[0].message.content}, *says("and more")]
    second = server.client.chat.completions.create(model="xlm", messages=messages)
    assert 0 < second.usage.prompt_tokens_details.cached_tokens < second.usage.prompt_tokens
