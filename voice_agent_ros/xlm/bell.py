# SPDX-License-Identifier: Apache-2.0
"""Wakes the one task that waits for something to happen.

A bare future and a timer: asyncio.wait_for() and asyncio.wait() cost several times as much, and this happens once for
each piece of a reply.
"""

from __future__ import annotations

import asyncio


class Bell:
    """Rung from callbacks; whoever is woken looks for himself what there is to do."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake the waiting task, if there is one."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, timeout_s: float | None) -> None:
        """Return when it is rung, or after the time."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = None if timeout_s is None else loop.call_later(timeout_s, self.ring)
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
