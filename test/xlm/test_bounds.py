# SPDX-License-Identifier: Apache-2.0
"""What a careless or hostile client, or a console gone mad, can cost: a bounded time and a bounded memory."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from voice_agent_ros.xlm import event_stream
from voice_agent_ros.xlm.event_stream import EventStream
from voice_agent_ros.xlm.events import EndOfTurn, Text
from voice_agent_ros.xlm.http_protocol import HEAD_MAX_BYTES, guarded_protocol
from voice_agent_ros.xlm.json_schema import SCHEMA_MAX_CHARACTERS, problem_with, schema_problem
from voice_agent_ros.xlm.parser import ConsoleParser
from voice_agent_ros.xlm.profile import load_profile
from voice_agent_ros.xlm.protocol import Function
from voice_agent_ros.xlm.reply import ContentDelta, ReplyAssembler
from voice_agent_ros.xlm.structured import JsonFormat, NotJson
from voice_agent_ros.xlm.type_text import type_text

# Quadratic ways of doing these take minutes; a busy computer does not.
SOON_S = 5.0
PICK = Function(name="pick", parameters={"type": "object", "properties": {"object": {"type": "string"}}})


@pytest.fixture
def soon() -> Iterator[None]:
    began = time.process_time()
    yield
    assert time.process_time() - began < SOON_S


def said(pieces: list[str], **options: Any) -> tuple[str, ReplyAssembler]:
    """The words of a reply."""
    assembler = ReplyAssembler(**options)
    deltas = [delta for piece in pieces for delta in assembler.feed(Text(piece))]
    deltas += assembler.finish() + assembler.failed_words()
    return "".join(delta.text for delta in deltas if isinstance(delta, ContentDelta)), assembler


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    "text",
    [
        "pick(" + "," * 15_000,
        "pick(" + "(\n" * 7_000,
        "pick(a" + " " * 15_000 + "b",
        "pick(" + ")" * 15_000 + " x",
        "```" + "\n" * 15_000 + "x",
        "pick(" + '"\n' * 7_000,
        "{" * 15_000,
    ],
    ids=("commas", "brackets", "spaces", "closed", "fence", "quotes", "braces"),
)
def test_what_is_no_call_is_words_after_all(text: str) -> None:
    words, _ = said([text[at : at + 4] for at in range(0, len(text), 4)], functions=[PICK])
    assert words.split() == text.split()


def test_a_reply_that_never_ends_is_cut() -> None:
    words, assembler = said(["and on "] * 1_000, max_chars=50)
    assert words == ("and on " * 8)[:50]
    assert assembler.finish_reason == "length"


def test_without_repair_a_broken_call_is_not_held_back() -> None:
    eager = ReplyAssembler([PICK], holds_failures=False)
    eager.feed(Text("pick(color=1)\n"))
    assert eager.feed(Text("and more")) == [ContentDelta("\nand more")]
    patient = ReplyAssembler([PICK])
    patient.feed(Text("pick(color=1)\n"))
    assert patient.feed(Text("and more")) == []


@pytest.mark.usefixtures("soon")
def test_object_after_object_does_not_come_nearer() -> None:
    wanted = JsonFormat({"type": "object", "required": ["b"]})
    text = ""
    for _ in range(2_000):
        text += '{"a": 1}\n'
        assert not wanted.is_complete(text)
    with pytest.raises(NotJson):
        wanted.read("```json" + " " * 60_000 + "x")


@pytest.mark.usefixtures("soon")
def test_line_breaks_without_end_are_passed_on() -> None:
    parser = ConsoleParser(load_profile("xlm_demo-0.9.0"))
    parser.feed(b"[User] <<< ")
    parser.begin_turn("hello")
    parser.feed(b"hello\n[Assistant] >>> x")
    heard = 0
    for _ in range(500):
        events = parser.feed(b"\n" * 1_000)
        heard += sum(len(event.delta) for event in events if isinstance(event, Text))
        assert len(parser._text) <= 2_000
    assert heard > 490_000
    ended = parser.feed(b"y\nPerformance prefill: 1.00tokens/s    decode: 1.00tokens/s\n[User] <<< ")
    assert EndOfTurn() in ended


BOMB = {
    "$ref": "#/$defs/l0",
    "$defs": {f"l{n}": {"allOf": [{"$ref": f"#/$defs/l{n + 1}"}] * 2} for n in range(40)} | {"l40": {}},
}
LOOP = {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}] * 2}}, "$ref": "#/$defs/a"}
FAMILY = {
    "type": "object",
    "properties": {f"child{n}": {"$ref": "#"} for n in range(12)},
    "additionalProperties": False,
}


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("schema", "value", "word"),
    [
        ({"pattern": "^(a|a)*$"}, "a" * 40 + "!", "too long"),
        ({"patternProperties": {"^(a|a)*$": {"type": "number"}}}, {"a" * 40 + "!": 1}, "too long"),
        (
            {"patternProperties": {"^(a|a)*$": {}}, "additionalProperties": False},
            {"a" * 40 + "!": 1},
            "too long",
        ),
        (BOMB, {}, "on and on"),
        (LOOP, {}, "deeply"),
        ({"pattern": "^[a-z]+$"}, "ab1", "does not match"),
        ({"patternProperties": {"^n": {"type": "number"}}}, {"n1": "x"}, "n1"),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, "no 'b'"),
        (
            {"patternProperties": {"^n": {}}, "additionalProperties": {"type": "string"}},
            {"n": 1, "m": 2},
            "m",
        ),
    ],
)
def test_schemas_that_run_away(schema: dict[str, Any], value: Any, word: str) -> None:
    assert schema_problem(schema) == ""
    assert word in problem_with(value, schema)


@pytest.mark.usefixtures("soon")
def test_schemas_are_written_shortly_or_refused() -> None:
    assert len(type_text(FAMILY)) < 100_000
    assert problem_with({"child1": {"child2": {"child3": {"x": 1}}}}, FAMILY)
    many = {"properties": {f"property{n}": {"type": "string"} for n in range(SCHEMA_MAX_CHARACTERS // 20)}}
    assert "longer than" in schema_problem(many)


async def receive_nothing() -> Any:
    await asyncio.sleep(3600)


def test_a_client_that_does_not_read_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LATER_THAN_THE_ENGINE_S", 0.1)

    async def events() -> AsyncIterator[bytes]:
        while True:
            yield b"data: x\n\n"

    async def send(message: Any) -> None:
        if message.get("more_body"):
            await asyncio.sleep(3600)  # full buffers

    cancelled: list[bool] = []
    ended: list[int] = []
    stream = EventStream(
        events(),  # type: ignore[arg-type]
        lambda: cancelled.append(True),
        {},
        keep_alive_s=0.05,
        deadline_s=0.2,
        ended=ended.append,
    )
    asyncio.run(asyncio.wait_for(stream({"type": "http"}, receive_nothing, send), 10))
    assert cancelled
    assert ended == [499]


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


async def answer(port: int, *pieces: bytes) -> str:
    """What the server says until it hangs up, or nothing more for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        said = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return said.decode()


