# SPDX-License-Identifier: Apache-2.0
"""A fake endpoint over real HTTP that answers in the shapes that vLLM, OpenAI and llama.cpp publish, errors included.

What it says is made up by rules; how it is wrapped is not: chunk by chunk as in each server's schema.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from voice_agent_ros.llm.abilities import SIGHTS

OPENAI_PARAMETERS = {
    "model",
    "messages",
    "max_completion_tokens",
    "temperature",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "response_format",
    "reasoning_effort",
}


@dataclass
class Peer:
    """What kind of endpoint it is, and what happens to it. Fields may be changed while it runs.

    Attributes:
        shape: "vllm", "openai" or "llama.cpp".
        thinks: "" not at all; "apart" as reasoning_content, "reasoning" under vLLM's newer name, "inline" between tags,
            "unopened" with the closing tag alone.
        closed_by: which way of closing thinking it heeds.
        schema_tokens: what a schema adds to the prompt, where the model is only told of it.
        pause_s: before the first token.
        fail: (status, headers, body) instead of a reply; body None: the connection is cut.
        cut_after: the connection is cut after so many chunks.
    """

    shape: str = "vllm"
    has_schema: bool = True
    schema_tokens: int = 0
    has_tools: bool = True
    thinks: str = ""
    closed_by: str = ""
    thoughts: str = "Hm. pick(object='bowl') perhaps?"
    sees: bool = False
    key: str = ""
    model: str = "fake"
    pause_s: float = 0.0
    fail: tuple[int, dict[str, str], Any] | None = None
    cut_after: int | None = None
    is_loading: bool = False
    words: str = "Good day to you."
    call: tuple[str, dict[str, Any]] = ("pick", {"object": "red cube"})
    asked: list[dict[str, Any]] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Peer:
        peer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                peer._get(self)

            def do_POST(self) -> None:
                peer._post(self, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def questions(self) -> list[dict[str, Any]]:
        """Requests that a person made, without probes and warming up."""
        return [body for body in self.asked if not _is_probe(body) and _limit(body) > 1]

    # HTTP.

    def _get(self, handler: Any) -> None:
        if handler.path == "/health":
            if self.shape == "openai":
                _send(handler, 404, _error(self.shape, 404, "Not found"))
            elif self.is_loading:
                _send(handler, 503, _error(self.shape, 503, "Loading model"))
            else:
                _send(handler, 200, None if self.shape == "vllm" else {"status": "ok"})
        elif self.key and handler.headers.get("Authorization") != f"Bearer {self.key}":
            _send(handler, 401, _error(self.shape, 401, "Incorrect API key provided", code="invalid_api_key"))
        else:
            one = {"id": self.model, "object": "model", "created": int(time.time()), "owned_by": self.shape}
            _send(handler, 200, {"object": "list", "data": [one]})

    def _post(self, handler: Any, body: dict[str, Any]) -> None:
        self.asked.append(body)
        if self.fail is not None:
            status, headers, content = self.fail
            if content is None:
                handler.connection.shutdown(socket.SHUT_RDWR)
                return
            _send(handler, status, content, headers)
            return
        if self.is_loading:
            _send(handler, 503, _error(self.shape, 503, "Loading model"))
            return
        if problem := self._refusal(handler, body):
            _send(handler, problem[0], problem[1])
            return
        self._stream(handler, body)

    def _refusal(self, handler: Any, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        shape = self.shape
        if self.key and handler.headers.get("Authorization") != f"Bearer {self.key}":
            return 401, _error(shape, 401, "Incorrect API key provided", code="invalid_api_key")
        if shape == "openai":
            unknown = sorted(set(body) - OPENAI_PARAMETERS)
            if "max_tokens" in unknown:
                message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
                return 400, _error(shape, 400, message, "max_tokens", "unsupported_parameter")
            if unknown:
                return 400, _error(shape, 400, f"Unrecognized request argument supplied: {unknown[0]}")
            if "temperature" in body:
                message = "Unsupported value: 'temperature' does not support 0 with this model."
                return 400, _error(shape, 400, message, "temperature", "unsupported_value")
            schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema", {})
            if "anyOf" in schema:
                message = "Invalid schema for response_format 'call': schema must have type 'object' and not have 'anyOf'."
                return 400, _error(shape, 400, message, "response_format", "invalid_json_schema")
        if body.get("tools") and not self.has_tools:
            message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            return 400, _error(shape, 400, message)
        if not self.sees and "image_url" in json.dumps(body["messages"]):
            return 400, _error(shape, 400, f"{self.model} is not a multimodal model")
        return None

    # The reply.

    def _stream(self, handler: Any, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            if self.pause_s:
                handler.connection.settimeout(self.pause_s)
                try:
                    if handler.connection.recv(1) == b"":
                        self.hung_up.set()
                        return
                except TimeoutError:
                    handler.connection.settimeout(None)
            for index, chunk in enumerate(self._chunks(body)):
                if self.cut_after is not None and index >= self.cut_after and not _is_probe(body):
                    handler.connection.shutdown(socket.SHUT_RDWR)
                    return
                handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
                handler.wfile.flush()
            handler.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            self.hung_up.set()
        finally:
            handler.close_connection = True

    def _chunks(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        deltas = [{"role": "assistant", "content": ""}, *self._thinking(body)]
        calls, reason = [], "stop"
        constrained = self.has_schema and body.get("response_format")
        if constrained:
            text = json.dumps(self._fitting(body))
        elif body.get("tools"):
            calls, text, reason = [self._fitting(body)], "", "tool_calls"
        else:
            text = self._said(body)
        deltas += [{"content": text[at : at + 3]} for at in range(0, len(text), 3)]
        for index, call in enumerate(calls):
            ((name, arguments),) = call.items()
            written = json.dumps(arguments)
            head = {"name": name, "arguments": ""}
            deltas.append(
                {"tool_calls": [{"index": index, "id": "call_1", "type": "function", "function": head}]}
            )
            deltas += [
                {"tool_calls": [{"index": index, "function": {"arguments": written[at : at + 4]}}]}
                for at in range(0, len(written), 4)
            ]
        chunks = [_chunk(self.model, delta) for delta in deltas] + [_chunk(self.model, {}, reason)]
        if (body.get("stream_options") or {}).get("include_usage"):
            prompt = 100 + self.schema_tokens * bool(body.get("response_format"))
            usage = {
                "prompt_tokens": prompt,
                "completion_tokens": len(deltas),
                "total_tokens": prompt + len(deltas),
            }
            chunks.append({**_chunk(self.model, {}), "choices": [], "usage": usage})
        return chunks

    def _thinking(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        if not self.thinks or (self.closed_by and self.closed_by in _closings(body)):
            return []
        words = re.findall(r"\s*\S+", self.thoughts)
        if self.thinks in ("apart", "reasoning"):
            name = "reasoning_content" if self.thinks == "apart" else "reasoning"
            return [{name: word, "content": None} for word in words]
        tag = [] if self.thinks == "unopened" else ["<thi", "nk>\n"]
        return [{"content": word} for word in [*tag, *words, "\n</th", "ink>\n\n"]]

    def _fitting(self, body: dict[str, Any]) -> dict[str, Any]:
        if _is_probe(body):
            return {"note_colour": {"colour": "violet"}}
        name, arguments = self.call
        return {name: arguments}

    def _said(self, body: dict[str, Any]) -> str:
        last = json.dumps(body["messages"])
        if "image_url" in last and "red or blue" in last:
            return ("blue" if SIGHTS["blue"] in last else "red") if self.sees else "blue"
        if "the one word ready" in last:
            return "ready"
        return "I like violet." if _is_probe(body) else self.words


def _is_probe(body: dict[str, Any]) -> bool:
    text = json.dumps(body["messages"])
    return (
        "the one word ready" in text
        or "note_colour" in text
        or "The colour is violet" in text
        or "red or blue" in text
    )


def _limit(body: dict[str, Any]) -> int:
    return int(body.get("max_tokens") or body.get("max_completion_tokens") or 0)


def _closings(body: dict[str, Any]) -> set[str]:
    found = set()
    if (body.get("chat_template_kwargs") or {}).get("enable_thinking") is False:
        found.add("kwargs")
    if body.get("reasoning_effort") == "none":
        found.add("effort")
    messages = body["messages"]
    if "/no_think" in json.dumps(messages):
        found.add("word")
    if messages[-1]["role"] == "assistant" and "</think>" in messages[-1]["content"]:
        found.add("prefill")
    return found


def _chunk(model: str, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": model,
        "choices": [choice],
    }


def _error(
    shape: str, status: int, message: str, param: str | None = None, code: str | None = None
) -> dict[str, Any]:
    if shape == "vllm":
        return {"error": {"message": message, "type": "BadRequestError", "param": param, "code": status}}
    if shape == "llama.cpp":
        return {"error": {"code": status, "message": message, "type": "invalid_request_error"}}
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def _send(handler: Any, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
    data = b"" if content is None else json.dumps(content).encode()
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)
