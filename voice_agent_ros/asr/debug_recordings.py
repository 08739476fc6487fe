# SPDX-License-Identifier: Apache-2.0
"""Keeps what was heard, for those who look for a mistake and have asked for it: a WAV file per utterance, for a while.

Only our own files are ever deleted, and only their owner can read them.
"""

from __future__ import annotations

import os
import queue
import re
import threading
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.errors import ConfigurationError

Samples = NDArray[np.int16]
SAMPLE_RATE = 16000
MAX_WAITING = 8  # utterances that are still to be written; more are dropped
JOIN_S = 5.0
_PREFIX, _SUFFIX = "heard_", ".wav"


@dataclass(frozen=True)
class Retention:
    """How long recordings stay.

    Attributes:
        files: the newest so many.
        hours: and none that is older.
    """

    files: int = 200
    hours: float = 24.0


class DebugRecordings:
    """Writes from a thread of its own, so that a slow disk holds nobody up.

    Args:
        report: told once what went wrong.
        now: s since the epoch.

    Raises:
        ConfigurationError: the folder cannot be made.
    """

    def __init__(
        self,
        folder: Path,
        retention: Retention,
        report: Callable[[str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._retention, self._report, self._now = folder, retention, report, now
        self._has_failed = False
        self._waiting: queue.Queue[tuple[str, Samples] | None] = queue.Queue(MAX_WAITING)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.tidy()
        except OSError as error:
            raise ConfigurationError(
                f"Recordings cannot be kept in {folder}: {error.strerror}.", "Choose another folder."
            ) from error
        self._thread = threading.Thread(target=self._write_all, name="debug recordings", daemon=True)
        self._thread.start()

    def add(self, turn_id: str, audio: Samples) -> None:
        """Keep an utterance, 16 kHz mono; dropped if those before it are not written yet."""
        try:
            self._waiting.put_nowait((turn_id, audio))
        except queue.Full:
            self._tell("the disk is too slow")

    def close(self) -> None:
        """Write what is left."""
        try:
            self._waiting.put(None, timeout=JOIN_S)
        except queue.Full:
            return  # the disk hangs; the thread ends with the process
        self._thread.join(JOIN_S)

    def tidy(self) -> None:
        """Delete what has stayed long enough."""
        oldest_s = self._now() - self._retention.hours * 3600.0
        dated = [(path.stat().st_mtime, path) for path in self._folder.glob(f"{_PREFIX}*{_SUFFIX}")]
        newest = sorted(dated, reverse=True)
        for index, (at, path) in enumerate(newest):
            if index >= self._retention.files or at < oldest_s:
                path.unlink(missing_ok=True)

    def _write_all(self) -> None:
        while (item := self._waiting.get()) is not None:
            try:
                self._write(*item)
                self.tidy()
            except OSError as error:
                self._tell(error.strerror or str(error))

    def _write(self, turn_id: str, audio: Samples) -> None:
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._now()))
        safe = re.sub(r"[^A-Za-z0-9-]", "_", turn_id)[:60]
        path = self._folder / f"{_PREFIX}{stamp}_{safe}{_SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file, wave.open(file, "wb") as sink:
            sink.setnchannels(1)
            sink.setsampwidth(2)
            sink.setframerate(SAMPLE_RATE)
            sink.writeframes(audio.astype("<i2").tobytes())

    def _tell(self, problem: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            self._report(f"An utterance could not be kept in {self._folder}: {problem}.")
