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
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from voice_agent_ros.xlm.api_errors import ApiError, overloaded, unavailable
from voice_agent_ros.xlm.console import Console, ConsoleError, Question
from voice_agent_ros.xlm.events import EndOfTurn, Event, Performance

UNREAD_MAX_EVENTS = 4_096
FAILURES_UNTIL_UNHEALTHY = 3
BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 30.0
DRAIN_LEAST_S = 1.0
TYPICAL_REPLY_S = 2.0
CANCEL_AGAIN_S = 5.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineStatus:
    """What /health tells.

    Attributes:
        state: loading, idle, busy, restarting, failed or stopped.
        is_healthy: a question asked now would be answered.
        problem: the last failure that has not been overcome.
        fix: what a person can do about it.
    """

    state: str
    is_healthy: bool
    problem: str
    fix: str
    queued: int
    restarts: int
    turns: int
    console_pid: int | None


@dataclass
class Job:
    """One question on its way; read it with `events()`."""

    question: Question
    client: str
    deadline: float
    is_cancelled: bool = False
    _events: asyncio.Queue[Event | ApiError] = field(default_factory=lambda: asyncio.Queue(UNREAD_MAX_EVENTS))

    def cancel(self) -> None:
        """Nobody reads the reply any more."""
        self.is_cancelled = True

    async def events(self) -> AsyncGenerator[Event, None]:
        """Events of the reply up to EndOfTurn.

        Raises:
            ApiError: there will be no (further) reply.
        """
        try:
            while True:
                event = await self._events.get()
                if isinstance(event, ApiError):
                    raise event
                yield event
                if isinstance(event, EndOfTurn):
                    return
        finally:
            self.cancel()

    def put(self, item: Event | ApiError) -> None:
        """Hand an event to the reader; a reader that has fallen too far behind is given up."""
        with contextlib.suppress(asyncio.QueueFull):
            self._events.put_nowait(item)
            return
        self.cancel()


