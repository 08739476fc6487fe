# SPDX-License-Identifier: Apache-2.0
"""Real microphones and loudspeakers through PortAudio. Its callbacks only copy."""

from __future__ import annotations

import queue
import time
from typing import Any, Literal

import numpy as np

from voice_agent_ros.audio.playback import PlaybackQueue
from voice_agent_ros.audio.source import BLOCK_S, BLOCK_SAMPLES, SAMPLE_RATE, Block, Samples
from voice_agent_ros.errors import DeviceError

Direction = Literal["input", "output"]
QUEUED_BLOCKS = 50  # 1 s; more is lost
READ_TIMEOUT_S = 0.2


def _portaudio() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(f"{error}.", "Install it: apt-get install libportaudio2") from error
    return sounddevice


def describe_devices(direction: Direction) -> str:
    """The devices that there are, for messages."""
    names = [
        f"{index}: {device['name']}"
        for index, device in enumerate(_portaudio().query_devices())
        if device[f"max_{direction}_channels"] > 0
    ]
    return "; ".join(names)


def default_rate(device: str, direction: Direction) -> int:
    """The rate at which a device runs by itself, Hz.

    Raises:
        DeviceError: there is no such device.
    """
    try:
        return int(_portaudio().query_devices(_chosen(device), direction)["default_samplerate"])
    except (_portaudio().PortAudioError, ValueError) as error:
        raise _unusable(device, direction, error) from error


def _chosen(device: str) -> str | int | None:
    """A device by name, part of a name or index; the system's default for ""."""
    return int(device) if device.isdigit() else device or None


def _unusable(device: str, direction: Direction, error: Exception) -> DeviceError:
    kind = "microphone" if direction == "input" else "loudspeaker"
    wanted = f"The {kind} {device!r}" if device else f"The default {kind}"
    there = describe_devices(direction)
    if not there:
        fix = f"There is no {kind} at all. Plug one in, or set the parameter to wav or none."
    else:
        fix = f"There are: {there}. Set {direction}_device to a name or number of these."
    return DeviceError(f"{wanted} cannot be used: {error}.", fix)


class Microphone:
    """Blocks of 20 ms at 16 kHz, whatever the device's rate is.

    Args:
        device: name, part of a name, index, or "" for the default.

    Raises:
        DeviceError: no such device, or it cannot do what is asked.
    """

    def __init__(self, device: str) -> None:
        sounddevice = _portaudio()
        try:
            chosen = _chosen(device)
            rate, channels = SAMPLE_RATE, 1
            try:
                sounddevice.check_input_settings(chosen, channels, np.int16, samplerate=rate)
            except sounddevice.PortAudioError:
                info = sounddevice.query_devices(chosen, "input")
                rate = int(info["default_samplerate"])
                channels = min(2, int(info["max_input_channels"]))
            self._resampler = _resampler(rate, SAMPLE_RATE)
            self._captured: queue.Queue[tuple[Samples, int, float]] = queue.Queue(QUEUED_BLOCKS)
            self._count = 0  # blocks captured, in the callback
            self._stream = sounddevice.InputStream(
                device=chosen,
                samplerate=rate,
                channels=channels,
                dtype=np.int16,
                blocksize=round(rate * BLOCK_S),
                latency="low",
                callback=self._capture,
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise _unusable(device, "input", error) from error
        self._rest: Samples = np.zeros(0, np.int16)
        self._rest_at = 0.0
        self._index = 0
        self._next_captured = 0

    def _capture(self, data: Any, frames: int, times: Any, status: Any) -> None:
        self._count += 1 + bool(status.input_overflow)
        age_s = times.currentTime - times.inputBufferAdcTime
        if not 0.0 < age_s < 1.0:  # not every host knows
            age_s = frames / self._stream.samplerate
        try:
            self._captured.put_nowait((data.copy(), self._count - 1, time.monotonic() - age_s))
        except queue.Full:
            return

    def read(self) -> Block | None:
        """See `Source`."""
        while len(self._rest) < BLOCK_SAMPLES:
            try:
                data, count, at = self._captured.get(timeout=READ_TIMEOUT_S)
            except queue.Empty:
                return None
            mono = data[:, 0] if data.shape[1] == 1 else data.mean(axis=1).astype(np.int16)
            if self._resampler is not None:
                mono = self._resampler.resample_chunk(mono)
            self._index += count - self._next_captured
            self._next_captured = count + 1
            self._rest_at = at - len(self._rest) / SAMPLE_RATE
            self._rest = np.concatenate([self._rest, mono])
        block = Block(self._rest[:BLOCK_SAMPLES], self._index, self._rest_at)
        self._rest = self._rest[BLOCK_SAMPLES:]
        self._rest_at += BLOCK_S
        self._index += 1
        return block

    def close(self) -> None:
        """Give the device back."""
        self._stream.close()


class Loudspeaker:
    """Plays a queue on a device, at the queue's rate.

    Raises:
        DeviceError: no such device, or it cannot do what is asked.
    """

    def __init__(self, device: str, playback: PlaybackQueue) -> None:
        self._playback = playback
        sounddevice = _portaudio()
        try:
            self._stream = sounddevice.OutputStream(
                device=_chosen(device),
                samplerate=playback.rate,
                channels=1,
                dtype=np.int16,
                blocksize=0,
                latency="low",
                callback=self._play,
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise _unusable(device, "output", error) from error

    def _play(self, data: Any, frames: int, times: Any, _status: Any) -> None:
        ahead_s = times.outputBufferDacTime - times.currentTime
        if not 0.0 < ahead_s < 1.0:  # not every host knows
            ahead_s = self._stream.latency
        data[:, 0] = self._playback.read(frames, time.monotonic() + ahead_s)

    def close(self) -> None:
        """Give the device back."""
        self._stream.close()


def _resampler(rate: int, wanted: int) -> Any:
    if rate == wanted:
        return None
    import soxr

    return soxr.ResampleStream(rate, wanted, 1, dtype="int16")
