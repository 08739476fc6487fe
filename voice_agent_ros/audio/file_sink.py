# SPDX-License-Identifier: Apache-2.0
"""A virtual loudspeaker: consumes samples at the pace of a clock and writes them into a WAV file."""

from __future__ import annotations

import threading
import wave
from pathlib import Path

import numpy as np

from voice_agent_ros.audio.clock import Clock, MonotonicClock
from voice_agent_ros.audio.playback import PlaybackQueue, Samples
from voice_agent_ros.errors import DeviceError

BLOCK_S = 0.02
WRITE_S = 0.5  # the file lags behind by this much at most, complete with its header
IDLE_WAIT_S = 0.2
JOIN_TIMEOUT_S = 2.0
MAX_BYTES = 2**31  # a WAV file's length has 32 bits


class WavRecording:
    """A 16-bit mono WAV file that can be read at any time while it is written.

    Raises:
        DeviceError: the file cannot be written.
    """

    def __init__(self, path: Path, rate: int) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._raw = path.open("wb")
        except OSError as error:
            raise DeviceError(
                f"{path} cannot be written: {error.strerror}.", "Choose another out_path."
            ) from error
        self._file = wave.open(self._raw, "wb")  # noqa: SIM115  closed in close()
        self._file.setnchannels(1)
        self._file.setsampwidth(2)
        self._file.setframerate(rate)
        self._file.writeframes(b"")
        self._raw.flush()
        self._pending: list[bytes] = []
        self._pending_samples = 0
        self._written = 0
        self._rate = rate

    def add(self, samples: Samples) -> None:
        """Append samples."""
        self._pending.append(samples.tobytes())
        self._pending_samples += len(samples)
        if self._pending_samples >= WRITE_S * self._rate:
            self.flush()

    def flush(self) -> None:
        """Write what is pending, and the header that fits to it."""
        data = b"".join(self._pending)
        self._pending, self._pending_samples = [], 0
        if data and self._written + len(data) < MAX_BYTES:
            self._file.writeframes(data)
            self._raw.flush()
            self._written += len(data)

    def close(self) -> None:
        """Complete the file."""
        self.flush()
        self._file.close()
        self._raw.close()


class FileSink:
    """Plays a queue in real time. Between streams, silence is written only up to `max_silence_s`.

    Args:
        path: WAV file; None: nothing is written, as with a loudspeaker that is off.

    Raises:
        DeviceError: the file cannot be written.
    """

    def __init__(
        self, queue: PlaybackQueue, path: Path | None, max_silence_s: float = 0.5, clock: Clock | None = None
    ) -> None:
        self._queue = queue
        self._clock: Clock = clock or MonotonicClock()
        self._max_silence_s = max_silence_s
        self._recording = WavRecording(path, queue.rate) if path is not None else None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="virtual loudspeaker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, with a complete file."""
        self._closing.set()
        self._thread.join(JOIN_TIMEOUT_S)
        if self._recording is not None:
            self._recording.close()
            self._recording = None

    def _run(self) -> None:
        idle_since: float | None = None
        while not self._closing.is_set():
            if self._queue.wait_for_audio(IDLE_WAIT_S):
                if idle_since is not None:
                    self._write_silence(self._clock.now() - idle_since)
                self._play()
                idle_since = self._clock.now()

    def _play(self) -> None:
        count = round(BLOCK_S * self._queue.rate)
        due = self._clock.now()
        while not self._closing.is_set() and self._queue.wait_for_audio(0.0):
            block = self._queue.read(count, due)
            if self._recording is not None:
                self._recording.add(block)
            due += BLOCK_S
            self._clock.sleep_until(due)
        if self._recording is not None:
            self._recording.flush()

    def _write_silence(self, duration_s: float) -> None:
        if self._recording is not None:
            samples = round(min(duration_s, self._max_silence_s) * self._queue.rate)
            self._recording.add(np.zeros(samples, np.int16))
