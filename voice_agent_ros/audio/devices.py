# SPDX-License-Identifier: Apache-2.0
"""Which sound devices there are, which one a name means, and what is wrong with one that cannot be used."""

from __future__ import annotations

import re
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from voice_agent_ros.errors import DeviceError

Direction = Literal["input", "output"]
_ALSA = re.compile(r"^(?:plug)?hw:(?:CARD=)?(?P<card>[\w-]+)(?:,(?:DEV=)?(?P<device>\d+))?$", re.IGNORECASE)
_CARDS = Path("/proc/asound/cards")
# PortAudio's error codes (portaudio.h).
_WRONG_RATE, _WRONG_CHANNELS, _UNAVAILABLE, _TIMED_OUT, _HOST_ERROR = -9997, -9998, -9985, -9987, -9999


@dataclass(frozen=True)
class Device:
    """A sound device.

    Attributes:
        index: its number, until something is plugged in or out.
        rate: its own, Hz.
    """

    index: int
    name: str
    host: str
    inputs: int
    outputs: int
    rate: int
    is_default_input: bool = False
    is_default_output: bool = False


def portaudio() -> Any:
    """The library.

    Raises:
        DeviceError: it is not installed.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        fix = "Run: pip install sounddevice" if isinstance(error, ImportError) else ""
        fix = fix or "Install it: apt-get install libportaudio2"
        raise DeviceError(f"{error}.", fix) from error
    return sounddevice


def list_devices() -> list[Device]:
    """All of them.

    Raises:
        DeviceError: PortAudio is not installed.
    """
    sounddevice = portaudio()
    hosts = [str(host["name"]) for host in sounddevice.query_hostapis()]
    heard, played = (int(number) for number in sounddevice.default.device)
    return [
        Device(
            index=index,
            name=str(found["name"]),
            host=hosts[found["hostapi"]],
            inputs=int(found["max_input_channels"]),
            outputs=int(found["max_output_channels"]),
            rate=int(found["default_samplerate"]),
            is_default_input=index == heard,
            is_default_output=index == played,
        )
        for index, found in enumerate(sounddevice.query_devices())
    ]


def describe_devices(direction: Direction) -> str:
    """The devices that there are, for messages."""
    return "; ".join(
        f"{index}: {device['name']}"
        for index, device in enumerate(portaudio().query_devices())
        if device[f"max_{direction}_channels"] > 0
    )


def default_rate(device: str, direction: Direction) -> int:
    """The rate at which a device runs by itself, Hz.

    Raises:
        DeviceError: there is no such device.
    """
    sounddevice = portaudio()
    try:
        return int(sounddevice.query_devices(chosen(device), direction)["default_samplerate"])
    except (sounddevice.PortAudioError, ValueError) as error:
        raise unusable(device, direction, error) from error


def chosen(device: str, cards: Path = _CARDS) -> str | int | None:
    """What PortAudio knows a device by.

    Args:
        device: index, name, part of a name, an ALSA string such as `plughw:CARD=Device,DEV=0`, or "" for the default.
    """
    if device.isdigit():
        return int(device)
    match = _ALSA.match(device.strip())
    if match is None:
        return device or None
    card = match["card"]
    return f"hw:{card if card.isdigit() else _card_number(card, cards)},{match['device'] or 0}"


def _card_number(card: str, cards: Path) -> str:
    """The number of a card, which changes with the order of plugging; its id does not."""
    try:
        text = cards.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return card
    found = re.search(rf"^\s*(\d+)\s+\[{re.escape(card)}\s*\]", text, re.MULTILINE | re.IGNORECASE)
    return found.group(1) if found else card


def unusable(device: str, direction: Direction, error: Exception) -> DeviceError:
    """Why a device cannot be used, and what can be done about it."""
    kind = "microphone" if direction == "input" else "loudspeaker"
    wanted = f"The {kind} {device!r}" if device else f"The default {kind}"
    code = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else 0
    text = str(error)
    if code in (_UNAVAILABLE, _TIMED_OUT) or (code == _HOST_ERROR and "busy" in text.lower()):
        fix = (
            "See who has it: fuser -v /dev/snd/*. End that program, or use PulseAudio's or PipeWire's device."
        )
        return DeviceError(f"{wanted} is in use by another program.", fix)
    if code == _WRONG_RATE:
        fix = f"It has its own: choose {direction}_device 'pulse' or 'default', which convert."
        return DeviceError(f"{wanted} does not do this sample rate.", fix)
    if code == _WRONG_CHANNELS:
        return DeviceError(f"{wanted} has too few channels: is it a {kind} at all?", _others(direction, kind))
    return DeviceError(f"{wanted} cannot be used: {text}.", _others(direction, kind))


def _others(direction: Direction, kind: str) -> str:
    there = describe_devices(direction)
    if not there:
        return f"There is no {kind} at all. Plug one in, or set the parameter to wav or none."
    return f"There are: {there}. Set {direction}_device to a name or number of these."


class Suspendable(Protocol):
    """An open stream that can be closed for a moment."""

    def suspend(self) -> None:
        """Give the device back for now."""
        ...

    def resume(self) -> None:
        """Open it again; does not raise."""
        ...


_open: weakref.WeakSet[Any] = weakref.WeakSet()
_rescanning = threading.Lock()


def keep_track(stream: Suspendable) -> None:
    """A stream that must be closed for a moment while devices are looked for."""
    _open.add(stream)


def forget(stream: Suspendable) -> None:
    """The stream is closed for good."""
    _open.discard(stream)


def rescan() -> None:
    """Look for devices anew: PortAudio sees what was plugged in only when it is loaded again."""
    sounddevice = portaudio()
    with _rescanning:
        streams = list(_open)
        for stream in streams:
            stream.suspend()
        try:
            sounddevice._terminate()
            sounddevice._initialize()
        finally:
            for stream in streams:
                stream.resume()
