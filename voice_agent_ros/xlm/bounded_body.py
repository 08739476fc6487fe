# SPDX-License-Identifier: Apache-2.0
"""A request's body, counted and timed while it arrives, whoever reads it."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from voice_agent_ros.xlm.api_errors import ApiError
from voice_agent_ros.xlm.services import BodyLimit


class BoundedBody:
    """Stands between the connection and whoever reads the body.

    Args:
        receive: the connection's.
        limit: of the path.

    Raises:
        ApiError: 413 or 408, to the reader.
    """

    def __init__(self, receive: Receive, limit: BodyLimit) -> None:
        self._receive = receive
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + limit.seconds
        self._bytes = 0
        self._is_complete = False

    async def __call__(self) -> Message:
        """The next message. After the body there is only the hang-up to wait for, which has no limit."""
        if self._is_complete:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.0, self._due - self._loop.time()))
        except asyncio.TimeoutError as error:
            raise ApiError(408, f"The body did not arrive within {self._limit.seconds:g} s.") from error
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
            if self._bytes > self._limit.max_bytes:
                raise too_large(self._limit)
        return message


def check_length(headers: Headers, limit: BodyLimit) -> None:
    """Refuse a body by the length it is announced with.

    Raises:
        ApiError: 413.
    """
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > limit.max_bytes:
        raise too_large(limit)


def too_large(limit: BodyLimit) -> ApiError:
    """What is said to a body that is."""
    return ApiError(413, f"The body is larger than {limit.max_bytes} bytes.", code="request_too_large")
