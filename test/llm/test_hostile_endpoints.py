# SPDX-License-Identifier: Apache-2.0
"""Endpoints that answer what nobody asked for: each ends the turn in time, and nothing of it passes for words or calls."""

import gzip
import json
import queue
import socketserver
import threading
import time

import pytest
from llm_peer import Peer

from voice_agent_ros.llm.chat_goals import ChatGoalError, chat_request
from voice_agent_ros.llm.client import (
    ChatRequest,
    ClientSettings,
    Deadlines,
    Endpoint,
    Failed,
    Finished,
    LlmClient,
    TextDelta,
)
from voice_agent_ros.llm.prompt import tool_schema

TALK = ChatRequest(({"role": "user", "content": "hello"},))
ACT = ChatRequest(({"role": "user", "content": "the red one"},), (tool_schema("pick"),), purpose="act")
BY_HAND = ClientSettings(health_period_s=0.0)
MIB = 2**20
WAIT_S = 20.0


class RawServer:
    """Answers every request with these bytes, `head` once and `body` `times` times, and hangs up or, if it `stays`, does not.

    Attributes:
        asked: requests that came.
    """

    def __init__(self, head, body=b"", times=1, *, stays=False):
        self.asked = 0
        self.is_over = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                length = 0
                while (line := self.rfile.readline().strip()) != b"":
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                self.rfile.read(length)
                outer.asked += 1
                try:
                    self.wfile.write(b"HTTP/1.1 " + head.replace(b"\n", b"\r\n") + b"\r\n\r\n")
                    for _ in range(times):
                        self.wfile.write(body)
                    if stays:
                        outer.is_over.wait(WAIT_S)
                except OSError:
                    pass  # it was hung up

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()


def asked(client, request):
    events = queue.Queue()
    client.chat(request, events.put)
    found = [events.get(timeout=WAIT_S)]
    while not isinstance(found[-1], (Finished, Failed)):
        found.append(events.get(timeout=WAIT_S))
    return found


def client_of(*urls, total_s=2.0):
    deadlines = Deadlines(1.0, 1.0, total_s)
    return LlmClient.of([Endpoint(url, deadlines=deadlines) for url in urls], BY_HAND)


def event(**delta):
    finish = delta.pop("finish", None)
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


STREAM = b"200 OK\nContent-Type: text/event-stream\nConnection: close"
PAGE = b"<html><body>Log in, please. data: pick</body></html>"
BOMB = gzip.compress(b"data: " + bytes(64 * MIB), 1)
CALLED = {
    "id": "c",
    "object": "chat.completion",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi."}}],
}


@pytest.mark.parametrize(
    ("head", "body", "times"),
    [
        pytest.param(b"200 OK\nContent-Type: text/html", PAGE, 1, id="a page"),
        pytest.param(b"200 OK\nContent-Type: application/json", json.dumps(CALLED).encode(), 1, id="whole"),
        pytest.param(b"200 OK\nContent-Type: text/event-stream", b"", 1, id="nothing"),
        pytest.param(b"204 No Content", b"", 1, id="no content"),
        pytest.param(STREAM, b": still there\n\n", 200_000, id="comments without end"),
        pytest.param(STREAM, b"x" * MIB, 64, id="a line without end"),
        pytest.param(STREAM, b"data: " + b"[" * 100_000 + b"\n\n", 1, id="brackets"),
        pytest.param(STREAM, event(content="half of a wo"), 1, id="no end"),
        pytest.param(STREAM + b"\nContent-Encoding: gzip", BOMB, 1, id="packed"),
        pytest.param(b"307 Away\nLocation: /v1/elsewhere", b"", 1, id="in circles"),
        pytest.param(b"200 OK\nContent-Length: 9999999999", b"data: {}\n\n", 1, id="less than was promised"),
    ],
)
def test_another_takes_over_from_whoever_talks_nonsense(head, body, times):
    with RawServer(head, body, times) as broken, Peer() as peer:
        client = client_of(broken.url, peer.url, total_s=8.0)
        client.prepare(0.01)
        began = time.monotonic()
        *_, finished = asked(client, ACT)
        assert isinstance(finished, Finished)
        assert finished.url == peer.url
        assert time.monotonic() - began < 7.0
        client.close()


