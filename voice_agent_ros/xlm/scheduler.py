# SPDX-License-Identifier: Apache-2.0
"""Who may ask the console, and when: one owner task, a bounded queue that is fair between clients, restarts.

A reply that nobody wants any more is read to its end, or its process is replaced if that takes longer than a
restart; only then is the next question asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from voice_agent_ros.xlm.api_errors import (
    ApiError,
    deadline_exceeded,
    internal_error,
    overloaded,
    shutting_down,
    unavailable,
)
from voice_agent_ros.xlm.console import Console, ConsoleError, Question
from voice_agent_ros.xlm.engine_status import EngineStatus, Waiting
from voice_agent_ros.xlm.events import EndOfTurn, Failure, Performance, Reasoning, Text
from voice_agent_ros.xlm.fair_queue import FairQueue, Job
from voice_agent_ros.xlm.habits import PROBE_MAX_S, Habits, probe
from voice_agent_ros.xlm.memory import ConversationMemory
from voice_agent_ros.xlm.rates import Rates

FAILURES_UNTIL_UNHEALTHY = 3
BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 30.0
# A console that was idle for so long before it ended does not fail at each start.
STEADY_S = 60.0
CANCEL_AGAIN_S = 5.0
log = logging.getLogger(__name__)


class Engine:
    """Owns the console and answers jobs, one at a time.

    Args:
        console: not started yet.
        queue_size: jobs that may wait.
        deadline_s: longest time from submission to the last token.
        probe_with: renders a question; given, the console's habits are probed once, if its profile wants it.
    """

    def __init__(
        self,
        console: Console,
        *,
        queue_size: int = 8,
        deadline_s: float = 120.0,
        probe_with: Callable[[str], Question] | None = None,
    ) -> None:
        self._console = console
        self._queue = FairQueue(queue_size)
        self._deadline_s = deadline_s
        profile = console.profile
        self._habits = Habits(profile.history, profile.clean_by)
        self._probe_with = probe_with if profile.probe else None
        self._memory = ConversationMemory()
        self._rates = Rates()
        self._owner: asyncio.Task[None] | None = None
        self._state = "loading"
        self._problem: ConsoleError | None = None
        self._failures = 0
        self._turns = 0
        self._next_try = 0.0
        self._ready_since = 0.0
        self.performance: Performance | None = None

    def status(self) -> EngineStatus:
        """How it is."""
        healthy = self._state in ("idle", "busy") and self._failures < FAILURES_UNTIL_UNHEALTHY
        problem = self._problem
        now = time.monotonic()
        waiting = self._queue.in_order()
        return EngineStatus(
            state=self._state,
            is_healthy=healthy,
            problem=problem.message if problem else "",
            fix=problem.fix if problem else "",
            queued=len(waiting),
            queue=tuple(
                Waiting(place, round(now - job.submitted, 3)) for place, job in enumerate(waiting, start=1)
            ),
            restarts=max(0, self._console.starts - 1),
            failures=self._failures,
            turns=self._turns,
            console_pid=self._console.pid,
            retry_in_s=round(max(0.0, self._next_try - now), 1),
            history=self._habits.history,
            clean_by=self._habits.clean_by,
            load_s=round(self._console.load_s, 3),
            lost_memory=self._console.lost_memory,
        )

    def start(self) -> None:
        """Begin to load; questions may be submitted at once and wait."""
        self._owner = asyncio.create_task(self._own())

    async def stop(self) -> None:
        """End the console; whoever waits is told."""
        self._state = "stopped"
        self._refuse_all(shutting_down())
        owner, self._owner = self._owner, None
        # Once may not be enough: before Python 3.12 wait_for() can swallow a cancellation.
        while owner is not None and not owner.done():
            owner.cancel()
            await asyncio.wait({owner}, timeout=CANCEL_AGAIN_S)

    def submit(self, question: Question, client: str, deadline: float | None = None) -> Job:
        """Queue a question.

        Args:
            question: what is asked.
            client: whom the queue is fair to.
            deadline: monotonic time by which the reply must be complete; default: as for every request from now on.

        Raises:
            ApiError: 429, the queue is full; 503, the engine cannot answer.
        """
        if self._state == "stopped":
            raise shutting_down()
        if self._state == "failed" and self._problem is not None:
            raise self._refusal(self._problem)
        now = time.monotonic()
        job = Job(question, client, now + self._deadline_s if deadline is None else deadline)
        if not self._queue.put(job):
            waiting = len(self._queue)
            raise overloaded(
                f"{waiting} requests are waiting already.", (waiting + 1) * self._rates.typical_reply_s
            )
        job.expiry = asyncio.get_running_loop().call_later(job.deadline - now, self._expire, job)
        self._console.attention.ring()
        return job

    def _expire(self, job: Job) -> None:
        """Tell a job that has waited for too long; one that is being answered has its own clock."""
        if self._queue.remove(job):
            job.put(deadline_exceeded(self._deadline_s))

    async def _own(self) -> None:
        try:
            while True:
                try:
                    await self._look_after()
                except Exception as error:  # a mistake of ours; without an owner everybody would wait in vain
                    log.exception("internal error; the console is started afresh")
                    what = Failure("internal", internal_error(error).message, "See the server's log.")
                    await self._give_up(ConsoleError(what))
        finally:
            await self._console.stop()

    async def _look_after(self) -> None:
        """One step: bring the console up, or answer one job."""
        if not self._console.is_ready:
            await self._bring_up()
            return
        self._state = "idle"
        job = await self._next_job()
        if job is not None:
            self._state = "busy"
            try:
                await self._serve(job)
            except BaseException as error:
                is_end = isinstance(error, asyncio.CancelledError)
                job.put(shutting_down() if is_end else internal_error(error))
                raise

    async def _bring_up(self) -> None:
        """Start the console; after failures in a row not before a while."""
        wait_s = self._backoff_s()
        if wait_s:
            self._next_try = time.monotonic() + wait_s
            await asyncio.sleep(wait_s)
        self._memory.forget()
        try:
            await self._console.start()
            await self._probe()
        except ConsoleError as error:
            await self._give_up(error)
            log.error("console cannot start: %s Next try in %.1f s.", error, self._backoff_s())
            return
        finally:
            self._rates.load_s, self._rates.stop_s = self._console.load_s, self._console.stop_s
        self._ready_since = time.monotonic()
        if self._failures < FAILURES_UNTIL_UNHEALTHY:
            self._problem = None

    def _backoff_s(self) -> float:
        """The first failure of a working console is repaired at once."""
        free = 0 if self._state == "failed" else 1
        doublings = self._failures - free - 1
        return min(BACKOFF_FIRST_S * 2.0**doublings, BACKOFF_MAX_S) if doublings >= 0 else 0.0

    async def _probe(self) -> None:
        """Find out once what the console does with its history."""
        render, self._probe_with = self._probe_with, None
        if render is None:
            return
        began = time.monotonic()
        try:
            self._habits = await asyncio.wait_for(probe(self._console, self._habits, render), PROBE_MAX_S)
            await self._forget()
        except (asyncio.TimeoutError, ConsoleError) as error:
            log.warning("probe: given up (%s); the console is started afresh", error or "it took too long")
            await self._console.start()
        log.info("probe: %.1f s", time.monotonic() - began)

    async def _next_job(self) -> Job | None:
        """The next job; None if the console has to be looked after."""
        while self._console.is_ready:
            job = self._queue.get()
            if job is not None:
                return job
            linger_s = None if self._console.is_clean else self._console.profile.limits.linger_s
            idle_since = time.monotonic()
            await self._console.attention.wait(linger_s)
            if linger_s is not None and time.monotonic() - idle_since >= linger_s:
                await self._forget_at_leisure()
        if time.monotonic() - self._ready_since > STEADY_S:
            self._failures = 0
        await self._replace_after(self._console.trouble())
        return None

    async def _forget_at_leisure(self) -> None:
        """Nobody has gone on with the conversation in the console."""
        try:
            await self._forget()
        except ConsoleError as error:
            await self._replace_after(error)

    async def _serve(self, job: Job) -> None:
        if job.expiry is not None:
            job.expiry.cancel()
        left_s = job.deadline - time.monotonic()
        if left_s <= 0:
            job.put(deadline_exceeded(self._deadline_s))
            return
        self._rates.load_s, self._rates.stop_s = self._console.load_s, self._console.stop_s
        try:
            try:
                reply = await asyncio.wait_for(self._answer(job), left_s)
            except asyncio.TimeoutError:
                job.put(deadline_exceeded(self._deadline_s))
                reply = None
        except ConsoleError as error:
            job.put(self._refusal(error))
            # Those who wait now are told; who comes from now on waits for the new process.
            self._refuse_all(self._refusal(error))
            await self._replace_after(error)
            return
        try:
            await self._make_ready(job, reply)
        except ConsoleError as error:  # this client has its reply, and those who wait lose a moment only
            await self._replace_after(error)
            return
        self._failures = 0
        self._problem = None
        self._turns += 1

    async def _answer(self, job: Job) -> str | None:
        """Hand the reply to its reader; its text, if it is one that a conversation can go on with."""
        question = job.question
        job.reused_history = self._memory.is_continued_by(job.client, question)
        if job.reused_history:
            question = Question(question.follow_up, question.thinking)
        else:
            try:
                await self._forget()
            except ConsoleError as error:  # nothing has been asked yet
                log.warning("the console did not forget (%s); replacing it", error)
            if not self._console.is_ready or not self._console.is_clean:
                await self._console.start()
        job.began = time.monotonic()
        reply: list[str] = []
        has_thought = False
        async with contextlib.aclosing(self._console.ask(question)) as events:
            async for event in events:
                if job.is_cancelled:
                    return None
                if isinstance(event, Text):
                    reply.append(event.delta)
                elif isinstance(event, Reasoning):
                    has_thought = True
                elif isinstance(event, Performance):
                    self.performance = event
                elif isinstance(event, EndOfTurn):
                    self._rates.replied(time.monotonic() - job.began)
                if job.first == 0.0 and isinstance(event, Text | Reasoning):
                    job.first = time.monotonic()
                job.put(event)
        # What it thought is in the console's history, but not in what the client sends back.
        return None if has_thought or job.is_cancelled else "".join(reply)

    async def _make_ready(self, job: Job, reply: str | None) -> None:
        """Let an unwanted reply end, or replace the process; then decide what the console shall remember."""
        self._memory.forget()
        worth_s = self._rates.worth_draining_s(time.monotonic() - (job.began or time.monotonic()))
        if not await self._console.drain(worth_s):
            log.warning("an unwanted reply is not worth waiting for; replacing the console")
            self._state = "restarting"
            await self._console.start()
        lingers = self._console.profile.limits.linger_s > 0
        if reply is not None and lingers and self._habits.history == "kept":
            self._memory.learn(job.client, job.question, reply)
        if self._memory.is_empty:
            await self._forget()

    async def _forget(self) -> None:
        """Make the console forget the conversation in it, if there is one."""
        self._memory.forget()
        await self._console.clean(self._habits.clean_by)

    async def _give_up(self, error: ConsoleError) -> None:
        """There is no console until the next try."""
        self._fail(error)
        self._state = "failed"
        self._refuse_all(self._refusal(error))
        await self._console.stop()

    async def _replace_after(self, error: ConsoleError) -> None:
        self._state = "restarting"
        self._fail(error)
        log.error("console failed (%s): %s", error.kind, error)
        await self._console.stop()

    def _fail(self, error: ConsoleError) -> None:
        self._problem = error
        self._failures += 1
        self._memory.forget()

    def _refusal(self, error: ConsoleError) -> ApiError:
        backoff_s = max(self._next_try - time.monotonic(), self._backoff_s())
        return unavailable(
            error.message,
            error.fix,
            code=f"engine_{error.kind}",
            retry_after_s=backoff_s + self._rates.replacing_s,
        )

    def _refuse_all(self, error: ApiError) -> None:
        for job in self._queue.drop_all():
            job.put(error)
