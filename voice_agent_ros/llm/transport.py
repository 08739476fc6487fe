# SPDX-License-Identifier: Apache-2.0
"""HTTP connections that are kept open between requests, what happens when the server has closed one meanwhile, and how
much may come over one."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from typing import Any

# Less than the five seconds after which uvicorn and llama.cpp's server close what is idle.
KEEPALIVE_S = 4.0
MAX_IDLE_CONNECTIONS = 4
# An event of 8,192 tokens each is a tenth of it. Without packing: a few bytes may stand for any number of them.
MAX_RESPONSE_BYTES = 16 * 2**20
UNPACKED = {"Accept-Encoding": "identity"}


def http_library() -> Any:
    """The module that the openai package speaks HTTP with: httpx, or its successor httpx2 in later versions."""
    from openai import DefaultAsyncHttpxClient

    client = next(one for one in DefaultAsyncHttpxClient.__mro__ if one.__name__ == "AsyncClient")
    return importlib.import_module(client.__module__.partition(".")[0])


def kept_open() -> Any:
    """A transport that sends a request again, on a new connection, if the one it was sent on was already closed.

    A server may close an idle connection at the very moment when a request is put into it, and then nobody has read
    that request (RFC 9112, section 9.3.1). Only a connection used before can be meant: what happens to a request on
    a new one is told as it is.
    """
    http = http_library()

    class Bounded(http.AsyncByteStream):  # type: ignore[misc,name-defined]
        def __init__(self, stream: Any) -> None:
            self._stream = stream

        async def __aiter__(self) -> AsyncIterator[bytes]:
            count = 0
            async for piece in self._stream:
                count += len(piece)
                if count > MAX_RESPONSE_BYTES:
                    raise http.ReadError(f"more than {MAX_RESPONSE_BYTES} bytes came")
                yield piece

        async def aclose(self) -> None:
            await self._stream.aclose()

    class KeptOpen(http.AsyncHTTPTransport):  # type: ignore[misc,name-defined]
        async def handle_async_request(self, request: Any) -> Any:
            is_new = False

            async def on_event(name: str, _: Any) -> None:
                nonlocal is_new
                is_new = is_new or name.startswith("connection.connect")

            request.extensions["trace"] = on_event
            try:
                return bounded(await super().handle_async_request(request))
            except (http.RemoteProtocolError, http.ReadError, http.WriteError):
                if is_new:
                    raise
                return bounded(await super().handle_async_request(request))

    def bounded(response: Any) -> Any:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise http.DecodingError("it comes packed although that was not asked for")
        response.stream = Bounded(response.stream)
        return response

    return KeptOpen(
        limits=http.Limits(max_keepalive_connections=MAX_IDLE_CONNECTIONS, keepalive_expiry=KEEPALIVE_S)
    )
