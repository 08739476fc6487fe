# SPDX-License-Identifier: Apache-2.0
"""The client against a small real HTTP server that speaks the protocol, well and badly."""

import json
import queue
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from voice_agent_ros.llm.client import (
    ChatRequest,
    Deadlines,
    Failed,
    Finished,
    LlmClient,
    TextDelta,
    ThinkingDelta,
    ToolCall,
)

PICK = {
    "type": "function",
    "function": {
        "name": "pick",
        "description": "Pick up an object.",
        "parameters": {
            "type": "object",
            "properties": {"object": {"type": "string"}},
            "required": ["object"],
        },
    },
}
HELLO = ChatRequest(({"role": "user", "content": "hello"},))
ACT = ChatRequest(({"role": "user", "content": "the red one, please"},), (PICK,))


def chunk(finish=None, **delta):
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


def call(index=0, name=None, arguments=""):
    return {
        "index": index,
        "id": f"call{index}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


DONE = b"data: [DONE]\n\n"


class ScriptedServer:
    """Streams what it is told; a number in the script is a pause in s, None cuts the connection."""

    def __init__(self):
        self.script, self.status, self.bodies = [], 200, []
        self.hung_up = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                outer.serve(self)

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def serve(self, handler):
        handler.send_response(self.status)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        try:
            for step in self.script:
                if step is None:
                    handler.connection.shutdown(socket.SHUT_RDWR)
                    return
                if isinstance(step, float):
                    handler.connection.settimeout(step)
                    try:
                        if handler.connection.recv(1) == b"":
                            self.hung_up.set()
                            return
                    except TimeoutError:
                        continue
                else:
                    handler.wfile.write(step)
                    handler.wfile.flush()
        except OSError:
            self.hung_up.set()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    server = ScriptedServer()
    yield server
    server.close()


@pytest.fixture
def client(server):
    client = LlmClient(server.url, "m", deadlines=Deadlines(1.0, 0.5, 1.5))
    yield client
    client.close()


def all_events(client, request, timeout=5.0):
    events = queue.Queue()
    client.chat(request, events.put)
    found = []
    while not found or not isinstance(found[-1], (Finished, Failed)):
        found.append(events.get(timeout=timeout))
    return found


def test_text_comes_as_it_is_written(server, client):
    server.script = [
        chunk(role="assistant", content=""),
        chunk(content="Hel"),
        chunk(content="lo."),
        chunk("stop"),
        DONE,
    ]
    *texts, finished = all_events(client, HELLO)
    assert texts == [TextDelta("Hel"), TextDelta("lo.")]
    assert isinstance(finished, Finished)
    assert finished.calls == ()
    assert 0.0 < finished.first_token_s <= finished.total_s
    assert server.bodies[0]["stream"] is True
    assert "tools" not in server.bodies[0]


def test_calls_are_put_together(server, client):
    server.script = [
        chunk(tool_calls=[call(0, "pick", '{"obj')]),
        chunk(tool_calls=[call(0, None, 'ect": "red cube"}')]),
        chunk("tool_calls"),
        DONE,
    ]
    (finished,) = all_events(client, ACT)
    assert finished.calls == (ToolCall("pick", '{"object": "red cube"}'),)
    assert server.bodies[0]["tools"][0]["function"]["name"] == "pick"


@pytest.mark.parametrize(
    "text",
    [
        'pick(object="red cube")',
        '<tool_call>\n{"name": "pick", "arguments": {"object": "red cube"}}\n</tool_call>',
        '```json\n{"name": "pick", "arguments": {"object": "red cube"}}\n```',
    ],
)
def test_calls_that_a_server_leaves_in_the_text_are_read_and_not_spoken(server, client, text):
    server.script = [*[chunk(content=character) for character in text], chunk("stop"), DONE]
    (finished,) = all_events(client, ACT)
    assert [(c.name, json.loads(c.arguments_json)) for c in finished.calls] == [
        ("pick", {"object": "red cube"})
    ]


def test_a_call_that_is_repeated_until_it_is_cut_off_is_read(server, client):
    text = '{"name": "pick", "arguments": {"object": "red cube"}}\n' * 2 + '{"name": "pi'
    server.script = [*[chunk(content=character) for character in text], chunk("length"), DONE]
    (finished,) = all_events(client, ACT)
    assert {json.loads(c.arguments_json)["object"] for c in finished.calls} == {"red cube"}


def test_text_beside_offered_tools_is_text(server, client):
    server.script = [chunk(content="I do "), chunk(content="not know."), chunk("stop"), DONE]
    *texts, finished = all_events(client, ACT)
    assert "".join(event.text for event in texts) == "I do not know."
    assert finished.calls == ()


def test_thinking_is_neither_text_nor_call(server, client):
    server.script = [
        chunk(reasoning_content="pick(object='red cube')"),
        chunk(content="No."),
        chunk("stop"),
        DONE,
    ]
    thought, text, finished = all_events(client, ACT)
    assert thought == ThinkingDelta("pick(object='red cube')")
    assert text == TextDelta("No.")
    assert finished.calls == ()


def test_nobody_there():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    client = LlmClient(f"http://127.0.0.1:{port}/v1", "m")
    (failed,) = all_events(client, HELLO)
    assert failed.problem == "unreachable"
    client.close()


def test_an_error_is_not_tried_again(server, client):
    server.status = 503
    (failed,) = all_events(client, HELLO)
    assert failed.problem == "busy"
    assert len(server.bodies) == 1


def test_no_first_token(server, client):
    server.script = [3.0, chunk(content="late"), DONE]
    began = time.monotonic()
    (failed,) = all_events(client, HELLO)
    assert failed.problem == "no_first_token"
    assert time.monotonic() - began < 1.2
    assert server.hung_up.wait(2.0)


def test_too_slow_after_the_first_token(server, client):
    server.script = [chunk(content="a"), 0.4, chunk(content="b"), 5.0, DONE]
    *texts, failed = all_events(client, HELLO)
    assert [event.text for event in texts] == ["a", "b"]
    assert failed.problem == "too_slow"
    assert server.hung_up.wait(2.0)


def test_a_connection_that_breaks_off(server, client):
    server.script = [chunk(content="a"), None]
    *_, last = all_events(client, HELLO)
    assert isinstance(last, Finished) or last.problem in ("broken", "unreachable")


@pytest.mark.parametrize(
    "junk",
    [b"data: {not json\n\n", b'data: {"choices": [{}]}\n\n', b'data: {"choices": 3}\n\n', b"data: NaN\n\n"],
)
def test_garbage_is_a_failure(server, client, junk):
    server.script = [junk, DONE]
    *_, last = all_events(client, ACT)
    assert isinstance(last, Failed) or last.calls == ()


def test_an_endless_reply_is_cut(server, client):
    server.script = [chunk(content="x" * 1000)] * 10_000
    *_, last = all_events(client, HELLO)
    assert isinstance(last, Failed)


def test_abort_closes_the_connection_and_no_event_follows(server, client):
    server.script = [chunk(content="a"), 5.0, chunk(content="b"), DONE]
    events = queue.Queue()
    chat = client.chat(HELLO, events.put)
    assert events.get(timeout=2.0) == TextDelta("a")
    chat.abort()
    assert server.hung_up.wait(1.0)
    time.sleep(0.1)
    assert events.empty()
    chat.abort()


def test_close_ends_what_is_under_way(server):
    client = LlmClient(server.url, "m")
    server.script = [5.0, DONE]
    client.chat(HELLO, lambda event: None)
    deadline = time.monotonic() + 2.0
    while not server.bodies and time.monotonic() < deadline:
        time.sleep(0.01)
    client.close()
    assert server.hung_up.wait(1.0)
    client.close()