class FairQueue:
    """First come first served within a client, in turn between clients."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._by_client: OrderedDict[str, deque[Job]] = OrderedDict()
        self._not_empty = asyncio.Event()

    def __len__(self) -> int:
        return sum(map(len, self._by_client.values()))

    def put(self, job: Job) -> bool:
        """Queue a job; False if there is no room."""
        if len(self) >= self._size:
            self._forget_cancelled()
        if len(self) >= self._size:
            return False
        self._by_client.setdefault(job.client, deque()).append(job)
        self._not_empty.set()
        return True

    async def get(self) -> Job:
        """The next job."""
        while not self._by_client:
            self._not_empty.clear()
            await self._not_empty.wait()
        client, jobs = self._by_client.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self._by_client[client] = jobs
        return job

    def drop_all(self) -> list[Job]:
        """Empty the queue."""
        jobs = [job for waiting in self._by_client.values() for job in waiting]
        self._by_client.clear()
        return jobs

    def _forget_cancelled(self) -> None:
        for client, jobs in list(self._by_client.items()):
            kept = deque(job for job in jobs if not job.is_cancelled)
            if kept:
                self._by_client[client] = kept
            else:
                del self._by_client[client]


class Engine:
    """Owns the console and answers jobs, one at a time.

    Args:
        console: not started yet.
        queue_size: jobs that may wait.
        deadline_s: longest time from submission to the last token.
    """

    def __init__(self, console: Console, *, queue_size: int = 8, deadline_s: float = 120.0) -> None:
        self._console = console
        self._queue = FairQueue(queue_size)
        self._deadline_s = deadline_s
        self._owner: asyncio.Task[None] | None = None
        self._state = "loading"
        self._problem: ConsoleError | None = None
        self._failures = 0
        self._starts = 0
        self._turns = 0
        self._reply_s = TYPICAL_REPLY_S
        self.performance: Performance | None = None

    def status(self) -> EngineStatus:
        """How it is."""
        healthy = self._state in ("idle", "busy") and self._failures < FAILURES_UNTIL_UNHEALTHY
        problem = self._problem
        return EngineStatus(
            state=self._state,
            is_healthy=healthy,
            problem=problem.message if problem else "",
            fix=problem.fix if problem else "",
            queued=len(self._queue),
            restarts=max(0, self._starts - 1),
            turns=self._turns,
            console_pid=self._console.pid,
        )

    def start(self) -> None:
        """Begin to load; questions may be submitted at once and wait."""
        self._owner = asyncio.create_task(self._own())

    async def stop(self) -> None:
        """End the console; whoever waits is told."""
        self._state = "stopped"
        self._refuse_all(unavailable("The server is shutting down.", code="shutting_down"))
        owner, self._owner = self._owner, None
        # Once may not be enough: before Python 3.12 wait_for() can swallow a cancellation.
        while owner is not None and not owner.done():
            owner.cancel()
            await asyncio.wait({owner}, timeout=CANCEL_AGAIN_S)

    def submit(self, question: Question, client: str) -> Job:
        """Queue a question.

        Raises:
            ApiError: 429, the queue is full; 503, the engine cannot answer.
        """
        if self._state == "stopped":
            raise unavailable("The server is shutting down.", code="shutting_down")
        if self._state == "failed" and self._problem is not None:
            raise _failure(self._problem)
        job = Job(question, client, time.monotonic() + self._deadline_s)
        if not self._queue.put(job):
            waiting = len(self._queue)
            raise overloaded(f"{waiting} requests are waiting already.", (waiting + 1) * self._reply_s)
        return job

    async def _own(self) -> None:
        job: Job | None = None
        try:
            while True:
                if not self._console.is_ready:
                    await self._bring_up()
                    continue
                self._state = "idle"
                job = await self._next_job()
                if job is None:
                    continue
                self._state = "busy"
                await self._serve(job)
                job = None
        finally:
            if job is not None:
                job.put(unavailable("The server is shutting down.", code="shutting_down"))
            await self._console.stop()

    async def _bring_up(self) -> None:
        """Start the console, or wait before the next try."""
        self._starts += 1
        try:
            await self._console.start()
        except ConsoleError as error:
            self._fail(error)
            self._state = "failed"
            self._refuse_all(_failure(error))
            wait_s = min(BACKOFF_FIRST_S * 2 ** (self._failures - 1), BACKOFF_MAX_S)
            log.error("console cannot start: %s Next try in %.1f s.", error, wait_s)
            await asyncio.sleep(wait_s)
            return
        if self._failures < FAILURES_UNTIL_UNHEALTHY:
            self._problem = None

    async def _next_job(self) -> Job | None:
        """The next job; None if the console dies while it waits."""
        getting = asyncio.ensure_future(self._queue.get())
        dying = asyncio.ensure_future(self._console.died.wait())
        try:
            await asyncio.wait({getting, dying}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
            log.error("the console ended while it was idle; restarting it")
            self._state = "restarting"
            return None
        finally:
            await _cancelled(getting)
            await _cancelled(dying)

    async def _serve(self, job: Job) -> None:
        left_s = job.deadline - time.monotonic()
        if job.is_cancelled:
            return
        if left_s <= 0:
            job.put(_timed_out(self._deadline_s))
            return
        started = time.monotonic()
        try:
            await asyncio.wait_for(self._stream(job), left_s)
        except asyncio.TimeoutError:
            job.put(_timed_out(self._deadline_s))
        except ConsoleError as error:
            await self._give_up(job, error)
            return
        try:
            await self._make_ready()
        except ConsoleError as error:
            await self._give_up(job, error)
            return
        self._failures = 0
        self._problem = None
        self._turns += 1
        self._reply_s += 0.2 * (time.monotonic() - started - self._reply_s)

    async def _stream(self, job: Job) -> None:
        async with contextlib.aclosing(self._console.ask(job.question)) as events:
            async for event in events:
                if job.is_cancelled:
                    return
                if time.monotonic() > job.deadline:
                    raise asyncio.TimeoutError
                if isinstance(event, Performance):
                    self.performance = event
                job.put(event)

    async def _make_ready(self) -> None:
        """Let an unwanted reply end, or replace the process; then make the console forget the turn."""
        if not await self._console.drain(max(self._console.load_s, DRAIN_LEAST_S)):
            log.warning("an unwanted reply does not end; replacing the console")
            self._state = "restarting"
            self._starts += 1
            await self._console.start()
        await self._console.clean()

    async def _give_up(self, job: Job, error: ConsoleError) -> None:
        job.put(_failure(error))
        self._fail(error)
        self._state = "restarting"
        log.error("console failed (%s): %s", error.kind, error)
        await self._console.stop()

    def _fail(self, error: ConsoleError) -> None:
        self._problem = error
        self._failures += 1

    def _refuse_all(self, error: ApiError) -> None:
        for job in self._queue.drop_all():
            job.put(error)


def _failure(error: ConsoleError) -> ApiError:
    return unavailable(error.message, error.fix, code=f"engine_{error.kind}")


def _timed_out(seconds: float) -> ApiError:
    return ApiError(
        504, f"No complete reply within {seconds:g} s.", type="server_error", code="deadline_exceeded"
    )


async def _cancelled(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has ended."""
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
