# SPDX-License-Identifier: Apache-2.0
"""Real microphones and loudspeakers through PortAudio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from voice_agent_ros.audio.playback import PlaybackQueue, Samples
from voice_agent_ros.errors import DeviceError


def _portaudio() -> Any:
    try:
        import sounddevice
    except OSError as error:
        raise DeviceError(
            f"PortAudio is missing: {error}.", "Install it: apt-get install libportaudio2."
        ) from error
    return sounddevice


def describe_devices() -> str:
    """The devices that there are, for messages."""
    devices = _portaudio().query_devices()
    names = [f"{index}: {device['name']}" for index, device in enumerate(devices)]
    return "; ".join(names) if names else "none"


def _chosen(device: str) -> str | int | None:
    """A device by name, by index, or the system's default for ""."""
    return int(device) if device.isdigit() else device or None


class Microphone:
    """Delivers chunks of mono PCM from a thread of PortAudio's.

    Args:
        device: name, part of a name, index, or "" for the default.
        on_chunk: called with (chunk_samples,) int16 and True if samples were lost before it; must not block.

    Raises:
        DeviceError: no such device, or it cannot do what is asked.
    """

    def __init__(
        self, device: str, sample_rate: int, chunk_samples: int, on_chunk: Callable[[Samples, bool], None]
    ) -> None:
        def callback(data: Any, _frames: int, _time: Any, status: Any) -> None:
            on_chunk(data[:, 0].copy(), bool(status.input_overflow))

        self._stream = _open(
            "InputStream", device, samplerate=sample_rate, blocksize=chunk_samples, callback=callback
        )

    def close(self) -> None:
        """Give the device back."""
        self._stream.close()


class Loudspeaker:
    """Plays a queue on a device.

    Raises:
        DeviceError: no such device, or it cannot do what is asked.
    """

    def __init__(self, device: str, queue: PlaybackQueue) -> None:
        def callback(data: Any, frames: int, _time: Any, _status: Any) -> None:
            data[:, 0] = queue.read(frames)

        self._stream = _open("OutputStream", device, samplerate=queue.rate, blocksize=0, callback=callback)

    @property
    def latency(self) -> float:
        """From the queue to the converter, s."""
        return float(self._stream.latency)

    def close(self) -> None:
        """Give the device back."""
        self._stream.close()


def _open(kind: str, device: str, **options: Any) -> Any:
    sounddevice = _portaudio()
    try:
        stream = getattr(sounddevice, kind)(device=_chosen(device), channels=1, dtype=np.int16, **options)
        stream.start()
    except (sounddevice.PortAudioError, ValueError) as error:
        wanted = f"device {device!r}" if device else "the default device"
        fix = f"There are: {describe_devices()}. Set the parameter to one of their names or numbers."
        raise DeviceError(f"{kind} on {wanted} failed: {error}.", fix) from error
    return stream
