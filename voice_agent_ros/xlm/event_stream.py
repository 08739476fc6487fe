# SPDX-License-Identifier: Apache-2.0
"""A stream of events as one ASGI response: no task per token, comments while there is nothing to say.

An error before the first event gets a status of its own; a later one travels in the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Mapping

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from voice_agent_ros.xlm.api_errors import HUNG_UP, ApiError, internal_error
from voice_agent_ros.xlm.wire import DONE, event_line

KEEP_ALIVE = b": keep-alive\n\n"
# The engine ends what is too late by itself; this ends what does not even hear of it.
LATER_THAN_THE_ENGINE_S = 5.0


class EventStream(Response):
    """Server-sent events.

    Args:
        events: ready to be sent; closed in any case.
        cancel: told that nobody reads any more.
        headers: more of them.
        keep_alive_s: longest silence.
        deadline_s: longest time for the whole.
        ended: told how it ended, as an HTTP status.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        cancel: Callable[[], None],
        headers: Mapping[str, str],
        *,
        keep_alive_s: float,
        deadline_s: float,
        ended: Callable[[int], None],
    ) -> None:
        more = {"cache-control": "no-cache", "x-accel-buffering": "no", **headers}
        super().__init__(headers=more, media_type=self.media_type)
        del self.headers["content-length"]
        self._events = events
        self._cancel = cancel
        self._keep_alive_s = keep_alive_s
        self._deadline_s = deadline_s
        self._ended = ended
        self._has_begun = False
        self._is_complete = False
        self._sent_at = time.monotonic()
        self._status = 200
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the end, or until nobody listens."""
        pump = asyncio.create_task(self._pump(scope, receive, send))
        gone = asyncio.create_task(until_gone(receive))
        give_up_at = time.monotonic() + self._deadline_s + LATER_THAN_THE_ENGINE_S
        try:
            while not pump.done():
                await asyncio.wait(
                    {pump, gone}, timeout=self._keep_alive_s, return_when=asyncio.FIRST_COMPLETED
                )
                now = time.monotonic()
                if self._is_complete:
                    await pump
                    break
                if gone.done() or now > give_up_at:
                    self._status = HUNG_UP
                    break
                # A client that does not read makes a write wait; this must not wait with it.
                is_writing = self._turn.locked()
                if not (pump.done() or is_writing) and now - self._sent_at >= self._keep_alive_s:
                    await self._write(send, KEEP_ALIVE)
            if pump.done():
                pump.result()
        finally:
            self._cancel()
            for task in (pump, gone):
                task.cancel()
            await asyncio.gather(pump, gone, return_exceptions=True)
            self._ended(self._status)

    async def _pump(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with contextlib.aclosing(self._events) as events:
                async for data in events:
                    await self._write(send, data)
        except ApiError as error:
            if not await self._failed(send, error):
                await JSONResponse(error.body(), error.status, headers=error.headers())(scope, receive, send)
                return
        except Exception as error:
            if not await self._failed(send, internal_error(error)):
                raise
        self._is_complete = True  # whatever the connection says from here on
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _failed(self, send: Send, error: ApiError) -> bool:
        """Tell about an error within the stream; False if it has not begun."""
        self._status = error.status
        if not self._has_begun:
            return False
        await self._write(send, event_line(error.body()) + DONE)
        return True

    async def _write(self, send: Send, data: bytes) -> None:
        async with self._turn:
            if not self._has_begun:
                self._has_begun = True
                start = {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
                await send(start)
            await send({"type": "http.response.body", "body": data, "more_body": True})
            self._sent_at = time.monotonic()


async def until_gone(receive: Receive) -> None:
    """Return when the client has hung up. The body has been read by then."""
    while (await receive())["type"] != "http.disconnect":
        pass
