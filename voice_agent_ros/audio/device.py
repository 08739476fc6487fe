# SPDX-License-Identifier: Apache-2.0
"""Real microphones and loudspeakers through PortAudio. Its callbacks only copy."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import numpy as np

from voice_agent_ros.audio.devices import chosen, forget, keep_track, portaudio, rescan, unusable
from voice_agent_ros.audio.network import Playable
from voice_agent_ros.audio.source import BLOCK_S, BLOCK_SAMPLES, SAMPLE_RATE, Block, Samples
from voice_agent_ros.errors import DeviceError

QUEUED_BLOCKS = 50  # 1 s; more is lost
READ_TIMEOUT_S = 0.2


def reopened(device: str) -> Microphone:
    """A microphone that may have been plugged in again, under another number.

    Raises:
        DeviceError: it is not there.
    """
    try:
        return Microphone(device)
    except DeviceError:
        rescan()
        return Microphone(device)


class Microphone:
    """Blocks of 20 ms at 16 kHz, whatever the device's rate is.

    Args:
        device: name, part of a name, index, ALSA string, or "" for the default.

    Attributes:
        gather: blocks that are delivered as one.

    Raises:
        DeviceError: no such device, or it cannot do what is asked.
    """

    def __init__(self, device: str) -> None:
        sounddevice = portaudio()
        self.gather = 1
        self._gathered: list[tuple[Samples, int, float]] = []  # of the callback
        self._is_suspended = False
        try:
            wanted = chosen(device)
            rate, channels = SAMPLE_RATE, 1
            try:
                sounddevice.check_input_settings(wanted, channels, np.int16, samplerate=rate)
            except sounddevice.PortAudioError:
                info = sounddevice.query_devices(wanted, "input")
                rate = int(info["default_samplerate"])
                channels = min(2, int(info["max_input_channels"]))
            self._resampler = _resampler(rate, SAMPLE_RATE)
            self._captured: queue.Queue[list[tuple[Samples, int, float]]] = queue.Queue(QUEUED_BLOCKS)
            self._count = 0  # blocks captured, in the callback
            self._stream = sounddevice.InputStream(
                device=wanted,
                samplerate=rate,
                channels=channels,
                dtype=np.int16,
                blocksize=round(rate * BLOCK_S),
                latency="low",
                callback=self._capture,
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise unusable(device, "input", error) from error
        self._rest: Samples = np.zeros(0, np.int16)
        self._rest_at = 0.0
        self._index = 0
        self._next_captured = 0
        keep_track(self)

    def _capture(self, data: Any, frames: int, times: Any, status: Any) -> None:
        self._count += 1 + bool(status.input_overflow)
        age_s = times.currentTime - times.inputBufferAdcTime
        if not 0.0 < age_s < 1.0:  # not every host knows
            age_s = frames / self._stream.samplerate
        self._gathered.append((data.copy(), self._count - 1, time.monotonic() - age_s))
        if len(self._gathered) < self.gather:
            return
        gathered, self._gathered = self._gathered, []
        try:
            self._captured.put_nowait(gathered)
        except queue.Full:
            return

    def read(self) -> Block | None:
        """See `Source`.

        Raises:
            DeviceError: it was unplugged.
        """
        while len(self._rest) < BLOCK_SAMPLES:
            try:
                gathered = self._captured.get(timeout=READ_TIMEOUT_S)
            except queue.Empty:
                if self._is_suspended or not self._stream.active:
                    raise DeviceError(
                        "The microphone has stopped.", "Is it plugged in? It is looked for."
                    ) from None
                return None
            for data, count, at in gathered:
                self._take(data, count, at)
        blocks = min(len(self._rest) // BLOCK_SAMPLES, max(1, self.gather))
        block = Block(self._rest[: blocks * BLOCK_SAMPLES], self._index, self._rest_at)
        self._rest = self._rest[blocks * BLOCK_SAMPLES :]
        self._rest_at += blocks * BLOCK_S
        self._index += blocks
        return block

    def _take(self, data: Samples, count: int, at: float) -> None:
        mono = data[:, 0] if data.shape[1] == 1 else data.mean(axis=1).astype(np.int16)
        if self._resampler is not None:
            mono = self._resampler.resample_chunk(mono)
        self._index += count - self._next_captured
        self._next_captured = count + 1
        self._rest_at = at - len(self._rest) / SAMPLE_RATE
        self._rest = np.concatenate([self._rest, mono])

    def suspend(self) -> None:
        """Give the device back for now; `read` raises, for another one has to be opened."""
        self._is_suspended = True
        self._stream.close()

    def resume(self) -> None:
        """See `suspend`."""

    def close(self) -> None:
        """Give the device back."""
        forget(self)
        self._stream.close()


class Loudspeaker:
    """Plays a queue on a device, at the queue's rate.

    Attributes:
        problem: why nothing is played at the moment; "" if it is.
        underruns: times the device got its audio too late.

    Raises:
        DeviceError: no such device, or it cannot do what is asked.
    """

    def __init__(self, device: str, playback: Playable) -> None:
        self._device, self._playback = device, playback
        self._lock = threading.Lock()
        self.problem = ""
        self.underruns = 0
        self._stream: Any = self._opened()
        keep_track(self)

    def _opened(self) -> Any:
        sounddevice = portaudio()
        try:
            stream = sounddevice.OutputStream(
                device=chosen(self._device),
                samplerate=self._playback.rate,
                channels=1,
                dtype=np.int16,
                blocksize=0,
                latency="low",
                callback=self._play,
            )
            self._latency = stream.latency
            stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise unusable(self._device, "output", error) from error
        return stream

    def _play(self, data: Any, frames: int, times: Any, status: Any) -> None:
        self.underruns += bool(status.output_underflow)
        ahead_s = times.outputBufferDacTime - times.currentTime
        if not 0.0 < ahead_s < 1.0:  # not every host knows
            ahead_s = self._latency
        data[:, 0] = self._playback.read(frames, time.monotonic() + ahead_s)

    def revive(self) -> bool:
        """Open it again if it was unplugged; whether it plays. Slow: not for callbacks."""
        with self._lock:
            if self._stream is not None and self._stream.active:
                return True
        rescan()
        return not self.problem

    def suspend(self) -> None:
        """Give the device back for now."""
        with self._lock:
            if self._stream is not None:
                self._stream.close()
                self._stream = None

    def resume(self) -> None:
        """Open it again; `problem` tells if it is not there."""
        with self._lock:
            try:
                self._stream = self._opened()
                self.problem = ""
            except DeviceError as error:
                self.problem = str(error)

    def close(self) -> None:
        """Give the device back."""
        forget(self)
        self.suspend()


def _resampler(rate: int, wanted: int) -> Any:
    if rate == wanted:
        return None
    import soxr

    return soxr.ResampleStream(rate, wanted, 1, dtype="int16")
