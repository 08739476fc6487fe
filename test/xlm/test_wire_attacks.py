# SPDX-License-Identifier: Apache-2.0
"""Clients that speak HTTP badly, hang up anywhere, or come all at once: each is answered or refused, no other suffers."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import psutil
import pytest

# 1: at every byte.
CUT_STEP = int(os.environ.get("XLM_CUT_STEP", "131"))
CLIENTS = 64
GET = b"GET /v1/models HTTP/1.1\r\n"
HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Type: application/json\r\n" + HOST
END = b"Connection: close\r\n\r\n"


def question(text: str, *, more: bytes = b"", **options: Any) -> bytes:
    body = json.dumps({"model": "xlm", "messages": [{"role": "user", "content": text}], **options}).encode()
    return POST + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def talk(port: int, data: bytes, *, at_most: int = 1 << 20, half_closed: bool = False) -> bytes:
    """What comes back until the server hangs up, or this client does after so many bytes."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(data)
        if half_closed:
            connection.shutdown(socket.SHUT_WR)
        while len(said) < at_most and (piece := connection.recv(min(65_536, at_most - len(said)))):
            said += piece
    return said


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400),
        (POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
        (POST + b"Content-Length: -1\r\n\r\n{}", 400),
        (POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}", 400),
        (POST + b"Content-Length: 9999999999\r\n" + END, 413),
        (POST + b"Expect: 100-continue\r\nContent-Length: 9999999\r\n" + END, 413),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n", 400),
        (POST + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n" + END + b"\x1f\x8b\x08\x00", 400),
        (GET + HOST + b"Host: evil.example\r\n" + END, 400),
        (GET + END, 403),
        (GET + HOST + b"X: a\r\n b\r\n" + END, 400),
        (GET + HOST + b"X: a\x00b\r\n" + END, 400),
        (GET + HOST + b"X : a\r\n" + END, 400),
        (GET + HOST + b"".join(b"X-%d: yy\r\n" % n for n in range(9_000)) + END, 431),
        (GET + HOST + b"Authorization: Bearer \xff\xe9\r\n" + END, 200),
        (b"GET /v1/models/\xff HTTP/1.1\r\n" + HOST + END, 400),
        (b"GET /v1/models/%ff%0d%0aX:1 HTTP/1.1\r\n" + HOST + END, 404),
        (b"GET /v1/models/a/b%2fc HTTP/1.1\r\n" + HOST + END, 404),
        (b"GET /v1/models/xlm?api-version=1 HTTP/1.1\r\n" + HOST + END, 200),
        (b"GET /v1/models HTTP/1.0\r\n" + HOST + b"\r\n", 200),
        (b"OPTIONS /v1/chat/completions HTTP/1.1\r\n" + HOST + b"Origin: http://x\r\n" + END, 405),
        (b"CONNECT evil.example:443 HTTP/1.1\r\n" + HOST + END, 400),
        (b"TRACE / HTTP/1.1\r\n" + HOST + END, 404),
    ],
)
def test_each_gets_an_error_in_json(echo_server: Any, data: bytes, status: int) -> None:
    told = talk(echo_server.port, data)
    head, _, body = told.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), told
    assert b"content-type: application/json" in head
    assert status == 200 or json.loads(body)["error"]["message"]


def test_a_head_alone(echo_server: Any) -> None:
    for path, status in ((b"/health", 200), (b"/v1/models", 200), (b"/v1/chat/completions", 405)):
        told = talk(echo_server.port, b"HEAD " + path + b" HTTP/1.1\r\n" + HOST + END)
        assert told.startswith(b"HTTP/1.1 %d " % status)
        assert told.endswith(b"\r\n\r\n")


def test_requests_in_a_row_are_answered_in_a_row(echo_server: Any) -> None:
    data = question("one") + question("two", stream=True) + b"POST /x HTTP/1.1\r\n" + HOST
    data += b"Content-Length: 5\r\n\r\nhello" + question("three", more=b"Connection: close\r\n")
    told = talk(echo_server.port, data).decode()
    assert told.count("HTTP/1.1 200") == 3
    places = [told.index(part) for part in ('"one"', '"two"', "[DONE]", "unknown_url", '"three"')]
    assert places == sorted(places)


def test_who_closes_its_half_has_hung_up(echo_server: Any) -> None:
    """It cannot be told from a client that is gone, for which a slow computer must not go on."""
    for stream in (False, True):
        told = talk(echo_server.port, question("half", stream=stream), half_closed=True)
        assert told == b"" or b"half" in told  # a short answer can be there before it is noticed
    echo_server.wait_until_idle()
    assert echo_server.ask("whole") == "whole"


@pytest.mark.timeout(3600)
def test_a_stream_can_be_cut_at_any_byte(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --decode-tps 2000").wait_until_healthy()
    process = psutil.Process(server.process.pid)
    words = "alpha \U0001f916 omega"
    close = b"Connection: close\r\n"  # one is not always as long as the other: pieces may be joined
    whole = talk(server.port, question(words, stream=True, more=close))
    assert server.ask("before") == "before"  # its connection stays
    before = process.num_fds()
    for at in range(1, len(whole), CUT_STEP):
        nonce = f"{words} {at}"
        talk(server.port, question(nonce, stream=True, more=close), at_most=at)
        assert server.ask(f"after {at}") == f"after {at}"
    for at in range(1, len(question(words)), CUT_STEP):  # the request, too
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(question(words)[:at])
    assert server.ask("end") == "end"
    server.wait_until_idle()
    assert server.health().json()["restarts"] == 0
    assert process.num_fds() <= before + 3
    print(f"\n{len(range(1, len(whole), CUT_STEP))} cuts, {before} -> {process.num_fds()} descriptors")


def test_many_at_once_are_answered_or_sent_away(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --decode-tps 100", "--queue 6").wait_until_healthy()
    url = f"{server.url}/v1/chat/completions"

    async def ask(client: httpx.AsyncClient, number: int) -> httpx.Response:
        content = f"nonce {number} of {CLIENTS}"
        body = {"model": "xlm", "messages": [{"role": "user", "content": content}]}
        headers = {"authorization": f"Bearer {number}"}
        return await client.post(url, json=body, headers=headers)

    async def all_at_once() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=CLIENTS)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            return await asyncio.gather(*(ask(client, number) for number in range(CLIENTS)))

    told = asyncio.run(all_at_once())
    statuses = Counter(response.status_code for response in told)
    assert set(statuses) == {200, 429}
    assert statuses[200] >= 6
    for number, response in enumerate(told):
        if response.status_code == 200:
            heard = response.json()["choices"][0]["message"]["content"]
            assert heard == f"nonce {number} of {CLIENTS}"
        else:
            assert 1 <= int(response.headers["retry-after"]) <= 60
            assert response.json()["error"]["code"] == "queue_full"
    assert server.ask("next") == "next"
    assert server.health().json()["queued"] == 0
