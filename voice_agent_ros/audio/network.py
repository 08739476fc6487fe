# SPDX-License-Identifier: Apache-2.0
"""Microphones and loudspeakers elsewhere: RTP (L16, PCMU, Opus) and RTSP in, RTP out, through FFmpeg (PyAV)."""

from __future__ import annotations

import queue
import re
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from voice_agent_ros.audio.rtp import CODECS, RtpAddress, arriving
from voice_agent_ros.audio.source import BLOCK_S, BLOCK_SAMPLES, SAMPLE_RATE, Block, Samples
from voice_agent_ros.errors import DeviceError

QUEUED_BLOCKS = 100  # 2 s; more is lost, and counted by the gap
READ_TIMEOUT_S = 0.2
OPEN_TIMEOUT_S = 5.0
SILENCE_TIMEOUT_S = 2.0
JOIN_TIMEOUT_S = 3.0
JITTER_S = 0.06  # packets that overtake each other are put in order within this
GAP_S = 0.005
KNOWN_PACKETS = 16  # the latest: a copy comes soon or is too late anyway
MAX_GAP_S = 5.0  # a longer jump is another recording, not lost audio


class NetworkSource:
    """A stream from the network as a `Source`; a thread receives, so that nothing is lost while others work.

    Args:
        url: `rtp://…` (see `RtpAddress`), `rtsp://…`, or what else FFmpeg opens.

    Raises:
        ConfigurationError: the URL is not understood.
        DeviceError: PyAV is missing.
    """

    def __init__(self, url: str) -> None:
        try:
            import av
        except ImportError as error:
            raise DeviceError("Network sources need PyAV.", "Run: pip install av") from error
        self._av: Any = av
        self._url = url
        self._name = _without_password(url)
        self._rtp = RtpAddress.parse(url) if url.startswith("rtp:") else None
        self._blocks: queue.Queue[Block | DeviceError] = queue.Queue(QUEUED_BLOCKS)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="network microphone", daemon=True)
        self._thread.start()

    def read(self) -> Block | None:
        """See `Source`.

        Raises:
            DeviceError: the stream is over or cannot be opened.
        """
        try:
            item = self._blocks.get(timeout=READ_TIMEOUT_S)
        except queue.Empty:
            if not self._thread.is_alive():
                raise DeviceError(f"{self._name} has ended.", "It is tried again.") from None
            return None
        if isinstance(item, DeviceError):
            raise item
        return item

    def close(self) -> None:
        """End the thread, at the latest when its wait for a packet times out."""
        self._closing.set()
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        try:
            opened = self._opened()
            if opened is None:
                return
            with opened as container:
                if not container.streams.audio:
                    self._put(DeviceError(f"{self._name} has no sound.", "Switch its microphone on."))
                    return
                for block in self._received(container):
                    if self._closing.is_set():
                        return
                    self._put(block)
        except (self._av.FFmpegError, OSError, ValueError) as error:
            if not self._closing.is_set():
                why = str(getattr(error, "strerror", None) or error)
                self._put(DeviceError(f"{self._name} delivers nothing: {why}.", _fix(error)))

    def _put(self, item: Block | DeviceError) -> None:
        try:
            self._blocks.put_nowait(item)
        except queue.Full:
            return  # the index tells

    def _opened(self) -> Any:
        """The stream; None if it is to be closed before anything came."""
        options = {"max_delay": str(round(JITTER_S * 1e6)), "fflags": "nobuffer", "analyzeduration": "0"}
        timeout = (OPEN_TIMEOUT_S, SILENCE_TIMEOUT_S)
        if self._rtp is None:
            options["rtsp_flags"] = "prefer_tcp"
            return self._av.open(self._url, options=options, timeout=timeout)
        sent = arriving(self._rtp, OPEN_TIMEOUT_S, self._closing)
        if sent is None:
            return None
        options |= {"protocol_whitelist": "file,udp,rtp", "reorder_queue_size": "32"}
        with tempfile.NamedTemporaryFile("w", suffix=".sdp") as file:
            file.write(sent.sdp())
            file.flush()
            return self._av.open(file.name, format="sdp", options=options, timeout=timeout)

    def _received(self, container: Any) -> Iterator[Block]:
        resampler = self._av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        blocks = _Blocks()
        for frame in (frame for packet in _once(container) for frame in packet.decode()):
            if self._closing.is_set():
                return
            begins = float(frame.pts * frame.time_base) if frame.pts is not None else None
            duration_s = frame.samples / frame.sample_rate
            parts = [part.to_ndarray().reshape(-1) for part in resampler.resample(frame)]
            samples = np.concatenate([np.zeros(0, np.int16), *parts]).astype(np.int16)
            yield from blocks.add(samples, begins, duration_s, time.monotonic() - duration_s)


