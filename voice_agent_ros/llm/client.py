# SPDX-License-Identifier: Apache-2.0
"""Streaming chat with a list of OpenAI-compatible servers, from a thread of its own.

The first endpoint that can answers; another takes over inside the turn as long as nothing of the reply was used. A
request that was begun is never made twice at the same endpoint, and an abort closes the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from voice_agent_ros.llm.abilities import PLAIN
from voice_agent_ros.llm.chat import (
    DEFAULT_DEADLINES,
    Asking,
    ChatRequest,
    Deadlines,
    Event,
    Failed,
    Finished,
    Listener,
    Problem,
    Purpose,
    Switched,
    TextDelta,
    ThinkingDelta,
    ToolCall,
    Usage,
)
from voice_agent_ros.llm.endpoint import DEFAULT_MODEL, Endpoint
from voice_agent_ros.llm.failover import CLOSED_THINKING, Thinking, Turn
from voice_agent_ros.llm.problems import EndpointProblem, problem_of
from voice_agent_ros.llm.standing import EndpointReport, EndpointStatus, Standing
from voice_agent_ros.llm.upkeep import Upkeep

__all__ = [
    "Asking",
    "Chat",
    "ChatRequest",
    "ClientSettings",
    "Deadlines",
    "Endpoint",
    "EndpointReport",
    "EndpointStatus",
    "Event",
    "Failed",
    "Finished",
    "LlmClient",
    "Problem",
    "Switched",
    "TextDelta",
    "Thinking",
    "ThinkingDelta",
    "ToolCall",
    "Usage",
]

JOIN_TIMEOUT_S = 5.0
MAX_SWITCHES = 4  # that are remembered
# The HTTP library is loaded then, which takes its time while everything else starts, too.
OPEN_TIMEOUT_S = 60.0


@dataclass(frozen=True)
class ClientSettings:
    """How endpoints are looked after and asked.

    Attributes:
        health_period_s: between health checks; 0: endpoints are checked, probed and warmed by `prepare` only.
        rewarm_s: an endpoint that was idle for so long is warmed again; 0: never.
        quiet_s: after somebody has spoken or asked nothing of this is done for so long.
        listening: asks for one word, see `Prober`; its beginning is kept like those of `warm_ups`.
        warm_ups: requests whose beginnings are worth keeping in a server's cache.
    """

    health_period_s: float = 5.0
    rewarm_s: float = 240.0
    quiet_s: float = 2.0
    thinking: Thinking = CLOSED_THINKING
    listening: ChatRequest | None = None
    warm_ups: Sequence[ChatRequest] = ()


class Chat:
    """A request under way."""

    def __init__(self, future: Future[None]) -> None:
        self._future = future

    def abort(self) -> None:
        """End it now: the connection is closed, no event follows. Harmless when it is over."""
        self._future.cancel()


class LlmClient:
    """Talks to servers from a thread of its own.

    Args:
        base_url: of the server that is asked first, up to and including /v1.
        model: name of the model; "default" suits servers with a single one.
        api_key: sent as bearer token; local servers ignore it.
        fallbacks: who is asked if it cannot, in this order.
        settings: None: endpoints are taken for plain ones, and nothing is done by itself.
        on_report: told in the client's thread when an endpoint comes, goes or takes over.
    """

    def __init__(
        self,
        base_url: str,
        model: str = DEFAULT_MODEL,
        api_key: str = "",
        deadlines: Deadlines = DEFAULT_DEADLINES,
        *,
        fallbacks: Sequence[Endpoint] = (),
        settings: ClientSettings | None = None,
        on_report: Callable[[EndpointReport], None] = lambda report: None,
    ) -> None:
        self.base_url = base_url
        self._settings = settings or ClientSettings(health_period_s=0.0)
        self._assumed = PLAIN if settings is None else None
        self._on_report = on_report
        self._current: Standing | None = None
        self._switches: tuple[EndpointReport, ...] = ()
        self._switch_count = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="llm-client", daemon=True)
        self._thread.start()
        endpoints = [Endpoint(base_url, model, api_key, deadlines), *fallbacks]
        self._endpoints, self._upkeep = self._run(self._open(endpoints)).result(OPEN_TIMEOUT_S)

    @classmethod
    def of(
        cls,
        endpoints: Sequence[Endpoint],
        settings: ClientSettings | None = None,
        on_report: Callable[[EndpointReport], None] = lambda report: None,
    ) -> LlmClient:
        """A client of several servers; the order is that of preference."""
        first, *others = endpoints
        return cls(
            first.url,
            first.model,
            first.key,
            first.deadlines,
            fallbacks=others,
            settings=settings or ClientSettings(),
            on_report=on_report,
        )

    def chat(self, request: ChatRequest, listener: Listener) -> Chat:
        """Ask. The listener gets events in the client's thread; Finished or Failed comes last."""
        return Chat(self._run(self._chat(request, listener)))

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Do something else in the client's thread that only waits."""
        return self._run(coroutine)

    def somebody_speaks(self, is_speaking: bool) -> None:
        """Somebody has begun, or ended, to speak: meanwhile, and shortly after, nothing is probed or warmed.

        May be called from any thread, and as often as one likes.
        """
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(partial(self._upkeep.somebody_speaks, is_speaking=is_speaking))

    def prepare(self, timeout_s: float) -> tuple[EndpointStatus, ...]:
        """Check, probe and warm every endpoint now, and wait for it. Not from the client's own thread."""
        future = self._run(self._upkeep.look_after_all())
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            future.result(timeout_s)
        future.cancel()
        return self.status()

    def status(self) -> tuple[EndpointStatus, ...]:
        """How every endpoint stands; may be called from any thread."""
        current = self._current
        return tuple(standing.status(is_current=standing is current) for standing in self._endpoints)

    def switches(self) -> tuple[int, tuple[EndpointReport, ...]]:
        """How often another endpoint took over, and the latest of these; may be called from any thread."""
        return self._switch_count, self._switches

    def expected_first_text_s(self, purpose: Purpose = "talk") -> float | None:
        """How long the first words are likely to take, as measured; None: not known."""
        standing = self._current or self._endpoints[0]
        return standing.expected_first_text_s(purpose)

    def close(self) -> None:
        """Abort what is under way and end the thread."""
        if self._loop.is_closed():
            return
        self._run(self._shut_down()).result(JOIN_TIMEOUT_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(JOIN_TIMEOUT_S)
        if not self._thread.is_alive():
            self._loop.close()

    # In the client's thread.

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    async def _open(self, endpoints: Sequence[Endpoint]) -> tuple[list[Standing], Upkeep]:
        settings = self._settings
        standings = [
            Standing(endpoint, self._on_report, self._assumed, settings.listening) for endpoint in endpoints
        ]
        upkeep = Upkeep(
            standings,
            settings.warm_ups,
            settings.health_period_s,
            settings.rewarm_s,
            self._on_report,
            settings.quiet_s,
            settings.listening,
        )
        if settings.health_period_s:
            self._upkeep_task = asyncio.ensure_future(upkeep.run())
        return standings, upkeep

    async def _shut_down(self) -> None:
        me = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not me]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for standing in self._endpoints:
            await standing.connection.close()
        await asyncio.get_running_loop().shutdown_asyncgens()

    async def _chat(self, request: ChatRequest, listener: Listener) -> None:
        event: Event
        with self._upkeep.a_person_asks():
            turn = Turn(request, listener, self._endpoints, self._settings.thinking, self._answered)
            try:
                event = await turn.answer()
            except EndpointProblem as problem:
                self._upkeep.hurry()
                event = problem.as_event()
            except Exception as error:  # noqa: BLE001  the asker must hear of it, whatever it was
                event = problem_of(error, self.base_url).as_event()
        listener(event)

    def _answered(self, standing: Standing) -> None:
        # Before anybody has answered it is the first one's turn: that another does is a switch, too.
        before, self._current = self._current or self._endpoints[0], standing
        if before is standing:
            return
        is_back = self._endpoints.index(standing) < self._endpoints.index(before)
        why = f"it comes before {before.endpoint.url} and answers again" if is_back else before.last_problem
        self._switches = (*self._switches, EndpointReport("switched", standing.endpoint.url, why))[
            -MAX_SWITCHES:
        ]
        self._switch_count += 1
        self._on_report(self._switches[-1])
        self._upkeep.hurry()
