# SPDX-License-Identifier: Apache-2.0
"""Virtual time for code that uses threads: one of them runs at a time, and time jumps when all of them wait.

Threads of the code under test are real ones that hand a baton to each other, so that a run is deterministic and a
wait of a minute costs nothing. `VirtualTime.threading` stands in for the module of that name.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

REAL_TIMEOUT_S = 60.0  # of real time: a task that computes for longer hangs
SHORTEST_S = 1e-6  # so that rounding cannot make a wait stand still


class Deadlock(AssertionError):
    """Every task waits for another, and no timer is left."""


class _Task:
    """A thread that runs while it holds the baton."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.baton = threading.Semaphore(0)
        self.is_over = False
        self.error: BaseException | None = None


class _Waiter:
    """One wait of one task."""

    def __init__(self, time: VirtualTime) -> None:
        self._time, self._task = time, time.current
        self.is_over = self.was_notified = False

    def wake(self, notified: bool = True) -> bool:
        """End the wait; False if it had ended before."""
        if self.is_over:
            return False
        self.is_over, self.was_notified = True, notified
        self._time.ready.append(self._task)
        return True


class VirtualTime:
    """The clock, the scheduler of tasks, and what they wait with. The thread that makes it is its first task."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.ready: deque[_Task] = deque()
        self.threading = _Threading(self)
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._main = _Task("main")
        self._tasks = {threading.get_ident(): self._main}
        self._error: BaseException | None = None  # of a timer; the first task raises it
        self._live: list[_Thread] = []

    def __call__(self) -> float:
        """The time, s."""
        return self.now

    @property
    def current(self) -> _Task:
        """The task that runs."""
        return self._tasks[threading.get_ident()]

    def sleep(self, seconds: float) -> None:
        """Let the others run and time pass."""
        self.park(_Waiter(self), seconds)

    def call_later(self, seconds: float, function: Callable[[], object]) -> None:
        """Call a function, which must not wait, in the thread that happens to schedule then."""
        due = self.now + max(seconds, SHORTEST_S)
        heapq.heappush(self._timers, (due, next(self._numbers), function))

    def park(self, waiter: _Waiter, timeout: float | None) -> bool:
        """Wait; True if it was notified, False after the timeout."""
        if timeout is not None:
            self.call_later(timeout, lambda: waiter.wake(notified=False))
        self._switch(self.current)
        return waiter.was_notified

    def _switch(self, current: _Task) -> None:
        try:
            task = self._next()
        except Exception as error:  # noqa: BLE001 - raised where somebody looks
            self._error, task = error, self._main
        if task is not current:
            task.baton.release()
            if not current.is_over and not current.baton.acquire(timeout=REAL_TIMEOUT_S):
                raise Deadlock(f"{task.name} did not give the baton back in {REAL_TIMEOUT_S} s")
        if current is self._main and self._error is not None:
            error, self._error = self._error, None
            raise error

    def _next(self) -> _Task:
        while not self.ready:
            if not self._timers:
                raise Deadlock("everybody waits")
            due, _, function = heapq.heappop(self._timers)
            self.now = max(self.now, due)
            function()
        return self.ready.popleft()

    def begin(self, thread: _Thread) -> None:
        """Make a thread ready to run."""
        task = _Task(thread.name)
        thread.task = task

        def run() -> None:
            self._tasks[threading.get_ident()] = task
            if not task.baton.acquire(timeout=REAL_TIMEOUT_S):
                return
            try:
                thread.run()
            except BaseException as error:  # noqa: BLE001 - kept for whoever looks
                task.error = error
            task.is_over = True
            thread.over.set()
            self._live.remove(thread)
            self._switch(task)  # timers may still run in this thread
            del self._tasks[threading.get_ident()]

        self._live.append(thread)
        threading.Thread(target=run, name=thread.name, daemon=True).start()
        self.ready.append(task)

    def settle(self, limit_s: float) -> None:
        """Wait until every thread has ended, at most so long."""
        deadline = self.now + limit_s
        while self._live and self.now < deadline:
            self._live[0].join(deadline - self.now)


class _Lock:
    """threading.Lock and RLock."""

    def __init__(self, time: VirtualTime, *, reentrant: bool = False) -> None:
        self._time, self._reentrant = time, reentrant
        self._owner: _Task | None = None
        self._depth = 0
        self._waiters: deque[_Waiter] = deque()

    def acquire(self, blocking: bool = True, timeout: float = -1.0) -> bool:
        time = self._time
        deadline = None if timeout < 0.0 else time.now + timeout
        while self._owner is not None and not (self._reentrant and self._owner is time.current):
            if not blocking or (deadline is not None and deadline <= time.now):
                return False
            waiter = _Waiter(time)
            self._waiters.append(waiter)
            time.park(waiter, None if deadline is None else deadline - time.now)
        self._owner = time.current
        self._depth += 1
        return True

    def release(self) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            while self._waiters and not self._waiters.popleft().wake():
                pass

    def locked(self) -> bool:
        return self._owner is not None

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class _Condition:
    """threading.Condition."""

    def __init__(self, time: VirtualTime, lock: _Lock | None = None) -> None:
        self._time = time
        self._lock = lock or _Lock(time, reentrant=True)
        self._waiters: deque[_Waiter] = deque()
        self.acquire, self.release = self._lock.acquire, self._lock.release

    def __enter__(self) -> bool:
        return self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def wait(self, timeout: float | None = None) -> bool:
        waiter = _Waiter(self._time)
        self._waiters.append(waiter)
        self._lock.release()
        try:
            return self._time.park(waiter, timeout)
        finally:
            self._lock.acquire()

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:
        deadline = None if timeout is None else self._time.now + timeout
        while not (value := predicate()):
            left = None if deadline is None else deadline - self._time.now
            if left is not None and left <= 0.0:
                return value
            self.wait(left)
        return value

    def notify(self, n: int = 1) -> None:
        while n > 0 and self._waiters:
            n -= self._waiters.popleft().wake()

    def notify_all(self) -> None:
        self.notify(len(self._waiters))


class _Event:
    """threading.Event."""

    def __init__(self, time: VirtualTime) -> None:
        self._condition = _Condition(time)
        self._is_set = False

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._condition.notify_all()

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        with self._condition:
            return bool(self._condition.wait_for(self.is_set, timeout))


class _Thread:
    """threading.Thread, as far as it is used here; an error ends up in `task.error`."""

    def __init__(
        self,
        time: VirtualTime,
        target: Callable[..., object],
        name: str = "thread",
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        daemon: bool = True,
    ) -> None:
        self._time, self.name, self.daemon = time, name, daemon
        self.run = lambda: target(*args, **(kwargs or {}))
        self.over = _Event(time)
        self.task: _Task | None = None

    def start(self) -> None:
        self._time.begin(self)

    def join(self, timeout: float | None = None) -> None:
        self.over.wait(timeout)

    def is_alive(self) -> bool:
        return self.task is not None and not self.over.is_set()


class _Threading:
    """The module `threading` on virtual time; what it lacks here is the real one's."""

    def __init__(self, time: VirtualTime) -> None:
        self.Lock = lambda: _Lock(time)
        self.RLock = lambda: _Lock(time, reentrant=True)
        self.Condition = lambda lock=None: _Condition(time, lock)
        self.Event = lambda: _Event(time)
        self.Thread = lambda **keywords: _Thread(time, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)


@contextlib.contextmanager
def virtual_threads(time: VirtualTime, package: str = "voice_agent_ros.motion") -> Iterator[None]:
    """Give every module of a package virtual threads, locks and waits while this lasts."""
    found = [
        m for name, m in list(sys.modules.items()) if name.startswith(package) and hasattr(m, "threading")
    ]
    for module in found:
        module.threading = time.threading  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for module in found:
            module.threading = threading  # type: ignore[attr-defined]
