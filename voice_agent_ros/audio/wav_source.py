# SPDX-License-Identifier: Apache-2.0
"""Recordings as a live microphone: paced by a clock, silence before, between and after. It never ends."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.errors import DeviceError

Samples = NDArray[np.int16]
ROOM_NOISE_RMS = 3.0  # of 32768; a real microphone is never quite silent


class WavSource:
    """Cuts recordings into chunks of what a microphone would deliver. Thread-safe.

    Args:
        paths: files of any format, rate and width that libsndfile reads; several channels are averaged.
        sample_rate: of the chunks, Hz.
        chunk_samples: samples per chunk.
        auto: play the first recording at once and the others after gaps; else each waits for `play_next`.
        gap_s: silence before the first and between recordings, s.

    Raises:
        DeviceError: a file is missing or is no audio.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        sample_rate: int,
        chunk_samples: int,
        *,
        auto: bool = True,
        gap_s: float = 0.5,
    ) -> None:
        self._clips = deque(load(path, sample_rate) for path in paths)
        self._rate, self._chunk = sample_rate, chunk_samples
        self._gap = round(gap_s * sample_rate)
        self._pending: Samples = np.zeros(0, np.int16)
        self._lock = threading.Lock()
        self._random = np.random.default_rng(0)
        if auto:
            while self._clips:
                self.play_next()

    @property
    def clips_left(self) -> int:
        """Recordings that have not begun."""
        return len(self._clips)

    def play_next(self) -> float:
        """Let the next recording follow what is being played.

        Returns:
            its length in s, 0.0 if there is none left.
        """
        if not self._clips:
            return 0.0
        clip = self._clips.popleft()
        with self._lock:
            self._pending = np.concatenate([self._pending, np.zeros(self._gap, np.int16), clip])
        return len(clip) / self._rate

    def next_chunk(self) -> Samples:
        """The next chunk, (chunk_samples,)."""
        with self._lock:
            chunk, self._pending = self._pending[: self._chunk], self._pending[self._chunk :]
        noise = np.round(self._random.normal(0.0, ROOM_NOISE_RMS, self._chunk)).astype(np.int32)
        noise[: len(chunk)] += chunk
        return np.clip(noise, -32768, 32767).astype(np.int16)


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
        raise DeviceError(
            f"{path} cannot be read as audio: {error}.", "Give a WAV, FLAC or OGG file."
        ) from error
    mono = samples.mean(axis=1)
    if not len(mono):
        raise DeviceError(f"{path} holds no audio.", "Record it again.")
    return np.clip(soxr.resample(mono, rate, sample_rate) * 32768.0, -32768, 32767).astype(np.int16)
