# SPDX-License-Identifier: Apache-2.0
"""Streaming chat with any OpenAI-compatible server: each wait has a deadline, and an abort closes the connection.

Nothing is ever retried: a request that can act must not be made twice.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Literal

from voice_agent_ros.errors import EngineError
from voice_agent_ros.llm.written_calls import WrittenCalls

Problem = Literal["unreachable", "no_first_token", "too_slow", "refused", "broken", "aborted"]
MAX_REPLY_CHARACTERS = 20_000
MAX_CALLS = 16
JOIN_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Deadlines:
    """How long to wait, s: for the connection, for the first token, for the whole reply."""

    connect: float = 2.0
    first_token: float = 15.0
    total: float = 30.0


@dataclass(frozen=True)
class ChatRequest:
    """What the model is asked.

    Attributes:
        messages: in OpenAI's format.
        tools: in OpenAI's format; empty: it can only talk.
    """

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]] = ()
    max_tokens: int = 80


@dataclass(frozen=True)
class TextDelta:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class ToolCall:
    """A proposed call, unchecked."""

    name: str
    arguments_json: str


@dataclass(frozen=True)
class Finished:
    """The reply is complete; nothing else follows.

    Attributes:
        calls: what the model wants called.
        first_token_s: from the request to the first token.
    """

    calls: tuple[ToolCall, ...] = ()
    first_token_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True)
class Failed:
    """There is no (complete) reply; nothing else follows."""

    problem: Problem
    message: str


Event = TextDelta | Finished | Failed
Listener = Callable[[Event], None]


class Chat:
    """A request under way."""

    def __init__(self, future: Future[None]) -> None:
        self._future = future

    def abort(self) -> None:
        """End it now: the connection is closed, no event follows. Harmless when it is over."""
        self._future.cancel()


class LlmClient:
    """Talks to one server from a thread of its own.

    Args:
        base_url: up to and including /v1.
        model: name of the model; "default" suits servers with a single one.
        api_key: sent as bearer token; local servers ignore it.
    """

    def __init__(
        self, base_url: str, model: str, api_key: str = "", deadlines: Deadlines = Deadlines()
    ) -> None:
        self.base_url = base_url
        self._model, self._deadlines = model, deadlines
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llm-client", daemon=True)
        self._thread.start()
        self._client = self._run(_make_client(base_url, api_key, deadlines)).result(JOIN_TIMEOUT_S)

    def chat(self, request: ChatRequest, listener: Listener) -> Chat:
        """Ask. The listener gets events in the client's thread: text, then Finished or Failed, last."""
        return Chat(self._run(self._chat(request, listener)))

    def close(self) -> None:
        """Abort what is under way and end the thread."""
        if self._loop.is_closed():
            return
        self._run(self._shut_down()).result(JOIN_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(JOIN_TIMEOUT_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _shut_down(self) -> None:
        me = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not me]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.close()
        await asyncio.get_running_loop().shutdown_asyncgens()

    async def _chat(self, request: ChatRequest, listener: Listener) -> None:
        import openai

        reply = _Reply(request, listener)
        try:
            await asyncio.wait_for(self._stream(request, reply), self._deadlines.total)
            event: Event = reply.finished()
        except _NoFirstToken:
            event = Failed(
                "no_first_token", f"{self.base_url} sent no token in {self._deadlines.first_token} s."
            )
        except asyncio.TimeoutError:
            event = Failed("too_slow", f"{self.base_url} was not done after {self._deadlines.total} s.")
        except openai.APIConnectionError as error:
            event = Failed("unreachable", f"{self.base_url} does not answer: {error}")
        except openai.APIStatusError as error:
            event = Failed("refused", f"{self.base_url} answers {error.status_code}: {error.message}")
        except (
            openai.OpenAIError,
            EngineError,
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ) as error:
            event = Failed("broken", f"{self.base_url} sent something unreadable: {error}")
        except Exception as error:  # noqa: BLE001  httpx errors of a stream that breaks off come undressed
            event = Failed(
                "broken", f"The reply of {self.base_url} broke off: {type(error).__name__} {error}"
            )
        listener(event)

    async def _stream(self, request: ChatRequest, reply: _Reply) -> None:
        options: dict[str, Any] = (
            {"tools": list(request.tools), "tool_choice": "auto"} if request.tools else {}
        )
        creating = self._client.chat.completions.create(
            model=self._model,
            messages=list(request.messages),
            max_tokens=request.max_tokens,
            temperature=0.0,
            stream=True,
            **options,
        )
        deadline = monotonic() + self._deadlines.first_token
        stream = await _before(deadline, creating)
        async with stream:
            chunks: AsyncIterator[Any] = stream.__aiter__()
            while True:
                try:
                    chunk = await (
                        chunks.__anext__() if reply.has_begun else _before(deadline, chunks.__anext__())
                    )
                except StopAsyncIteration:
                    return
                reply.feed(chunk)


class _NoFirstToken(Exception):
    pass


async def _before(deadline: float, awaitable: Any) -> Any:
    try:
        return await asyncio.wait_for(awaitable, max(deadline - monotonic(), 0.0))
    except asyncio.TimeoutError as error:
        raise _NoFirstToken from error


async def _make_client(base_url: str, api_key: str, deadlines: Deadlines) -> Any:
    from openai import AsyncOpenAI, Timeout

    # A reply is on its way as long as the total deadline allows; the first token has a deadline of its own.
    timeout = Timeout(deadlines.total, connect=deadlines.connect)
    return AsyncOpenAI(base_url=base_url, api_key=api_key or "none", max_retries=0, timeout=timeout)


@dataclass
class _PartialCall:
    name: str = ""
    arguments: str = ""


@dataclass
class _Reply:
    """Gathers the chunks of one reply."""

    request: ChatRequest
    listener: Listener
    began: float = field(default_factory=monotonic)
    first_token_s: float = 0.0
    characters: int = 0
    calls: dict[int, _PartialCall] = field(default_factory=dict)
    written: WrittenCalls | None = None

    def __post_init__(self) -> None:
        self.written = WrittenCalls(self.request.tools) if self.request.tools else None

    @property
    def has_begun(self) -> bool:
        return self.first_token_s > 0.0

    def feed(self, chunk: Any) -> None:
        if not chunk.choices:
            return
        delta = chunk.choices[0].delta
        content = getattr(delta, "content", None) or ""
        calls = getattr(delta, "tool_calls", None) or ()
        if not self.has_begun and (content or calls or getattr(delta, "reasoning_content", None)):
            self.first_token_s = monotonic() - self.began
        self.characters += len(content) + sum(len(call.function.arguments or "") for call in calls)
        if self.characters > MAX_REPLY_CHARACTERS:
            raise EngineError("The reply is endless.", "Look at the server's model and template.")
        for call in calls:
            self._feed_call(call)
        text = self.written.feed(content) if self.written else content
        if text:
            self.listener(TextDelta(text))

    def _feed_call(self, call: Any) -> None:
        index = call.index if call.index is not None else len(self.calls)
        if index not in self.calls and len(self.calls) >= MAX_CALLS:
            raise EngineError("The reply has too many calls.", "Look at the server's model and template.")
        partial = self.calls.setdefault(index, _PartialCall())
        partial.name += call.function.name or ""
        partial.arguments += call.function.arguments or ""

    def finished(self) -> Finished:
        calls = [ToolCall(call.name, call.arguments or "{}") for _, call in sorted(self.calls.items())]
        if self.written:
            found, text = self.written.finish()
            calls += [ToolCall(name, arguments) for name, arguments in found]
            if text:
                self.listener(TextDelta(text))
        return Finished(tuple(calls), self.first_token_s, monotonic() - self.began)
