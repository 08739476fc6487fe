# SPDX-License-Identifier: Apache-2.0
"""One turn's question, answered by the first endpoint of the list that can.

Another endpoint takes over only as long as nothing of the reply was used; whoever asks to be left alone for a while is
left alone, and asked again if the turn's deadline allows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_before_delay

from voice_agent_ros.llm.chat import ChatRequest, Event, Finished, Listener, Switched
from voice_agent_ros.llm.forms import calls_in
from voice_agent_ros.llm.problems import BusyProblem, EndpointProblem, LeftAloneProblem, before
from voice_agent_ros.llm.reply_reader import ReplyReader
from voice_agent_ros.llm.standing import Standing

REPAIR_TOKENS = 48
MIN_WAIT_S = 0.5  # however soon somebody wants to be asked again


@dataclass(frozen=True)
class Thinking:
    """What a thinking model may spend.

    Attributes:
        is_wanted: it may think; otherwise that is closed where it can be.
        max_tokens: of thought.
        max_s: until the first word that is no thought.
    """

    is_wanted: bool = False
    max_tokens: int = 256
    max_s: float = 10.0


CLOSED_THINKING = Thinking()


class Turn:
    """One question on its way over the endpoints.

    Args:
        on_answered: told which endpoint has answered, before the reply ends.
    """

    def __init__(
        self,
        request: ChatRequest,
        listener: Listener,
        endpoints: Sequence[Standing],
        thinking: Thinking,
        on_answered: Callable[[Standing], None],
    ) -> None:
        self._request, self._listener, self._endpoints = request, listener, endpoints
        self._thinking, self._on_answered = thinking, on_answered
        total = request.deadline_s or max(standing.endpoint.deadlines.total for standing in endpoints)
        self._deadline = asyncio.get_running_loop().time() + total
        self._reader: ReplyReader | None = None
        self._asked: Standing | None = None
        self._why = ""

    async def answer(self) -> Finished:
        """The reply.

        Raises:
            EndpointProblem: no endpoint gave a complete one.
        """
        retrying = AsyncRetrying(
            retry=retry_if_exception(_says_when),
            wait=_wait_of,
            stop=stop_before_delay(max(self._left_s(), 0.001)),
            reraise=True,
        )
        async for attempt in retrying:
            with attempt:
                return await self._round()
        raise AssertionError("tenacity ends by returning or raising")

    async def _round(self) -> Finished:
        """Every endpoint that is worth asking, in order."""
        last: EndpointProblem | None = None
        for standing in self._endpoints:
            if not standing.is_worth_asking():
                continue
            if self._left_s() <= 0.0:
                break
            try:
                with standing.guard():
                    return await self._ask(standing)
            except LeftAloneProblem as problem:
                last = last or problem
            except EndpointProblem as problem:
                standing.has_failed(problem)
                if self._was_used or problem.problem == "no_eyes":
                    raise problem from None
                last, self._why = problem, problem.message
        raise self._nobody(last)

    async def _ask(self, standing: Standing) -> Finished:
        if self._request.has_pictures and not await self._in_time(standing, standing.prober.look()):
            raise EndpointProblem(
                "no_eyes",
                f"{standing.endpoint.url} cannot see pictures. Put an endpoint with a vision model into the list.",
                status=400,
            )
        if self._request.tools and self._request.purpose == "talk" and standing.abilities.is_known:
            await self._in_time(standing, standing.prober.try_tools())
        if self._asked is not None and self._asked is not standing:
            self._listener(Switched(self._asked.endpoint.url, standing.endpoint.url, self._why))
        self._asked = standing
        finished = await self._once(standing, self._request)
        finished = await self._repaired(standing, finished)
        reader = self._reader
        standing.is_well(self._request, (reader.first_text_s or finished.total_s) if reader else 0.0)
        standing.queue_s = finished.queue_s
        self._on_answered(standing)
        return finished

    async def _in_time(self, standing: Standing, finding_out: Awaitable[bool]) -> bool:
        """What has to be found out first has no more time than the turn."""
        slow = EndpointProblem("too_slow", f"{standing.endpoint.url} was not done in time.")
        return bool(await before(self._deadline, finding_out, slow))

    async def _once(self, standing: Standing, request: ChatRequest) -> Finished:
        thinking = self._thinking
        manner = standing.abilities.manner(
            request,
            may_think=thinking.is_wanted,
            thought_tokens=thinking.max_tokens,
            thought_s=thinking.max_s,
        )
        return await standing.connection.ask(
            request, manner, self._deadline, self._pass_on, self._take_reader
        )

    async def _repaired(self, standing: Standing, finished: Finished) -> Finished:
        """A reply that tries to be a call but is none is asked for once more, where nothing enforces its form."""
        request = self._request
        if request.purpose != "act" or finished.calls or not _tries_to_call(finished.text, request):
            return finished
        messages = [
            *request.messages,
            {"role": "assistant", "content": finished.text},
            {
                "role": "user",
                "content": "That is no valid call. Write it again, with the arguments as declared.",
            },
        ]
        again = replace(request, messages=messages, max_tokens=REPAIR_TOKENS)
        try:
            repaired = await self._once(standing, again)
        except EndpointProblem:
            return finished
        return replace(repaired, first_token_s=finished.first_token_s) if repaired.calls else finished

    def _nobody(self, last: EndpointProblem | None) -> EndpointProblem:
        """Why nobody has answered: if one of them only wants to be asked later, that."""
        waits = [standing.busy_s() for standing in self._endpoints if standing.busy_s() > 0.0]
        if waits and not (last is not None and last.is_request):
            words = last.message if last is not None else "Every endpoint asks to be left alone for a while."
            return BusyProblem(words, 503, min(waits))
        if last is not None:
            return last
        why = "; ".join(standing.last_problem for standing in self._endpoints if standing.last_problem)
        return EndpointProblem("unreachable", f"No language model can be asked now. {why}")

    @property
    def _was_used(self) -> bool:
        return self._reader is not None and self._reader.used

    def _left_s(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()

    def _take_reader(self, reader: ReplyReader) -> None:
        self._reader = reader

    def _pass_on(self, event: Event) -> None:
        self._listener(event)


def _says_when(error: BaseException) -> bool:
    return isinstance(error, BusyProblem) and error.retry_after_s is not None


def _wait_of(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    told_s = error.retry_after_s if isinstance(error, BusyProblem) else None
    return max(told_s or 0.0, MIN_WAIT_S)


def _tries_to_call(text: str, request: ChatRequest) -> bool:
    names = [str(tool["function"]["name"]) for tool in request.tools]
    return bool(text) and not calls_in(text, request.tools)[0] and any(name in text for name in names)
