# SPDX-License-Identifier: Apache-2.0
"""Microphone and loudspeaker, as audio_node will use them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voice_agent_ros.audio.devices import Direction, default_rate, describe_devices
from voice_agent_ros.doctor.check import Check, Installation
from voice_agent_ros.errors import VoiceAgentError

AREA = "audio"
NODE = "audio_node"
SOUND_GROUP = Path("/dev/snd")


def examine(installation: Installation) -> Iterator[Check]:
    """Whether sound can come in and go out."""
    wanted: tuple[tuple[str, Direction, Any], ...] = (
        ("microphone", "input", installation.parameter(NODE, "source", "device")),
        ("loudspeaker", "output", installation.parameter(NODE, "sink", "device")),
    )
    for name, direction, kind in wanted:
        if installation.purpose == "demo":
            yield Check(AREA, name, "PASS", "the demo uses files, unless MIC=1")
        elif kind != "device":
            yield Check(AREA, name, "PASS", f"not a device, by configuration: {kind}")
        else:
            yield _device(name, direction, str(installation.parameter(NODE, f"{direction}_device")))


def _device(name: str, direction: Direction, device: str) -> Check:
    try:
        rate = default_rate(device, direction)
        there = describe_devices(direction)
    except VoiceAgentError as error:
        return Check(AREA, name, "FAIL", error.message, _permission() or error.fix)
    return Check(AREA, name, "PASS", f"{device or 'the default'} at {rate} Hz; there are: {there}")


def _permission() -> str:
    nodes = list(SOUND_GROUP.glob("pcm*")) if SOUND_GROUP.is_dir() else []
    refused = [node for node in nodes if not _readable(node)]
    if not refused:
        return ""
    return f"This user may not open {refused[0]}: usermod -aG audio $USER, then log in again."


def _readable(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK)
