# SPDX-License-Identifier: Apache-2.0
"""What is done for the endpoints while nobody is asking: health, finding out what they can do, keeping prefixes warm.

A person always comes first: whatever is under way here is given up when somebody asks or speaks, for on a small computer
the ears need the same cores, and it is taken up again where it was once there has been quiet for a while.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from voice_agent_ros.llm.chat import ChatRequest, Finished
from voice_agent_ros.llm.problems import LOADING_S, BusyProblem, EndpointProblem, is_loading, problem_of
from voice_agent_ros.llm.standing import EndpointReport, Standing
from voice_agent_ros.llm.transport import http_library

HEALTH_TIMEOUT_S = 3.0
WARM_DEADLINE_S = 60.0
WARM_THOUGHTS = 32
SPEECH_MAX_S = 30.0  # nobody speaks for longer without a pause: the end was not told
_GREETING = ChatRequest(({"role": "user", "content": "Hello."},), max_tokens=1)
_VOLATILE = ("created", "permission", "status")


class Upkeep:
    """Looks after endpoints, one at a time.

    Args:
        warm_ups: requests whose beginnings are worth having in a server's cache; one token of each is asked for.
        period_s: between health checks.
        rewarm_s: an endpoint that was not used for so long is warmed again; 0: never.
        quiet_s: after somebody has spoken or asked nothing is done for so long.
        listening: what probers ask first.
    """

    def __init__(
        self,
        endpoints: Sequence[Standing],
        warm_ups: Sequence[ChatRequest],
        period_s: float,
        rewarm_s: float,
        report: Callable[[EndpointReport], None],
        quiet_s: float = 0.0,
        listening: ChatRequest | None = None,
    ) -> None:
        self._endpoints, self._period_s, self._rewarm_s = endpoints, period_s, rewarm_s
        self._quiet_s = quiet_s
        heard = [listening] if listening is not None else []
        self._heard = len(heard)  # what a prober has asked need not be read a second time
        self._warm_ups = [replace(request, max_tokens=1) for request in (*heard, *warm_ups)]
        self._report = report
        self._lock = asyncio.Lock()
        self._people = 0
        self._is_speaking = False
        self._resume: asyncio.TimerHandle | None = None
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._due = asyncio.Event()
        self._work: asyncio.Future[None] | None = None

    @contextmanager
    def a_person_asks(self) -> Iterator[None]:
        """Nothing is done meanwhile."""
        self._people += 1
        self._pause()
        try:
            yield
        finally:
            self._people -= 1
            if not self._is_speaking:
                self._go_on_in(self._quiet_s)

    def somebody_speaks(self, *, is_speaking: bool) -> None:
        """Nothing is done while somebody speaks, nor until what was said can have been dealt with."""
        self._is_speaking = is_speaking
        if is_speaking:
            self._pause()
        self._go_on_in(SPEECH_MAX_S if is_speaking else self._quiet_s)

    def _pause(self) -> None:
        self._quiet.clear()
        if self._work is not None:
            self._work.cancel()

    def _go_on_in(self, seconds: float) -> None:
        if self._resume is not None:
            self._resume.cancel()
        self._resume = asyncio.get_running_loop().call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._is_speaking = False
        if not self._people:
            self._quiet.set()

    def hurry(self) -> None:
        """Look after everything as soon as it is quiet: an endpoint has failed, or another one answers now."""
        self._due.set()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._quiet.wait()
            self._due.clear()
            self._work = asyncio.ensure_future(self.look_after_all())
            try:
                await asyncio.wait({self._work})
            finally:
                self._work.cancel()
            if self._work.cancelled():
                continue
            self._work.result()
            try:
                await asyncio.wait_for(self._due.wait(), self._pause_s())
            except asyncio.TimeoutError:
                continue

    def _pause_s(self) -> float:
        """Until the next round: a period, or less where somebody asked to come back sooner."""
        busy = [standing.busy_s() for standing in self._endpoints if standing.state == "busy"]
        return min([self._period_s, *(max(seconds, LOADING_S) for seconds in busy)])

    async def look_after_all(self) -> None:
        """Once over every endpoint; the first that is well gets the warmth."""
        async with self._lock:
            await self._look_after_all()

    async def _look_after_all(self) -> None:
        is_first = True
        for standing in self._endpoints:
            if standing.busy_s() > 0.0:
                continue
            try:
                await self._look_after(standing, is_first=is_first)
            except EndpointProblem as problem:
                standing.has_failed(problem)
            else:
                is_first = False

    async def _look_after(self, standing: Standing, *, is_first: bool) -> None:
        identity = await self._identity(standing)
        if standing.identity not in (None, identity):
            standing.is_another()
        standing.identity = identity
        if not standing.is_prepared:
            was_known = standing.abilities.is_known
            await standing.prober.explore()
            if not was_known:
                standing.warmed = max(standing.warmed, self._heard)
                self._report(EndpointReport("probed", standing.endpoint.url, str(standing.abilities)))
            if standing.state == "down":
                await self._one_token(standing, _GREETING)  # it may list models and yet not answer
            if is_first:
                await self._warm(standing)
                standing.is_prepared = True
            standing.is_well()
        elif is_first and self._rewarm_s and standing.idle_s() > self._rewarm_s:
            if standing.keeps_beginnings:
                standing.warmed %= max(len(self._warm_ups), 1)
                await self._warm(standing)
            standing.is_well()
        elif standing.state != "up":
            standing.is_well()

    async def _warm(self, standing: Standing) -> None:
        """One token of each request; what was interrupted is gone on with."""
        while standing.warmed < len(self._warm_ups):
            request = self._warm_ups[standing.warmed]
            try:
                finished = await self._one_token(standing, request)
            except EndpointProblem as problem:
                if not problem.is_request:
                    raise
            else:
                standing.has_read(standing.warmed, finished)
            standing.warmed += 1

    async def _one_token(self, standing: Standing, request: ChatRequest) -> Finished:
        deadline = asyncio.get_running_loop().time() + WARM_DEADLINE_S
        manner = standing.abilities.manner(
            request, may_think=False, thought_tokens=WARM_THOUGHTS, thought_s=0.0
        )
        return await standing.connection.ask(
            request, replace(manner, may_think=False), deadline, lambda _: None
        )

    async def _identity(self, standing: Standing) -> str:
        """Which models answer there.

        Raises:
            EndpointProblem: nobody answers, or not with this key.
        """
        health = await self._get(standing, f"{standing.endpoint.root}/health")
        if health.status_code == 503:
            message = f"{standing.endpoint.url} is not ready: {health.text[:200]}"
            # A person who asks meanwhile would rather wait than be sent away.
            if is_loading(health.text):
                raise BusyProblem(message, 503, LOADING_S)
            raise EndpointProblem("unreachable", message, 503)
        models = await self._get(standing, f"{standing.endpoint.url}/models")
        if models.status_code in (401, 403):
            raise EndpointProblem(
                "refused", f"{standing.endpoint.url} does not accept the key.", models.status_code
            )
        try:
            listed = models.json()["data"]
            found = [{key: value for key, value in one.items() if key not in _VOLATILE} for one in listed]
        except (ValueError, KeyError, TypeError, AttributeError):
            return models.headers.get("server", "")
        return json.dumps([models.headers.get("server", ""), found], sort_keys=True)

    async def _get(self, standing: Standing, url: str) -> Any:
        """An answer of whatever status."""
        import openai

        client = standing.connection.client.with_options(timeout=HEALTH_TIMEOUT_S)
        try:
            return await asyncio.wait_for(client.get(url, cast_to=http_library().Response), HEALTH_TIMEOUT_S)
        except openai.APIStatusError as error:
            return error.response
        except (openai.OpenAIError, OSError) as error:
            raise problem_of(error, standing.endpoint.url) from error
        except asyncio.TimeoutError:
            raise EndpointProblem("unreachable", f"{standing.endpoint.url} does not answer.") from None
