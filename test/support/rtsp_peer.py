# SPDX-License-Identifier: Apache-2.0
"""A stand-in for an RTSP camera with a microphone: just enough of RFC 2326 for one client over TCP."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import numpy as np

PACKET_S = 0.02
TIMEOUT_S = 5.0
# payload type, what SDP says of it, clock rate
FORMS = {"L16": (96, "a=rtpmap:96 L16/16000/1", 16000), "PCMU": (0, "a=rtpmap:0 PCMU/8000/1", 8000)}
VIDEO = "m=video 0 RTP/AVP 98\r\na=rtpmap:98 H264/90000\r\na=control:video\r\n"


class ScriptedRtspServer:
    """Serves one stream until it is closed; `drop` ends the connection as a reboot would.

    Args:
        packet: makes the payload of the n-th packet of 20 ms.
        answer: status line of DESCRIBE instead of the stream's description.
    """

    def __init__(
        self, form: str, packet: Callable[[int], bytes], *, answer: str = "", has_sound: bool = True
    ) -> None:
        self._form, self._packet, self._answer, self._has_sound = form, packet, answer, has_sound
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.url = f"rtsp://127.0.0.1:{self._listener.getsockname()[1]}/audio"
        self._client: socket.socket | None = None
        self.clients = 0
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def drop(self) -> None:
        client = self._client
        if client is not None:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._is_closing.set()
        self.drop()
        self._thread.join(TIMEOUT_S)
        self._listener.close()

    def _serve(self) -> None:
        while not self._is_closing.is_set():
            try:
                self._client, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.clients += 1
            with self._client, contextlib.suppress(OSError):
                self._client.settimeout(TIMEOUT_S)
                self._talk(self._client)
            self._client = None

    def _talk(self, client: socket.socket) -> None:
        buffered = b""
        while not self._is_closing.is_set():
            while b"\r\n\r\n" not in buffered:
                received = client.recv(4096)
                if not received:
                    return
                buffered += received
            head, buffered = buffered.split(b"\r\n\r\n", 1)
            method = head.split()[0].decode()
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if ": " in line)
            client.sendall(self._reply(method, fields["CSeq"]))
            if method == "PLAY":
                self._play(client)
                return

    def _reply(self, method: str, number: str) -> bytes:
        status, more, body = "200 OK", "", ""
        if method == "DESCRIBE" and self._answer:
            status = self._answer
        elif method == "DESCRIBE":
            kind, rtpmap, _ = FORMS[self._form]
            sound = f"m=audio 0 RTP/AVP {kind}\r\n{rtpmap}\r\na=control:audio\r\n"
            body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n"
            body += sound if self._has_sound else VIDEO
            more = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        elif method == "OPTIONS":
            more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        return f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{more}\r\n{body}".encode()

    def _play(self, client: socket.socket) -> None:
        """In real time, a little bunched up, as packets come through a network."""
        kind, _, rate = FORMS[self._form]
        began = time.monotonic()
        for number in range(2**16):
            if self._is_closing.is_set():
                return
            head = bytes([0x80, kind]) + number.to_bytes(2, "big")
            head += int(number * PACKET_S * rate).to_bytes(4, "big") + (7).to_bytes(4, "big")
            packet = head + self._packet(number)
            client.sendall(b"$\x00" + len(packet).to_bytes(2, "big") + packet)
            if number % 4 == 3:
                time.sleep(max(0.0, began + number * PACKET_S - time.monotonic()))


def l16_tone(number: int) -> bytes:
    """500 Hz."""
    at = (number * 320 + np.arange(320)) / 16000
    return (8000 * np.sin(2 * np.pi * 500 * at)).astype(">i2").tobytes()
