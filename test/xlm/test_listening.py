# SPDX-License-Identifier: Apache-2.0
"""The sockets that the server takes are as quick as those that asyncio makes itself."""

from __future__ import annotations

import asyncio
import socket

import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.xlm.listening import address_of, listening_sockets


def test_small_pieces_are_sent_at_once() -> None:
    async def accepted() -> int:
        delays: asyncio.Queue[int] = asyncio.Queue()

        async def meet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            met: socket.socket = writer.get_extra_info("socket")
            delays.put_nowait(met.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        (listener,) = listening_sockets("127.0.0.1", 0)
        async with await asyncio.start_server(meet, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            writer.close()
            return await asyncio.wait_for(delays.get(), 10.0)

    assert asyncio.run(accepted())


def test_a_port_that_is_taken_is_named() -> None:
    (taken,) = listening_sockets("127.0.0.1", 0)
    with taken, pytest.raises(ConfigurationError, match="in use"):
        listening_sockets("127.0.0.1", int(address_of(taken).rpartition(":")[2]))
