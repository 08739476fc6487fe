# SPDX-License-Identifier: Apache-2.0
"""Questions on their way: a bounded queue, first come first served within a client and in turn between clients."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from voice_agent_ros.xlm.api_errors import ApiError
from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.events import EndOfTurn, Event

UNREAD_MAX_EVENTS = 4_096


@dataclass(eq=False)
class Job:
    """One question on its way; read it with `events()`.

    Attributes:
        question: what is asked.
        client: whom the queue is fair to.
        deadline: monotonic time by which the reply must be complete.
        submitted: monotonic time of its arrival.
        began: monotonic time at which the console was asked; 0: not yet.
        first: monotonic time of the reply's first text; 0: not yet.
        reused_history: only the new part was sent, as the console remembered the rest.
        problem: why the reader was told an error, if it was.
    """

    question: Question
    client: str
    deadline: float
    is_cancelled: bool = False
    submitted: float = field(default_factory=time.monotonic)
    began: float = 0.0
    first: float = 0.0
    reused_history: bool = False
    problem: ApiError | None = None
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
        if isinstance(item, ApiError):
            self.problem = item
        with contextlib.suppress(asyncio.QueueFull):
            self._events.put_nowait(item)
            return
        self.cancel()


class FairQueue:
    """Bounded; those who have left take no room."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._by_client: OrderedDict[str, deque[Job]] = OrderedDict()
        self._not_empty = asyncio.Event()

    def __len__(self) -> int:
        return sum(not job.is_cancelled for jobs in self._by_client.values() for job in jobs)

    def put(self, job: Job) -> bool:
        """Queue a job; False if there is no room."""
        if len(self) >= self._size:
            return False
        self._forget_cancelled()
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

    def remove(self, job: Job) -> bool:
        """Take a job out; False if it is not waiting."""
        jobs = self._by_client.get(job.client)
        if jobs is None or job not in jobs:
            return False
        jobs.remove(job)
        if not jobs:
            del self._by_client[job.client]
        return True

    def in_order(self) -> list[Job]:
        """Who waits, in the order in which they will be served."""
        rounds = itertools.zip_longest(*self._by_client.values())
        return [job for turn in rounds for job in turn if job is not None and not job.is_cancelled]

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
