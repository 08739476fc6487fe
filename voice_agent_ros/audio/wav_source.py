# SPDX-License-Identifier: Apache-2.0
"""Recordings as a live microphone: paced by a clock, silence before, between and after. It never ends."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voice_agent_ros.audio.clock import Clock, MonotonicClock
from voice_agent_ros.audio.source import BLOCK_S, BLOCK_SAMPLES, SAMPLE_RATE, Block, Samples
from voice_agent_ros.errors import DeviceError

ROOM_NOISE_RMS = 3.0  # of 32768; a real microphone is never quite silent
ROOM_NOISE_S = 4.0  # repeated from there on
LOUD = 330  # of 32768, -40 dB: sound that somebody made
LATE_S = 1.0  # so far behind the clock, time is given up rather than sound


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording, 16 kHz mono."""

    path: Path
    samples: Samples

    @property
    def duration_s(self) -> float:
        """Its length."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def sound_ends_s(self) -> float:
        """Where its last loud sample is."""
        loud = np.flatnonzero(np.abs(self.samples.astype(np.int32)) > LOUD)
        return float(loud[-1] + 1) / SAMPLE_RATE if len(loud) else self.duration_s


@dataclass
class _Playing:
    clip: Clip
    silence: int  # samples still to come before it
    position: int = 0


class WavSource:
    """Cuts recordings into the blocks that a microphone would deliver, when it would deliver them.

    Args:
        clips: see `load_clips`.
        gap_s: silence between recordings at least, s.
        on_end: called from the reading thread when a recording is over, with the monotonic times at which its last
            loud sample and its last sample were heard.

    Attributes:
        gather: blocks that are delivered as one.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        *,
        gap_s: float = 1.0,
        clock: Clock | None = None,
        on_end: Callable[[Clip, float, float], None] = lambda *_: None,
    ) -> None:
        self._waiting = deque(clips)
        self._clock: Clock = clock or MonotonicClock()
        self._on_end = on_end
        self._gap = round(gap_s * SAMPLE_RATE)
        self._lock = threading.Lock()
        self._playing: deque[_Playing] = deque()
        self._quiet = self._gap  # samples of silence so far
        noise = np.random.default_rng(0).normal(0.0, ROOM_NOISE_RMS, round(ROOM_NOISE_S * SAMPLE_RATE))
        self._noise = np.round(noise).astype(np.int16)
        self._index = 0
        self.gather = 1
        self._start: float | None = None

    @property
    def clips_left(self) -> int:
        """Recordings that have not been asked for."""
        return len(self._waiting)

    def play_next(self) -> Clip | None:
        """Let the next recording be heard, after what is being heard. None if there is none left."""
        with self._lock:
            if not self._waiting:
                return None
            clip = self._waiting.popleft()
            follows = bool(self._playing)
            silence = self._gap if follows else max(0, self._gap - self._quiet)
            self._playing.append(_Playing(clip, silence))
            return clip

    def play_all(self) -> None:
        """Let all of them be heard, with gaps."""
        while self.play_next() is not None:
            pass

    def read(self) -> Block:
        """See `Source`: returns when the block's last sample would have been heard."""
        now = self._clock.now()
        if self._start is None:
            self._start = now
        count = self.gather
        due = self._start + (self._index + count) * BLOCK_S
        if now - due > LATE_S:
            self._start += now - due
            due = now
        self._clock.sleep_until(due)
        at = due - count * BLOCK_S
        block = Block(self._mix(at, count * BLOCK_SAMPLES), self._index, at)
        self._index += count
        return block

    def close(self) -> None:
        """See `Source`; there is nothing to give back."""

    def _mix(self, at: float, count: int) -> Samples:
        offset = (self._index * BLOCK_SAMPLES) % (len(self._noise) - count)
        block = self._noise[offset : offset + count].astype(np.int32)
        filled = 0
        with self._lock:
            while filled < count and self._playing:
                playing = self._playing[0]
                silence = min(playing.silence, count - filled)
                playing.silence -= silence
                filled += silence
                part = playing.clip.samples[playing.position :][: count - filled]
                block[filled : filled + len(part)] += part
                playing.position += len(part)
                filled += len(part)
                if playing.position == len(playing.clip.samples) and playing.silence == 0:
                    self._playing.popleft()
                    ended = at + filled / SAMPLE_RATE
                    late = playing.clip.duration_s - playing.clip.sound_ends_s
                    self._on_end(playing.clip, ended - late, ended)
            self._quiet = 0 if self._playing else self._quiet + count - filled
        return np.clip(block, -32768, 32767).astype(np.int16)


def load_clips(paths: Sequence[Path]) -> list[Clip]:
    """Recordings of any format, rate and width that libsndfile reads; several channels are averaged.

    Raises:
        DeviceError: a file is missing or is no audio.
    """
    return [Clip(path, load(path, SAMPLE_RATE)) for path in paths]


def load(path: Path, sample_rate: int) -> Samples:
    """A file as mono 16-bit PCM at a rate.

    Raises:
        DeviceError: the file is missing or is no audio.
    """
    import soundfile
    import soxr

    try:
        samples, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        is_empty = path.is_file() and path.stat().st_size == 0
        why = "it is empty (0 bytes)" if is_empty else error
        raise DeviceError(
            f"{path} cannot be read as audio: {why}.", "Give a WAV, FLAC or OGG file."
        ) from error
    # In formats with floating point anything can stand.
    mono = np.clip(np.nan_to_num(samples, nan=0.0), -1.0, 1.0).mean(axis=1)
    if not len(mono):
        raise DeviceError(f"{path} holds no audio.", "Record it again.")
    resampled = soxr.resample(mono, rate, sample_rate) if rate != sample_rate else mono
    return np.rint(np.clip(resampled, -1.0, 1.0) * 32767.0).astype(np.int16)