def piece(index, name=None, arguments=None, call_id=None):
    """A part of a call, in a chunk of its own."""
    function = {"name": name, "arguments": arguments}
    return event(tool_calls=[{"index": index, "id": call_id, "type": "function", "function": function}])


RED, BOWL = '{"object": "red cube"}', '{"object": "bowl"}'
SECOND = piece(0, "pick", BOWL, "b").replace(b'"index": 0, "delta"', b'"index": 1, "delta"')
ODD_USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": -5, "completion_tokens": 99999999999}}\n\n'


@pytest.mark.parametrize(
    ("body", "objects"),
    [
        pytest.param(piece(0, "pick", RED[:9], "a") + piece(0, "pick", RED[9:], "a"), [RED], id="name again"),
        pytest.param(piece(0, "pick", "", "a") + piece(0, None, RED, "b"), [RED], id="another id each time"),
        pytest.param(piece(None, "pick", RED[:9], "a") + piece(None, None, RED[9:]), [RED], id="no index"),
        pytest.param(piece(None, "pick", RED) + piece(None, "pick", BOWL), [RED, BOWL], id="no index, no id"),
        pytest.param(piece(0, "pick", RED, "a") + piece(0, "pick", BOWL, "b"), [RED, BOWL], id="all are 0"),
        pytest.param(piece(1, "pick", BOWL, "b") + piece(0, "pick", RED, "a"), [RED, BOWL], id="any order"),
        pytest.param(piece(0, "pick", json.loads(RED), "a"), [RED], id="an object"),
        pytest.param(piece(0, "pick", RED, "a") + SECOND, [RED], id="a second answer"),
        pytest.param(piece(0, "pick", RED, "a") + ODD_USAGE, [RED], id="less than no tokens"),
    ],
)
def test_calls_are_told_apart_however_they_are_numbered(body, objects):
    with RawServer(STREAM, body + event(finish=17)) as server:
        client = client_of(server.url)
        (finished,) = asked(client, ACT)
        client.close()
    assert [(call.name, call.arguments_json) for call in finished.calls] == [("pick", one) for one in objects]
    assert (finished.usage, finished.reason) == (None, "17")


@pytest.mark.parametrize("request_", [ACT, TALK])
def test_who_does_not_hang_up_after_the_end_costs_no_turn(request_):
    said = piece(0, "pick", RED, "a") if request_ is ACT else event(content="Good day.")
    with RawServer(STREAM, said + event(finish="stop"), stays=True) as server:
        client = client_of(server.url, total_s=15.0)
        began = time.monotonic()
        *_, finished = asked(client, request_)
        assert time.monotonic() - began < 10.0
        client.close()
    assert isinstance(finished, Finished), finished


def test_a_single_line_does_not_fill_the_memory():
    with RawServer(STREAM, b"x" * MIB, 2000) as broken:
        client = client_of(broken.url, total_s=15.0)
        (failed,) = asked(client, TALK)
        assert "bytes" in failed.message
        client.close()


@pytest.mark.parametrize("after", ["0", "-5", "Mon, 01 Jan 2001 00:00:00 GMT", "0.0001"])
def test_who_wants_to_be_asked_again_at_once_is_not_stormed(after):
    with Peer() as one, Peer() as other:
        client = client_of(one.url, other.url)
        client.prepare(WAIT_S)
        for peer in (one, other):
            peer.fail = (429, {"Retry-After": after}, {"error": {"message": "slow down"}})
        assert asked(client, TALK)[-1].problem == "busy"
        assert len(one.questions) + len(other.questions) <= 10
        client.close()


@pytest.mark.parametrize("after", ["1e999", "nan", "soon", "99999999999999999999", "-"])
def test_a_retry_after_that_means_nothing_costs_no_time(after):
    with Peer() as peer:
        client = client_of(peer.url)
        client.prepare(WAIT_S)
        peer.fail = (429, {"Retry-After": after}, {"error": {"message": "slow down"}})
        began = time.monotonic()
        assert asked(client, TALK)[-1].problem == "busy"
        assert time.monotonic() - began < 1.5
        client.close()


