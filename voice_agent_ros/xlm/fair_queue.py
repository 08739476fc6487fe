# SPDX-License-Identifier: Apache-2.0
"""Questions on their way: a bounded queue, first come first served within a client and in turn between clients."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from voice_agent_ros.xlm.api_errors import ApiError
from voice_agent_ros.xlm.bell import Bell
from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.events import EndOfTurn, Event, Reasoning, Text

# A reader that is further behind gets longer pieces; one that is this far behind gets no more.
UNREAD_EVENTS = 256
UNREAD_MAX_CHARS = 262_144
# No board makes tokens so fast; a console that does shall not cost a network packet for each.
PIECES_APART_S = 0.003


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
        expiry: ends its waiting; cancelled when it is answered.
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
    expiry: asyncio.TimerHandle | None = None
    _unread: deque[Event | ApiError] = field(default_factory=deque)
    _unread_chars: int = 0
    _bell: Bell = field(default_factory=Bell)

    def cancel(self) -> None:
        """Nobody reads the reply any more."""
        self.is_cancelled = True

    async def events(self) -> AsyncGenerator[Event, None]:
        """Events of the reply up to EndOfTurn.

        Raises:
            ApiError: there will be no (further) reply.
        """
        next_piece = 0.0
        try:
            while True:
                while not self._unread:
                    await self._bell.wait(None)
                event = self._unread.popleft()
                if isinstance(event, ApiError):
                    raise event
                if isinstance(event, Text | Reasoning):
                    if time.monotonic() < next_piece:
                        await self._pause(next_piece)
                    event = self._joined(event)
                    next_piece = time.monotonic() + PIECES_APART_S
                yield event
                if isinstance(event, EndOfTurn):
                    return
        finally:
            self.cancel()

    async def _pause(self, until: float) -> None:
        """Let pieces gather, but not at the end of a reply."""
        while (left_s := until - time.monotonic()) > 0:
            if self._unread and isinstance(self._unread[-1], EndOfTurn | ApiError):
                return
            await self._bell.wait(left_s)

    def _joined(self, event: Text | Reasoning) -> Event:
        """A piece with those that follow: a reader that is slower than the console gets fewer and longer ones."""
        kind, deltas = type(event), [event.delta]
        while self._unread and type(self._unread[0]) is kind:
            deltas.append(self._unread.popleft().delta)  # type: ignore[union-attr]
        joined = "".join(deltas)
        self._unread_chars -= len(joined)
        return kind(joined)

    def put(self, item: Event | ApiError) -> None:
        """Hand an event to the reader; a reader that has fallen too far behind is given up."""
        if self.problem is not None:
            return
        if isinstance(item, Text | Reasoning):
            self._unread_chars += len(item.delta)
            if self._unread_chars > UNREAD_MAX_CHARS:
                self.cancel()
                item = _too_slow()
            elif len(self._unread) >= UNREAD_EVENTS and type(self._unread[-1]) is type(item):
                last = self._unread.pop()
                item = type(item)(last.delta + item.delta)  # type: ignore[union-attr]
        if isinstance(item, ApiError):
            self.problem = item
        self._unread.append(item)
        self._bell.ring()


class FairQueue:
    """Bounded; those who have left take no room."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._by_client: OrderedDict[str, deque[Job]] = OrderedDict()

    def __len__(self) -> int:
        return sum(not job.is_cancelled for jobs in self._by_client.values() for job in jobs)

    def put(self, job: Job) -> bool:
        """Queue a job; False if there is no room."""
        if len(self) >= self._size:
            return False
        self._forget_cancelled()
        self._by_client.setdefault(job.client, deque()).append(job)
        return True

    def get(self) -> Job | None:
        """The next job, if there is one."""
        while self._by_client:
            client, jobs = self._by_client.popitem(last=False)
            job = jobs.popleft()
            if jobs:
                self._by_client[client] = jobs
            if not job.is_cancelled:
                return job
        return None

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


def _too_slow() -> ApiError:
    return ApiError(
        503, "The reply was read too slowly.", "Read it as it comes.", type="server_error", code="slow_reader"
    )
