# SPDX-License-Identifier: Apache-2.0
"""What is to be played, in order, and how much of it has been: the loudspeaker's side of `audio/out`."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
MAX_QUEUED_S = 30.0
REMEMBERED_STREAMS = 256
MAX_NEWS = 256
# A stream that has run dry is given up after this: sooner if another one waits behind it.
STALL_S = 30.0
STALL_OTHERS_WAIT_S = 2.0


@dataclass(frozen=True)
class Played:
    """State of a stream.

    Attributes:
        samples: played so far, at the stream's own rate.
        at: monotonic time at which the last of them leaves the converter, s.
        is_finished: nothing more of it will be played.
        is_interrupted: it was finished early.
        underruns: times it ran dry.
    """

    stream_id: str
    samples: int
    sample_rate: int
    at: float
    is_finished: bool = False
    is_interrupted: bool = False
    underruns: int = 0


@dataclass
class _Stream:
    stream_id: str
    rate: int
    resampler: Any = None
    blocks: deque[Samples] = field(default_factory=deque)
    received: int = 0  # samples at the stream's rate
    queued: int = 0  # samples at the device's rate
    played: int = 0  # at the device's rate
    played_at: float = 0.0
    next_sequence: int = 0
    is_complete: bool = False
    underruns: int = 0
    dry_since: float | None = None


class PlaybackQueue:
    """Streams of PCM, played one after the other at the device's rate. Thread-safe.

    Args:
        rate: of the device, Hz.
        on_change: called, in whatever thread, when a stream has begun or ended; must not block.

    Attributes:
        lost_chunks: missing in a stream, or dropped because too much was queued.
    """

    def __init__(
        self,
        rate: int,
        on_change: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate = rate
        self.lost_chunks = 0
        self._on_change = on_change
        self._now = now
        self._lock = threading.Lock()
        self._has_audio = threading.Event()
        self._streams: OrderedDict[str, _Stream] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._news: deque[Played] = deque(maxlen=MAX_NEWS)
        self._stopped_at = float("-inf")
        self._is_held = False
        self._peak = 0
        self._underruns = 0

    def add(
        self,
        stream_id: str,
        sequence: int,
        rate: int,
        samples: Samples,
        *,
        is_last: bool,
        created_at: float = float("inf"),
    ) -> None:
        """Append a chunk to a stream. To be called from one thread.

        What belongs to a stream that has ended is dropped, unless it begins anew; so is a stream that begins with
        a chunk created before the last stop.

        Args:
            created_at: on the clock that `stop` is told.
        """
        with self._lock:
            stream = self._streams.get(stream_id)
            if stream is None and self._may_begin(stream_id, sequence, rate, created_at):
                stream = self._streams[stream_id] = _Stream(stream_id, rate, self._resampler(rate))
            if stream is None or stream.is_complete or sequence < stream.next_sequence:
                return
            self.lost_chunks += sequence - stream.next_sequence
            stream.next_sequence = sequence + 1
        block = samples
        if stream.resampler is not None:  # outside of the lock: the device must not wait for it
            block = stream.resampler.resample_chunk(samples, last=is_last)
        with self._lock:
            queued = sum(other.queued for other in self._streams.values())
            if len(block) and queued > MAX_QUEUED_S * self.rate:
                self.lost_chunks += 1
            elif len(block):
                stream.blocks.append(block)
                stream.queued += len(block)
                stream.received += len(samples)
            stream.is_complete = is_last
            self._has_audio.set()

    def _may_begin(self, stream_id: str, sequence: int, rate: int, created_at: float) -> bool:
        if created_at <= self._stopped_at:
            # Its sender hears of its end, as of all the others that the stop has met.
            if stream_id not in self._ended:
                self._remember(stream_id)
                self._news.append(Played(stream_id, 0, rate, self._now(), True, True))
                self._on_change()
            return False
        if stream_id in self._ended and sequence > 0:
            return False
        self._ended.pop(stream_id, None)
        return True

    def _resampler(self, rate: int) -> Any:
        if rate == self.rate:
            return None
        import soxr

        return soxr.ResampleStream(rate, self.rate, 1, dtype="int16")

    def read(self, count: int, leaves_at: float | None = None) -> Samples:
        """The next samples for the device, (count,), silence where there is nothing.

        Args:
            leaves_at: monotonic time at which the first of them leaves the converter; None: now.
        """
        at = self._now() if leaves_at is None else leaves_at
        out = np.zeros(count, np.int16)
        filled = 0
        changed = False
        with self._lock:
            while filled < count and self._streams and not self._is_held:
                stream = next(iter(self._streams.values()))
                changed = changed or (stream.played == 0 and stream.queued > 0)
                filled += self._take(stream, out[filled:])
                stream.played_at = at + filled / self.rate
                if stream.queued:
                    continue
                if not stream.is_complete:
                    if filled == count or not self._is_stalled(stream, at):
                        break
                    self._end(stream, interrupted=True)
                else:
                    self._end(stream, interrupted=False)
                changed = True
            if not self._streams:
                self._has_audio.clear()
            if filled:
                self._peak = max(self._peak, int(np.max(np.abs(out[:filled].astype(np.int32)))))
        if changed:
            self._on_change()
        return out

    def output(self) -> tuple[float, int]:
        """The loudest sample played since the last call, of 1, and how often streams ran dry in all."""
        with self._lock:
            peak, self._peak = self._peak, 0
            return peak / 32768.0, self._underruns

    def _is_stalled(self, stream: _Stream, at: float) -> bool:
        if stream.dry_since is None:
            stream.dry_since = at
            stream.underruns += stream.played > 0
            self._underruns += stream.played > 0
        return at - stream.dry_since > (STALL_OTHERS_WAIT_S if len(self._streams) > 1 else STALL_S)

    @staticmethod
    def _take(stream: _Stream, out: Samples) -> int:
        filled = 0
        while filled < len(out) and stream.blocks:
            block = stream.blocks[0]
            part = block[: len(out) - filled]
            out[filled : filled + len(part)] = part
            filled += len(part)
            if len(part) == len(block):
                stream.blocks.popleft()
            else:
                stream.blocks[0] = block[len(part) :]
        if filled:
            stream.dry_since = None
        stream.queued -= filled
        stream.played += filled
        return filled

    def wait_for_audio(self, timeout_s: float) -> bool:
        """Whether something is to be played; waits for it."""
        return self._has_audio.wait(timeout_s)

    def hold(self) -> None:
        """Fall silent, but lose nothing."""
        with self._lock:
            self._is_held = True

    def resume(self) -> None:
        """Go on at the sample where it was held."""
        with self._lock:
            self._is_held = False

    def stop(self, at: float | None = None) -> None:
        """Fall silent: every stream ends as interrupted, and what still comes of it is dropped.

        Args:
            at: when it was asked for, on the clock of the chunks' `created_at`; streams created before do not begin.
        """
        with self._lock:
            if at is not None:
                self._stopped_at = max(at, self._stopped_at)
            self._is_held = False
            for stream in list(self._streams.values()):
                stream.played_at = stream.played_at or self._now()
                self._end(stream, interrupted=True)
        self._on_change()

    def _end(self, stream: _Stream, *, interrupted: bool) -> None:
        self._news.append(self._state(stream, is_finished=True, is_interrupted=interrupted))
        del self._streams[stream.stream_id]
        self._remember(stream.stream_id)

    def _remember(self, stream_id: str) -> None:
        self._ended[stream_id] = None
        while len(self._ended) > REMEMBERED_STREAMS:
            self._ended.popitem(last=False)

    def _state(self, stream: _Stream, *, is_finished: bool = False, is_interrupted: bool = False) -> Played:
        samples = min(stream.received, round(stream.played * stream.rate / self.rate))
        if is_finished and not is_interrupted:
            samples = stream.received
        return Played(
            stream.stream_id,
            samples,
            stream.rate,
            stream.played_at,
            is_finished,
            is_interrupted,
            stream.underruns,
        )

    def news(self) -> list[Played]:
        """Streams that have ended since the last call, then the one that is being played."""
        with self._lock:
            ended = list(self._news)
            self._news.clear()
            playing = next((s for s in self._streams.values() if s.played), None)
            return [*ended, *([self._state(playing)] if playing is not None else [])]

    @property
    def is_playing(self) -> bool:
        """Some stream has begun and not ended."""
        with self._lock:
            return any(stream.played for stream in self._streams.values())
