# SPDX-License-Identifier: Apache-2.0
"""What the ears cost while nobody speaks: asr_node and audio_node in one process, with a live 16 kHz source."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import soundfile

from benchmarks.row import Row
from voice_agent_ros.children import end

GROUP = "asr_idle"
RATE = 16000
SETTLED_S = 5.0  # after the ears are up
MEASURED_S = 20.0
UP_S = 120.0
ROOMS = {"silence": 0.0, "a room's noise, -60 dB": 33.0}  # RMS of 32768 above the source's own noise
READY = "the ears are up"
PROCESS = """
import sys, threading
from rclpy.parameter import Parameter
from voice_agent_ros.nodes import spin
from voice_agent_ros.nodes.asr_node import AsrNode
from voice_agent_ros.nodes.audio_node import AudioNode

def ears():
    node = AsrNode()
    node.trigger_configure()
    node.trigger_activate()
    return node

def audio():
    node = AudioNode()
    values = {"source": "wav", "sink": "none", "wav_paths": sys.argv[1:] or [""], "wav_start": "auto"}
    node.set_parameters([Parameter(name, value=value) for name, value in values.items()])
    node.trigger_configure()
    node.trigger_activate()
    print("the ears are up", flush=True)
    return node

spin.run([ears, audio])
"""


def rows() -> list[Row]:
    """A minute."""
    with tempfile.TemporaryDirectory() as folder:
        return [_cost(name, rms, Path(folder) / "room.wav") for name, rms in ROOMS.items()]


def _cost(name: str, rms: float, path: Path) -> Row:
    paths = []
    if rms:
        noise = np.random.default_rng(0).normal(0.0, rms, round(RATE * (SETTLED_S + MEASURED_S + 10.0)))
        soundfile.write(path, np.rint(noise).astype(np.int16), RATE)
        paths = [str(path)]
    command = [sys.executable, "-c", PROCESS, *paths]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    up = threading.Event()
    reader = threading.Thread(target=_await, args=(process, up), daemon=True)
    reader.start()
    try:
        if not up.wait(UP_S):
            raise RuntimeError(f"The ears did not come up within {UP_S:.0f} s.")
        time.sleep(SETTLED_S)
        watched = psutil.Process(process.pid)
        before, began = watched.cpu_times(), time.monotonic()
        time.sleep(MEASURED_S)
        after, seconds = watched.cpu_times(), time.monotonic() - began
    finally:
        end(process)
    used = after.user + after.system - before.user - before.system
    return Row(GROUP, f"asr_node and audio_node, {name}", 100 * used / seconds, "% of a core", 3.0)


def _await(process: subprocess.Popen[str], up: threading.Event) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if READY in line:
            up.set()
