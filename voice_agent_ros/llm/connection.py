# SPDX-License-Identifier: Apache-2.0
"""One endpoint, asked once: streamed, with a deadline for every wait; what it does not know is left out.

Nothing that was begun is ever asked again here; only a request that was refused before it was read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from voice_agent_ros.llm.chat import ChatRequest, Event, Finished
from voice_agent_ros.llm.endpoint import Endpoint
from voice_agent_ros.llm.forms import Form, wire
from voice_agent_ros.llm.problems import EndpointProblem, before, problem_of
from voice_agent_ros.llm.reply_reader import ReplyReader
from voice_agent_ros.llm.transport import UNPACKED, kept_open

CLOSED_THOUGHT = "<think>\n\n</think>\n\n"
MAX_ADAPTATIONS = 4
USAGE_S = 0.5  # after the end of a reply, for what follows it; some servers never hang up
# Parameters that an endpoint may not know, and what is sent in their place.
_OPTIONAL: Mapping[str, str] = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "",
    "temperature": "",
    "stream_options": "",
}

Way = str  # how thinking is closed: one of WAYS
WAYS = ("kwargs", "effort", "word", "prefill")


@dataclass(frozen=True)
class Manner:
    """How a request is put to an endpoint.

    Attributes:
        form: how calls are asked for.
        closes_thinking: one of `WAYS`; empty: nothing is done about thinking.
        is_trusted: see `ReplyReader`.
        thought_tokens: most tokens of thought; also added to the limit of the reply if it may think.
        thought_s: most time until the first word; 0: the whole turn's.
        may_think: room is made for thoughts.
    """

    form: Form = "tools"
    closes_thinking: Way = ""
    is_trusted: bool = True
    thought_tokens: int = 256
    thought_s: float = 0.0
    may_think: bool = False


class Connection:
    """Asks one endpoint. Belongs to one event loop.

    Attributes:
        left_out: parameters that this endpoint was found not to take.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        from openai import AsyncOpenAI, DefaultAsyncHttpxClient, Timeout

        self.endpoint = endpoint
        self.left_out: set[str] = set()
        # A reply is on its way as long as the turn's deadline allows; the first token has a deadline of its own.
        timeout = Timeout(endpoint.deadlines.total, connect=endpoint.deadlines.connect)
        self.client = AsyncOpenAI(
            base_url=endpoint.url,
            api_key=endpoint.key or "none",
            max_retries=0,
            timeout=timeout,
            http_client=DefaultAsyncHttpxClient(transport=kept_open()),
            default_headers=UNPACKED,
        )

    async def close(self) -> None:
        """Give up the connections."""
        await self.client.close()

    async def ask(
        self,
        request: ChatRequest,
        manner: Manner,
        deadline: float,
        listener: Callable[[Event], None],
        on_reader: Callable[[ReplyReader], None] = lambda reader: None,
    ) -> Finished:
        """Ask, and pass on what comes.

        Args:
            deadline: of the turn, in the loop's time.
            on_reader: gets what reads the reply, before anything is read.

        Raises:
            EndpointProblem: no complete reply.
        """
        try:
            reader = ReplyReader(
                request,
                manner.form,
                listener,
                is_trusted=manner.is_trusted,
                thought_tokens=manner.thought_tokens,
                url=self.endpoint.url,
            )
            options = self._options(request, manner)
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # whoever asks is at fault
            raise EndpointProblem("refused", f"The request cannot be put: {error}", status=400) from error
        on_reader(reader)
        try:
            return await self._read(options, reader, manner, deadline)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # errors of a stream that breaks off come undressed from the HTTP library
            raise problem_of(error, self.endpoint.url) from error

    async def _read(
        self, options: dict[str, Any], reader: ReplyReader, manner: Manner, deadline: float
    ) -> Finished:
        url, times = self.endpoint.url, self.endpoint.deadlines
        now = asyncio.get_running_loop().time()
        first_by = min(deadline, now + times.first_token)
        words_by = min(deadline, now + manner.thought_s) if manner.thought_s else deadline
        none = EndpointProblem("no_first_token", f"{url} sent no token in {times.first_token:g} s.")
        slow = EndpointProblem("too_slow", f"{url} was not done in time.")
        thinks = EndpointProblem("too_slow", f"{url} was still thinking after {manner.thought_s:g} s.")
        over_by = 0.0
        stream = await self._adapted(options, first_by, none)
        async with stream:
            chunks = stream.__aiter__()
            while True:
                if not reader.has_begun:
                    waiting = (first_by, none)
                elif reader.thought and not reader.has_said:
                    waiting = (words_by, thinks if words_by < deadline else slow)
                else:
                    waiting = (deadline, slow)
                if reader.is_complete:
                    over_by = over_by or min(deadline, asyncio.get_running_loop().time() + USAGE_S)
                    waiting = (over_by, slow)
                try:
                    chunk = await before(waiting[0], chunks.__anext__(), waiting[1])
                except StopAsyncIteration:
                    break
                except Exception:
                    if reader.is_complete:
                        break  # it only failed to hang up
                    raise
                if not reader.feed(chunk):
                    break
        return reader.finished()

    async def _adapted(self, options: dict[str, Any], deadline: float, late: EndpointProblem) -> Any:
        """The stream; what the endpoint refuses to take is left out once and for all."""
        import openai

        for _ in range(MAX_ADAPTATIONS):
            try:
                return await before(
                    deadline, self.client.chat.completions.create(**self._taken(options)), late
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                name = self._refused_parameter(error)
                if name is None:
                    raise
                self.left_out.add(name)
        return await before(deadline, self.client.chat.completions.create(**self._taken(options)), late)

    def _refused_parameter(self, error: Any) -> str | None:
        sent = {self._sent_as(name) for name in _OPTIONAL} - {""}
        if error.param in sent:
            return str(error.param)
        named = [name for name in sent if re.search(rf"\b{name}\b", str(error.message))]
        return named[0] if len(named) == 1 and not error.param else None

    def _sent_as(self, name: str) -> str:
        while name and name in self.left_out:
            name = _OPTIONAL.get(name, "")
        return name

    def _taken(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {sent: value for name, value in options.items() if (sent := self._sent_as(name))}

    def _options(self, request: ChatRequest, manner: Manner) -> dict[str, Any]:
        wired = wire(request, manner.form)
        limit = request.max_tokens + (manner.thought_tokens if manner.may_think else 0)
        options: dict[str, Any] = {
            "model": self.endpoint.model,
            "max_tokens": limit,
            "temperature": 0.0,
            "stream": True,
            "stream_options": {"include_usage": True},
            **wired,
        }
        messages = with_images(options["messages"], [image.as_part() for image in request.images])
        options["messages"] = messages
        return closed(options, manner.closes_thinking) if manner.closes_thinking else options


def with_images(messages: list[dict[str, Any]], parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with pictures in the last one that a person wrote."""
    if not parts:
        return messages
    at = max((i for i, message in enumerate(messages) if message["role"] == "user"), default=None)
    if at is None:
        return [*messages, {"role": "user", "content": parts}]
    text = messages[at].get("content") or ""
    before_it = [{"type": "text", "text": text}] if isinstance(text, str) else list(text)
    return [*messages[:at], {**messages[at], "content": [*before_it, *parts]}, *messages[at + 1 :]]


def closed(options: Mapping[str, Any], way: Way) -> dict[str, Any]:
    """The request with thinking switched off in one of the ways that there are."""
    if way == "kwargs":
        return {**options, "extra_body": {"chat_template_kwargs": {"enable_thinking": False}}}
    if way == "effort":
        return {**options, "reasoning_effort": "none"}
    messages = [dict(message) for message in options["messages"]]
    if way == "prefill":
        return {**options, "messages": [*messages, {"role": "assistant", "content": CLOSED_THOUGHT}]}
    for message in reversed(messages):
        if message["role"] == "user" and isinstance(message.get("content"), str):
            message["content"] = f"{message['content']} /no_think"
            break
    return {**options, "messages": messages}
