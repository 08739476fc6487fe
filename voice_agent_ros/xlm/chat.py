# SPDX-License-Identifier: Apache-2.0
"""A chat completion from request to response: render, ask the engine, assemble, whole or in chunks."""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from voice_agent_ros.xlm.api_errors import ApiError, bad_request
from voice_agent_ros.xlm.protocol import ChatRequest
from voice_agent_ros.xlm.rendering import Renderer, Turn
from voice_agent_ros.xlm.reply import CallDelta, ContentDelta, Delta, ReasoningDelta, ReplyAssembler
from voice_agent_ros.xlm.scheduler import Engine, Job

# A client may leave the model's name out of its configuration.
DEFAULT_MODEL = "default"


@dataclass
class Completion:
    """One reply on its way to one client.

    Attributes:
        job: where its events come from.
        assembler: what makes deltas of them.
        turn: what was asked.
    """

    job: Job
    assembler: ReplyAssembler
    turn: Turn
    model: str
    completion_id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    async def deltas(self) -> AsyncGenerator[Delta, None]:
        """All deltas; the engine is told when no more are wanted."""
        async with contextlib.aclosing(self.job.events()) as events:
            async for event in events:
                for delta in self.assembler.feed(event):
                    yield delta
                if self.assembler.is_done:
                    break
        for delta in self.assembler.finish():
            yield delta

    def usage(self) -> dict[str, Any]:
        """Token counts; the console reports none, so they are estimates."""
        prompt, reply = self.turn.prompt_tokens, self.assembler.tokens
        return {"prompt_tokens": prompt, "completion_tokens": reply, "total_tokens": prompt + reply}

    async def whole(self) -> dict[str, Any]:
        """The body of a reply that is not streamed."""
        content, reasoning, calls = "", "", []
        async for delta in self.deltas():
            if isinstance(delta, ContentDelta):
                content += delta.text
            elif isinstance(delta, ReasoningDelta):
                reasoning += delta.text
            else:
                calls.append(_call(delta))
        message: dict[str, Any] = {"role": "assistant", "content": content or (None if calls else "")}
        if reasoning:
            message["reasoning_content"] = reasoning
        if calls:
            message["tool_calls"] = calls
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": self.assembler.finish_reason,
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage()}

    async def chunks(self, *, include_usage: bool) -> AsyncGenerator[str, None]:
        """Server-sent events.

        Raises:
            ApiError: there will be no (further) reply.
        """
        role: dict[str, Any] = {"role": "assistant", "content": ""}
        async with contextlib.aclosing(self.deltas()) as deltas:
            async for delta in deltas:
                yield self._chunk({**role, **_delta(delta)})
                role = {}
        yield self._chunk(role, self.assembler.finish_reason)
        if include_usage:
            yield event_line({**self._head("chat.completion.chunk"), "choices": [], "usage": self.usage()})
        yield "data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event_line({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.completion_id, "object": kind, "created": self.created, "model": self.model}


class ChatService:
    """Answers chat requests with one engine.

    Args:
        engine: who is asked.
        renderer: how it is asked.
        model_id: the model's public name.
        thinking: let a thinking model think.
    """

    def __init__(self, engine: Engine, renderer: Renderer, model_id: str, *, thinking: bool = False) -> None:
        self._engine = engine
        self._renderer = renderer
        self._model_id = model_id
        self._thinking = thinking

    def begin(self, request: ChatRequest, client: str) -> Completion:
        """Queue a request.

        Raises:
            ApiError: it cannot be answered.
        """
        self.check_model(request.model)
        if request.n not in (None, 1):
            raise bad_request("Only n=1 is supported.", "Send as many requests.", param="n")
        functions = request.offered_tools()
        if request.must_call() and not functions:
            raise bad_request("tool_choice names no function in tools.", param="tool_choice")
        turn = self._renderer.render(
            request.messages, functions, must_call=request.must_call(), thinking=self._thinking
        )
        assembler = ReplyAssembler(
            functions,
            request.stops(),
            request.limit(),
            parallel_calls=request.parallel_tool_calls is not False,
        )
        job = self._engine.submit(turn.question, client)
        return Completion(job, assembler, turn, self._model_id)

    def check_model(self, name: str) -> None:
        """Refuse a model that is not served.

        Raises:
            ApiError: 404.
        """
        if name not in (self._model_id, DEFAULT_MODEL):
            raise ApiError(
                404,
                f"The model {name!r} does not exist.",
                f"This server serves {self._model_id!r}.",
                param="model",
                code="model_not_found",
            )


def _call(delta: CallDelta) -> dict[str, Any]:
    function = {"name": delta.name, "arguments": delta.arguments_json}
    return {"id": delta.call_id, "type": "function", "function": function}


def _delta(delta: Delta) -> dict[str, Any]:
    if isinstance(delta, ContentDelta):
        return {"content": delta.text}
    if isinstance(delta, ReasoningDelta):
        return {"reasoning_content": delta.text}
    return {"tool_calls": [{"index": delta.index, **_call(delta)}]}


def event_line(body: dict[str, Any]) -> str:
    """One server-sent event."""
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"
