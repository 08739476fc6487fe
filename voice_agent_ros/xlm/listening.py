# SPDX-License-Identifier: Apache-2.0
"""The server's address, taken before anything is started on its behalf: a second console would find no memory."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

from voice_agent_ros.errors import ConfigurationError

BACKLOG = 2048  # as uvicorn has it
# "localhost" has an address of each kind, of which a computer may lack one.
_LACKING = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at every address of a host name.

    Raises:
        ConfigurationError: there is no such address, or it is in use.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ConfigurationError(
            f"There is no host {host!r}: {error.strerror}.", "Correct --host."
        ) from error
    sockets: list[socket.socket] = []
    problems: list[OSError] = []
    for family, _, _, _, address in found:
        try:
            sockets.append(_listening(family, address))
        except OSError as error:
            problems.append(error)
    severe = [error for error in problems if error.errno not in _LACKING]
    if severe or not sockets:
        for taken in sockets:
            taken.close()
        raise _refusal(host, port, (severe or problems)[0])
    return sockets


def address_of(listener: socket.socket) -> str:
    """Where it is, for a person to open; the port may have been the system's choice."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family == socket.AF_INET6 else f"http://{host}:{port}"


def _listening(family: int, address: Sequence[object]) -> socket.socket:
    # asyncio sends without delay (TCP_NODELAY) where the protocol is named, and else waits 40 ms for every second piece.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(tuple(address))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _refusal(host: str, port: int, error: OSError) -> ConfigurationError:
    fixes = {
        errno.EADDRINUSE: "End what listens there, or choose another --port.",
        errno.EACCES: "Choose a --port above 1023.",
    }
    what = f"The server cannot listen at {host}:{port}: {error.strerror}."
    return ConfigurationError(what, fixes.get(error.errno or 0, "Choose another --host."))