def _once(container: Any) -> Iterator[Any]:
    """Packets of sound. Where there are two ways to somewhere, some come twice; what is alike at the same time is one."""
    known: deque[tuple[int, bytes]] = deque(maxlen=KNOWN_PACKETS)
    for packet in container.demux(audio=0):
        if packet.pts is not None and packet.size:
            this = (packet.pts, bytes(packet))
            if this in known:
                continue
            known.append(this)
        yield packet


class _Blocks:
    """Cuts what arrives into blocks; time stamps that jump tell what was lost on the way."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.int16)
        self._index = 0
        self._expected: float | None = None

    def add(self, samples: Samples, begins: float | None, duration_s: float, at: float) -> Iterator[Block]:
        """Take samples.

        Args:
            begins: the sender's time of the first one, s.
            duration_s: the sender's, so that rounding by the resampler does not add up.
            at: monotonic time at which the first one was heard here, s.
        """
        if begins is not None:
            lost_s = begins - self._expected if self._expected is not None else 0.0
            if GAP_S < lost_s < MAX_GAP_S:
                self._index += max(1, round(lost_s / BLOCK_S))
            self._expected = begins + duration_s
        at -= len(self._rest) / SAMPLE_RATE
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= BLOCK_SAMPLES:
            yield Block(self._rest[:BLOCK_SAMPLES], self._index, at)
            self._rest = self._rest[BLOCK_SAMPLES:]
            self._index += 1
            at += BLOCK_S


class Playable(Protocol):
    """What a loudspeaker needs of a `PlaybackQueue`."""

    rate: int

    def read(self, count: int, at: float) -> Samples:
        """The next samples, whose first one is heard at a monotonic time."""
        ...


class NetworkSink:
    """Sends what is to be played as RTP, without pause: silence keeps routers and players in time.

    Raises:
        ConfigurationError: the URL is not understood.
        DeviceError: it cannot be sent there.
    """

    def __init__(self, url: str, playback: Playable) -> None:
        try:
            import av
        except ImportError as error:
            raise DeviceError("Network sinks need PyAV.", "Run: pip install av") from error
        self._av: Any = av
        engine = self._av
        address = RtpAddress.parse(url)
        self._playback = playback
        number, _, codec = CODECS[address.codec]
        rate = {"pcmu": 8000, "pcma": 8000, "opus": 48000}.get(address.codec, address.rate)
        host = f"[{address.host}]" if ":" in address.host else address.host
        try:
            options = {"payload_type": str(number if address.payload is None else address.payload)}
            self._container: Any = engine.open(
                f"rtp://{host}:{address.port}?pkt_size=1200", "w", format="rtp", options=options
            )
            self._stream: Any = self._container.add_stream(codec, rate=rate)
            self._stream.layout = "stereo" if address.codec == "opus" or address.channels == 2 else "mono"
        except (av.FFmpegError, OSError, ValueError) as error:
            raise DeviceError(f"Nothing can be sent to {url}: {error}.", "Check host and codec.") from error
        self._resampler: Any = engine.AudioResampler(
            format=self._stream.codec_context.format or "s16",
            layout=self._stream.layout,
            rate=rate,
            frame_size=rate // 50,
        )
        self.problem = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="network loudspeaker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the stream."""
        self._closing.set()
        self._thread.join(JOIN_TIMEOUT_S)
        try:
            self._container.close()
        except (self._av.FFmpegError, OSError):
            return  # nobody listens any more

    def _run(self) -> None:
        count = round(self._playback.rate * BLOCK_S)
        due, sent = time.monotonic(), 0
        while not self._closing.is_set():
            frame = self._av.AudioFrame.from_ndarray(
                self._playback.read(count, due)[None, :], format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts = self._playback.rate, sent
            sent += count
            try:
                for part in self._resampler.resample(frame):
                    self._container.mux(self._stream.encode(part))
                self.problem = ""
            except (self._av.FFmpegError, OSError) as error:  # the host may come back
                self.problem = str(error)
            due += BLOCK_S
            self._closing.wait(max(0.0, due - time.monotonic()))


def _without_password(url: str) -> str:
    """For people and logs."""
    return re.sub(r"(?<=//)[^/@]*@", "", url)


def _fix(error: Exception) -> str:
    """What to do about a stream that cannot be had, by FFmpeg's kind of error."""
    kind = type(error).__name__
    if kind in ("HTTPUnauthorizedError", "HTTPForbiddenError"):
        return "Put user name and password into the address: rtsp://USER:PASSWORD@HOST/PATH."
    if kind == "HTTPNotFoundError":
        return "Correct the path in the address."
    return "Is the sender running, and its address right?"
