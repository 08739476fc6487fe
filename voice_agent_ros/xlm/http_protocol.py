# SPDX-License-Identifier: Apache-2.0
"""uvicorn's HTTP connection with what it leaves to a proxy in front: nobody holds a connection without asking.

A request's head has a time and a size, connections have a number, and what is not HTTP is answered in the shape that
all errors have. Bodies are `bounded_body`'s affair, silence between requests uvicorn's.
"""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

from voice_agent_ros.xlm.api_errors import ApiError, unavailable
from voice_agent_ros.xlm.security import HEAD_MAX_BYTES

HEAD_S = 10.0
CONNECTIONS_MAX = 512


def guarded_protocol(
    head_s: float = HEAD_S, connections_max: int = CONNECTIONS_MAX
) -> type[asyncio.Protocol]:
    """uvicorn's protocol class, whichever parser is installed, with limits.

    Args:
        head_s: longest time from the connection, or from a request's first byte, to the end of its head.
        connections_max: of all clients together.
    """
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    limits = {"head_s": head_s, "connections_max": connections_max}
    return type("GuardedProtocol", (_Guard, AutoHTTPProtocol), limits)


class _Guard(asyncio.Protocol):
    """What comes before uvicorn's part of a connection."""

    head_s: float
    connections_max: int
    # uvicorn's own.
    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    connections: set[Any]
    cycle: Any

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.connections_max:
            self._refuse(unavailable("Too many connections.", code="too_many_connections"))
            return
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        was_in_head = self._is_in_head
        super().data_received(data)
        if not self._is_in_head:
            self._forget_head()
        elif not self.transport.is_closing():
            self._head_bytes += len(data) if was_in_head else 0
            if self._head_bytes > HEAD_MAX_BYTES:
                self._refuse(ApiError(431, f"The request's head is larger than {HEAD_MAX_BYTES} bytes."))
            elif self._head_timer is None:
                self._wait_for_head()

    def send_400_response(self, msg: str) -> None:
        self._refuse(ApiError(400, msg, "Speak HTTP/1.1."))

    @property
    def _is_in_head(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _wait_for_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_s, self._give_up)

    def _forget_head(self) -> None:
        self._head_bytes = 0
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        if self._is_in_head and not self.transport.is_closing():
            self._refuse(ApiError(408, f"The request's head did not arrive within {self.head_s:g} s."))

    def _refuse(self, error: ApiError) -> None:
        self._forget_head()
        self.transport.write(_as_http(error))
        self.transport.close()


def _as_http(error: ApiError) -> bytes:
    """An error where there is no application yet to answer."""
    body = json.dumps(error.body()).encode()
    lines = [
        f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in error.headers().items()),
        "connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body
