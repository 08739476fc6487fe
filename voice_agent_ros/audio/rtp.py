# SPDX-License-Identifier: Apache-2.0
"""Addresses of RTP streams, and what arrives there: RTP numbers its formats, and each sender numbers them its own way."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
import time
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from voice_agent_ros.errors import ConfigurationError

POLL_S = 0.2
PACKET_BYTES = 2048
DYNAMIC = range(96, 128)
# What we send them as, what SDP calls them, and FFmpeg's codec; RFC 3551 and RFC 7587.
CODECS = {
    "l16": (96, "L16/{rate}/{channels}", "pcm_s16be"),
    "pcmu": (0, "PCMU/8000/1", "pcm_mulaw"),
    "pcma": (8, "PCMA/8000/1", "pcm_alaw"),
    "opus": (97, "opus/48000/2", "libopus"),
}
# These say all about themselves, with rate and channels (RFC 3551, table 4).
_STATIC = {0: ("pcmu", 8000, 1), 8: ("pcma", 8000, 1), 10: ("l16", 44100, 2), 11: ("l16", 44100, 1)}


@dataclass(frozen=True)
class RtpAddress:
    """`rtp://HOST:PORT?codec=l16&rate=16000&channels=1`; HOST is where it comes from (or goes to).

    Attributes:
        payload: the format's number; None: the sender's (or ours, when we send).
    """

    host: str
    port: int
    codec: str = "l16"
    rate: int = 16000
    channels: int = 1
    payload: int | None = None

    @classmethod
    def parse(cls, url: str) -> RtpAddress:
        """From a URL.

        Raises:
            ConfigurationError: it is no such URL.
        """
        fix = f"Write rtp://HOST:PORT?codec=opus (codec: {', '.join(CODECS)}; l16 also rate= and channels=)."
        try:
            parts = urlsplit(url)
            query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
            port = parts.port
            codec = query.pop("codec", "l16").lower()
            rate, channels = int(query.pop("rate", 16000)), int(query.pop("channels", 1))
            payload = int(query.pop("payload")) if "payload" in query else None
        except ValueError as error:
            raise ConfigurationError(f"{url!r} is not understood: {error}.", fix) from error
        is_bad = parts.scheme != "rtp" or not parts.hostname or not port or codec not in CODECS or query
        is_number = payload is None or 0 <= payload < 128
        if is_bad or not is_number or not 8000 <= rate <= 192000 or channels not in (1, 2):
            raise ConfigurationError(f"{url!r} is no address of an RTP stream.", fix)
        assert parts.hostname is not None
        assert port is not None
        return cls(parts.hostname, port, codec, rate, channels, payload)

    def sdp(self) -> str:
        """What FFmpeg must know, for RTP itself does not say what it carries."""
        usual, form, _ = CODECS[self.codec]
        number = usual if self.payload is None else self.payload
        family = "IP6" if ":" in self.host else "IP4"
        lines = (
            "v=0",
            f"o=- 0 0 IN {family} {self.host}",
            "s=microphone",
            f"c=IN {family} {self.host}",
            "t=0 0",
            f"m=audio {self.port} RTP/AVP {number}",
            f"a=rtpmap:{number} {form.format(rate=self.rate, channels=self.channels)}",
        )
        return "\r\n".join((*lines, ""))

    def as_sent(self, payload: int) -> RtpAddress:
        """The same with the number that the sender gives its format, and what a fixed number says of it."""
        if payload in _STATIC:
            codec, rate, channels = _STATIC[payload]
            return replace(self, codec=codec, rate=rate, channels=channels, payload=payload)
        return replace(self, payload=payload)


def arriving(address: RtpAddress, timeout_s: float, closing: threading.Event) -> RtpAddress | None:
    """An address with what its first packet says; at once if the address says so itself. None: closed meanwhile.

    Raises:
        OSError: nothing came in time, or the port is taken.
    """
    if address.payload is not None:
        return address
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    end = time.monotonic() + timeout_s
    with socket.socket(family, socket.SOCK_DGRAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", address.port))
        _join(listener, address.host)
        listener.settimeout(POLL_S)
        while not closing.is_set():
            if time.monotonic() > end:
                raise TimeoutError(f"nothing arrives at port {address.port}")
            with contextlib.suppress(TimeoutError):
                packet = listener.recv(PACKET_BYTES)
                payload = packet[1] & 0x7F if len(packet) > 12 and packet[0] >> 6 == 2 else -1
                if payload in _STATIC or payload in DYNAMIC:  # others are RTCP, or no RTP
                    return address.as_sent(payload)
    return None


def _join(listener: socket.socket, host: str) -> None:
    """Listen to a multicast group, if the host is one."""
    try:
        group = ipaddress.ip_address(host)
    except ValueError:
        return
    if not group.is_multicast:
        return
    if group.version == 4:
        request = group.packed + socket.inet_aton("0.0.0.0")  # noqa: S104  on any interface
        listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    else:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group.packed + bytes(4))
