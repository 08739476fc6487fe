# SPDX-License-Identifier: Apache-2.0
"""A virtual loudspeaker: consumes samples at the pace of a clock and writes them into a WAV file."""

from __future__ import annotations

import threading
import time
import wave
from pathlib import Path

from voice_agent_ros.audio.playback import PlaybackQueue
from voice_agent_ros.errors import DeviceError

BLOCK_S = 0.02


class FileSink:
    """Plays a queue in real time. Of the silence between streams only `max_silence_s` are written.

    Args:
        path: WAV file; None: nothing is written, as with a loudspeaker that is off.

    Raises:
        DeviceError: the file cannot be written.
    """

    def __init__(self, queue: PlaybackQueue, path: Path | None, max_silence_s: float = 0.5) -> None:
        self._queue = queue
        self._max_silence = round(max_silence_s / BLOCK_S)
        self._file: wave.Wave_write | None = None
        self._running = threading.Event()
        self._thread: threading.Thread | None = None
        if path is not None:
            try:
                self._file = wave.open(path.open("wb"), "wb")  # noqa: SIM115  closed in close()
            except OSError as error:
                raise DeviceError(
                    f"{path} cannot be written: {error.strerror}.", "Choose another out_path."
                ) from error
            self._file.setnchannels(1)
            self._file.setsampwidth(2)
            self._file.setframerate(queue.rate)

    def start(self) -> None:
        """Begin to play."""
        self._running.set()
        self._thread = threading.Thread(target=self._run, name="virtual loudspeaker", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, with a complete file."""
        self._running.clear()
        if self._thread is not None:
            self._thread.join(timeout=2.0)
            self._thread = None
        if self._file is not None:
            self._file.close()
            self._file = None

    def _run(self) -> None:
        due = time.monotonic()
        silent = self._max_silence
        while self._running.is_set():
            block = self._queue.read(round(BLOCK_S * self._queue.rate))
            silent = 0 if block.any() else silent + 1
            if self._file is not None and silent < self._max_silence:
                self._file.writeframes(block.tobytes())
            due += BLOCK_S
            time.sleep(max(0.0, due - time.monotonic()))