@pytest.mark.parametrize("request_", [ACT, TALK])
def test_characters_that_were_cut_in_two_are_whole_again(request_):
    words = [event(content=f"{half}") for half in ("Red \ud83d", "\ude00", " \ude00\x00\x07 end")]
    call = event(
        tool_calls=[{"index": 0, "id": "1", "function": {"name": "pick", "arguments": '{"object": "\ud83d'}}]
    )
    rest = event(tool_calls=[{"index": 0, "function": {"arguments": '\ude00\udc00"}'}}])
    body = b"".join([*words, call, rest, event(finish="stop")]) + b"data: [DONE]\n\n"
    with RawServer(STREAM, body) as server:
        client = client_of(server.url)
        *deltas, finished = asked(client, request_)
        text = "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))
        assert text == ("Red 😀 \ufffd end" if request_ is TALK else "")
        assert finished.calls[0].arguments_json == '{"object": "😀\ufffd"}'
        client.close()


def test_what_has_to_be_found_out_first_has_no_more_time_than_the_turn():
    asking = ChatRequest(TALK.messages, (tool_schema("pick"),), deadline_s=1.0)
    with Peer("vllm") as peer:
        client = client_of(peer.url, total_s=30.0)
        client.prepare(WAIT_S)  # whether it calls tools is left open
        peer.pause_s = WAIT_S
        began = time.monotonic()
        assert asked(client, asking)[-1].problem in ("too_slow", "no_first_token")
        assert time.monotonic() - began < 5.0
        client.close()


MESSAGES = '[{"role": "user", "content": "hello"}]'


@pytest.mark.parametrize(
    ("messages", "tools"),
    [
        ('[{"role": "user", "content": "\\ud800"}]', ""),
        ('[{"role": "user", "content": "x", "n": 1e999}]', ""),
        ('[{"role": "assistant", "content": "x", "tool_calls": "abc"}]', ""),
        ('[{"role": "assistant", "content": "x", "tool_calls": [{"function": {"name": "a"}}]}]', ""),
        ('[{"role": "assistant", "content": null, "tool_calls": [1]}]', ""),
        (MESSAGES, '[{"function": {"name": "a", "parameters": {"properties": "x"}}}]'),
        (MESSAGES, '[{"function": {"name": "a", "parameters": {"required": 5}}}]'),
        (MESSAGES, '[{"function": {"name": "a", "description": 5}}]'),
    ],
)
def test_a_request_that_nobody_could_be_asked_is_refused_at_once(messages, tools):
    with pytest.raises(ChatGoalError):
        chat_request(messages, tools, 0)


def test_a_request_that_cannot_be_put_is_not_the_endpoints_fault():
    odd = ({"role": "assistant", "content": "x", "tool_calls": "abc"}, {"role": "user", "content": "hello"})
    nested = {"type": "function", "function": {"name": "pick", "description": 5}}
    with Peer("vllm") as peer:
        client = client_of(peer.url)
        client.prepare(WAIT_S)
        for _ in range(4):
            assert asked(client, ChatRequest(odd, ACT.tools, purpose="act"))[-1].problem == "refused"
            assert asked(client, ChatRequest(TALK.messages, (nested,)))[-1].problem == "refused"
        assert isinstance(asked(client, TALK)[-1], Finished)
        client.close()


def test_thoughts_without_an_opening_tag_are_not_read_for_calls():
    thought = '{"pick": {"object": "green cube"}} or so? No.'
    for said, calls in (("I will not.", 0), ('{"pick": {"object": "red cube"}}', 1)):
        text = f"{thought}\n</think>\n{said}"
        body = b"".join(event(content=text[at : at + 3]) for at in range(0, len(text), 3))
        with RawServer(STREAM, body + event(finish="stop") + b"data: [DONE]\n\n") as server:
            client = LlmClient(
                server.url, deadlines=Deadlines(1.0, 1.0, 3.0)
            )  # taken for one that does not think
            *_, finished = asked(client, ACT)
            assert len(finished.calls) == calls
            assert "green" not in str(finished)
            client.close()
