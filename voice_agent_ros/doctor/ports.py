# SPDX-License-Identifier: Apache-2.0
"""Whether the ports that the agent's servers want are free, or held by what should be there."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from voice_agent_ros.doctor.check import Check, Installation

AREA = "ports"
LOCAL = ("127.0.0.1", "localhost", "::1")


def examine(installation: Installation) -> Iterator[Check]:
    """The language model server's port, if it is on this computer; and whether multicast works at all."""
    url = urlsplit(str(installation.parameter("llm_node", "llm_url", "http://127.0.0.1:8765/v1")))
    try:
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError as error:
        yield Check(AREA, "llm_url", "FAIL", f"{url.geturl()}: {error}", "Correct llm_url of llm_node.")
        return
    if url.hostname in LOCAL:
        yield _port(str(url.hostname), port)
    yield _multicast()


def _port(host: str, port: int) -> Check:
    name = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return Check(
                AREA, name, "PASS", f"taken{_holder(port)}: the language model's server, if it answers above"
            )
        return Check(AREA, name, "FAIL", str(error), "Choose another port for xlm-server and llm_url.")
    return Check(AREA, name, "PASS", "free for a server")


def _holder(port: int) -> str:
    """Who listens there, as far as this user may know."""
    try:
        import psutil
    except ImportError:
        return ""
    try:
        listening = [
            connection.pid
            for connection in psutil.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid
        ]
        return f" by {psutil.Process(listening[0]).name()} ({listening[0]})" if listening else ""
    except (OSError, psutil.Error):
        return ""


def _multicast() -> Check:
    """DDS finds other processes by UDP multicast, be it on the loopback."""
    group = ("239.255.0.1", 0)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.settimeout(1.0)
            receiver.bind(("", 0))
            membership = socket.inet_aton(group[0]) + socket.inet_aton("127.0.0.1")
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
                sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
                sender.sendto(b"voice_agent_ros", (group[0], receiver.getsockname()[1]))
            receiver.recv(64)
    except OSError as error:
        fix = "Nodes may not find each other: ip link set lo multicast on, and look at the firewall."
        return Check(AREA, "multicast", "WARN", f"nothing came back on the loopback: {error}", fix)
    return Check(AREA, "multicast", "PASS", "a datagram came back on the loopback")
