# SPDX-License-Identifier: Apache-2.0
"""What is to be played, in order, and how much of it has been: the loudspeaker's side of `audio/out`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
MAX_QUEUED_S = 30.0
REMEMBERED_STREAMS = 32


@dataclass(frozen=True)
class Played:
    """State of a stream.

    Attributes:
        samples: played so far, at the stream's own rate.
        is_finished: nothing more of it will be played.
        is_interrupted: it was finished early.
    """

    stream_id: str
    samples: int
    sample_rate: int
    is_finished: bool = False
    is_interrupted: bool = False
    underruns: int = 0


@dataclass
class _Stream:
    stream_id: str
    rate: int
    resampler: Any = None
    blocks: list[Samples] = field(default_factory=list)
    queued: int = 0
    played: int = 0
    next_sequence: int = 0
    is_complete: bool = False
    underruns: int = 0
    is_dry: bool = False


class PlaybackQueue:
    """Streams of PCM, played one after the other at the device's rate. Thread-safe.

    Args:
        rate: of the device, Hz.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._lock = threading.Lock()
        self._streams: OrderedDict[str, _Stream] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._news: list[Played] = []
        self.lost_chunks = 0

    def add(self, stream_id: str, sequence: int, rate: int, samples: Samples, *, is_last: bool) -> None:
        """Append a chunk to a stream. Chunks of an ended stream are dropped, and so is what overflows."""
        with self._lock:
            if stream_id in self._ended:
                return
            stream = self._streams.get(stream_id)
            if stream is None:
                stream = self._streams[stream_id] = _Stream(stream_id, rate, self._resampler(rate))
            self.lost_chunks += max(0, sequence - stream.next_sequence)
            stream.next_sequence = sequence + 1
            block = (
                samples
                if stream.resampler is None
                else stream.resampler.resample_chunk(samples, last=is_last)
            )
            if len(block) and stream.queued < MAX_QUEUED_S * self.rate:
                stream.blocks.append(block)
                stream.queued += len(block)
                stream.is_dry = False
            stream.is_complete = stream.is_complete or is_last

    def _resampler(self, rate: int) -> Any:
        if rate == self.rate:
            return None
        import soxr

        return soxr.ResampleStream(rate, self.rate, 1, dtype="int16")

    def read(self, count: int) -> Samples:
        """The next samples for the device, (count,), silence where there is nothing."""
        out = np.zeros(count, np.int16)
        filled = 0
        with self._lock:
            while filled < count and self._streams:
                stream = next(iter(self._streams.values()))
                taken = self._take(stream, out[filled:])
                filled += taken
                if stream.queued:
                    continue
                if stream.is_complete:
                    self._end(stream, interrupted=False)
                    continue
                if not stream.is_dry and stream.played:
                    stream.is_dry, stream.underruns = True, stream.underruns + 1
                break
        return out

    @staticmethod
    def _take(stream: _Stream, out: Samples) -> int:
        filled = 0
        while filled < len(out) and stream.blocks:
            block = stream.blocks[0]
            part = block[: len(out) - filled]
            out[filled : filled + len(part)] = part
            filled += len(part)
            if len(part) == len(block):
                stream.blocks.pop(0)
            else:
                stream.blocks[0] = block[len(part) :]
        stream.queued -= filled
        stream.played += filled
        return filled

    def flush(self) -> None:
        """Fall silent: every stream ends as interrupted, and what still comes of it is dropped."""
        with self._lock:
            for stream in list(self._streams.values()):
                self._end(stream, interrupted=True)

    def _end(self, stream: _Stream, *, interrupted: bool) -> None:
        self._news.append(self._state(stream, is_finished=True, is_interrupted=interrupted))
        del self._streams[stream.stream_id]
        self._ended[stream.stream_id] = None
        while len(self._ended) > REMEMBERED_STREAMS:
            self._ended.popitem(last=False)

    def _state(self, stream: _Stream, *, is_finished: bool = False, is_interrupted: bool = False) -> Played:
        samples = round(stream.played * stream.rate / self.rate)
        return Played(stream.stream_id, samples, stream.rate, is_finished, is_interrupted, stream.underruns)

    def news(self) -> list[Played]:
        """Streams that have ended since the last call, then the one that is being played."""
        with self._lock:
            ended, self._news = self._news, []
            playing = next((s for s in self._streams.values() if s.played), None)
            return [*ended, *([self._state(playing)] if playing is not None else [])]

    @property
    def is_playing(self) -> bool:
        """Some stream has begun and not ended."""
        with self._lock:
            return any(stream.played for stream in self._streams.values())
