# SPDX-License-Identifier: Apache-2.0
"""Replies in OpenAI's words: whole bodies, and the events of a stream, which are made from a prepared frame."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from voice_agent_ros.xlm.reply import CallDelta, ContentDelta, Delta, ReasoningDelta
from voice_agent_ros.xlm.usage import Usage

DONE = b"data: [DONE]\n\n"
# An encoder that is made once; json.dumps() makes one for every call with an option.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

Deltas = AsyncGenerator[list[Delta], None]


class Told(Protocol):
    """What is known about a reply when it has ended."""

    @property
    def finish_reason(self) -> str:
        """Why it ended."""
        ...

    @property
    def queue_s(self) -> float:
        """How long it waited for others' questions."""
        ...

    def usage(self) -> Usage:
        """What it cost."""
        ...


class ChatWire:
    """One chat reply.

    Args:
        model: the name it is sent under.
        fingerprint: which engine made it.
    """

    whole_kind = "chat.completion"
    chunk_kind = "chat.completion.chunk"
    prefix = "chatcmpl-"
    opening_delta = '"delta":{"role":"assistant","content":"","refusal":null}'
    empty_delta = '"delta":{}'

    def __init__(self, model: str, fingerprint: str) -> None:
        self._head: dict[str, Any] = {
            "id": f"{self.prefix}{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": fingerprint,
        }

    async def whole(self, deltas: Deltas, told: Told) -> dict[str, Any]:
        """The body of a reply that is not streamed."""
        content: list[str] = []
        reasoning: list[str] = []
        calls: list[dict[str, Any]] = []
        async with contextlib.aclosing(deltas):
            async for piece in deltas:
                for delta in piece:
                    if isinstance(delta, ContentDelta):
                        content.append(delta.text)
                    elif isinstance(delta, ReasoningDelta):
                        reasoning.append(delta.text)
                    else:
                        calls.append(_call(delta))
        message: dict[str, Any] = {"role": "assistant", "content": "".join(content), "refusal": None}
        if reasoning:
            message["reasoning_content"] = "".join(reasoning)
        if calls:
            message |= {"content": message["content"] or None, "tool_calls": calls}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": told.finish_reason}
        return self._body(choice, told)

    def _body(self, choice: dict[str, Any], told: Told) -> dict[str, Any]:
        return {"object": self.whole_kind, **self._head, "choices": [choice], "usage": told.usage().body()}

    async def events(self, deltas: Deltas, told: Told, *, include_usage: bool) -> AsyncGenerator[bytes, None]:
        """Server-sent events, ready to be sent; the last one says that it is the last."""
        start = f'data: {_encode({"object": self.chunk_kind, **self._head})[:-1]},"choices":[{{"index":0,'
        end = ',"usage":null}\n\n' if include_usage else "}\n\n"
        more = f',"logprobs":null,"finish_reason":null}}]{end}'
        opening = f"{start}{self.opening_delta}{more}" if self.opening_delta else ""
        async with contextlib.aclosing(deltas):
            async for piece in deltas:
                if opening:  # beside what OpenAI's API has, as other servers tell their times
                    timings = f'}}],"timings":{{"queue_ms":{1e3 * told.queue_s:.1f}}}'
                    opening = opening.replace("}]", timings, 1)
                text = "".join([f"{start}{part}{more}" for part in self._parts(piece)])
                yield (opening + text).encode()
                opening = ""
        reason = _encode(told.finish_reason)
        final = (
            f'{opening}{start}{self.empty_delta},"logprobs":null,"finish_reason":{reason}}}]{end}'.encode()
        )
        if include_usage:
            usage = {**self._head, "choices": [], "usage": told.usage().body()}
            final += event_line({"object": self.chunk_kind, **usage})
        yield final + DONE

    def _parts(self, piece: Sequence[Delta]) -> list[str]:
        parts = []
        for delta in piece:
            if isinstance(delta, ContentDelta):
                parts.append(f'"delta":{{"content":{_encode(delta.text)}}}')
            elif isinstance(delta, ReasoningDelta):
                parts.append(f'"delta":{{"reasoning_content":{_encode(delta.text)}}}')
            else:
                call = {"index": delta.index, **_call(delta)}
                parts.append(f'"delta":{{"tool_calls":[{_encode(call)}]}}')
        return parts


class TextWire(ChatWire):
    """One text completion."""

    whole_kind = chunk_kind = "text_completion"
    prefix = "cmpl-"
    opening_delta = ""
    empty_delta = '"text":""'

    async def whole(self, deltas: Deltas, told: Told) -> dict[str, Any]:
        """The body of a reply that is not streamed."""
        text = ""
        async with contextlib.aclosing(deltas):
            async for piece in deltas:
                text += "".join(_text(delta) for delta in piece)
        choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": told.finish_reason}
        return self._body(choice, told)

    def _parts(self, piece: Sequence[Delta]) -> list[str]:
        return [f'"text":{_encode(_text(delta))}' for delta in piece]


def event_line(body: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"data: {_encode(body)}\n\n".encode()


def _call(delta: CallDelta) -> dict[str, Any]:
    """A call, whole in a stream too: it is known only when it is whole."""
    function = {"name": delta.name, "arguments": delta.arguments_json}
    return {"id": delta.call_id, "type": "function", "function": function}


def _text(delta: Delta) -> str:
    return "" if isinstance(delta, CallDelta) else delta.text