def run_against_guard(scenario: Callable[[int], Any]) -> None:
    async def run() -> None:
        config = uvicorn.Config(
            hello,
            port=0,
            http=guarded_protocol(head_s=0.5, connections_max=4),
            log_level="critical",
            timeout_keep_alive=1,
            lifespan="off",
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server._serve(None))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            await scenario(server.servers[0].sockets[0].getsockname()[1])
        finally:
            server.should_exit = True
            await asyncio.wait_for(task, 10)

    asyncio.run(run())


def test_a_connection_without_a_request_is_closed() -> None:
    whole = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    async def scenario(port: int) -> None:
        for pieces in ((), (b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow",)):
            late = await answer(port, *pieces)
            assert late.startswith("HTTP/1.1 408"), late
            assert '"message"' in late
        assert "hello" in await answer(port, whole)
        kept = whole.replace(b"Connection: close\r\n", b"")
        # Two at once, and the beginning of a third.
        assert (await answer(port, kept + kept + b"GET")).count("hello") == 2

    run_against_guard(scenario)


def test_what_is_not_http_is_told_so_in_json() -> None:
    async def scenario(port: int) -> None:
        for nonsense in (b"\x16\x03\x01\x02\x00\x01", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"hello\r\n\r\n"):
            told = await answer(port, nonsense)
            assert told.startswith("HTTP/1.1 400"), told
            assert '{"error": {"message"' in told
        flood = b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %b\r\n" % (n, b"y" * 1_000) for n in range(200))
        assert len(flood) > HEAD_MAX_BYTES
        told = await answer(port, *(flood[at : at + 8_000] for at in range(0, len(flood), 8_000)))
        assert not told or told.startswith(("HTTP/1.1 431", "HTTP/1.1 400"))

    run_against_guard(scenario)


def test_connections_are_bounded() -> None:
    async def scenario(port: int) -> None:
        open_ones = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        assert "too_many_connections" in await answer(port)
        for _, writer in open_ones:
            writer.close()

    run_against_guard(scenario)
