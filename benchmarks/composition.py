# SPDX-License-Identifier: Apache-2.0
"""The speech nodes in one process, compared with one process each: memory, CPU at rest, and the way of the audio.

Group "composition"; four minutes. Processes that do not differ (arm, bridge, guard, language model) are left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.row import Row
from benchmarks.running_demo import Share, at_rest, domain, running, total

GROUP = "composition"
RATE = 16000
HEARD_S, UP_S, END_S = 12.0, 120.0, 20.0
SPEECH = ("voice_agent", "audio_node", "asr_node", "llm_node", "tts_node")
MB = 1e6
# A microphone that hears a noise for a while, and ears that tell how old each piece of it is when it arrives.
PROCESS = """
import json, sys, threading, time
from rclpy.parameter import Parameter
from voice_agent_ros.nodes import spin
from voice_agent_ros.nodes.asr_node import AsrNode
from voice_agent_ros.nodes.audio_node import AudioNode

class TimingEars(AsrNode):
    def _take(self, stream_id, sequence, samples, at):
        ages.append(self.get_clock().now().nanoseconds * 1e-9 - at - len(samples) / 16000)

def ears():
    node = TimingEars()
    node.trigger_configure()
    node.trigger_activate()
    print("ears", flush=True)
    return node

def audio():
    node = AudioNode()
    values = {"source": "wav", "sink": "none", "wav_paths": [path], "wav_start": "auto"}
    node.set_parameters([Parameter(name, value=value) for name, value in values.items()])
    node.trigger_configure()
    node.trigger_activate()
    return node

ages, path = [], sys.argv[2]
spin.run([{"ears": ears, "audio": audio}[role] for role in sys.argv[1].split("+")])
print(json.dumps(ages), flush=True)
"""


def rows() -> list[Row]:
    """Measure everything."""
    with tempfile.TemporaryDirectory() as folder:
        composed, separate = (_shares(folder, is_composed=is_composed) for is_composed in (True, False))
        path = Path(folder) / "noise.wav"
        noise = np.random.default_rng(0).normal(0.0, 300.0, round(RATE * 2 * HEARD_S))
        soundfile.write(path, np.rint(noise).astype(np.int16), RATE)
        apart = np.array(_ages(path, ("ears", "audio"))) * 1e3
        together = np.array(_ages(path, ("ears+audio",))) * 1e3
    hop = Row.of_samples(
        GROUP, "audio, microphone to recognizer, P50", together, "ms", _percentile(apart, 50)
    )
    worst = _percentile(together, 95)
    return [
        _memory("memory (PSS) of the speech nodes", composed, separate),
        Row(GROUP, "CPU of the speech nodes at rest", composed.cpu, "% of a core", separate.cpu),
        hop,
        Row(
            GROUP, "audio, microphone to recognizer, P95", worst, "ms", _percentile(apart, 95), len(together)
        ),
    ]


def _memory(name: str, composed: Share, separate: Share) -> Row:
    return Row(GROUP, name, composed.pss / MB, "MB", separate.pss / MB)


def _percentile(values: np.ndarray, percent: float) -> float:
    return float(np.percentile(values, percent))


def _shares(folder: str, *, is_composed: bool) -> Share:
    arguments = [
        f"composed:={str(is_composed).lower()}",
        "audio_source:=none",
        "telemetry:=false",
        f"reply_path:={folder}/reply.wav",
    ]
    with running(arguments) as launch:
        shares = at_rest(launch)
    return total([share for name, share in shares.items() if name in SPEECH])


def _ages(path: Path, processes: tuple[str, ...]) -> list[float]:
    """How old audio is when the ears get it, s; ears and audio in these processes, started one after the other."""
    environment = {**os.environ, "ROS_DOMAIN_ID": str(domain())}
    children: list[subprocess.Popen[str]] = []
    try:
        for roles in processes:
            command = [sys.executable, "-c", PROCESS, roles, str(path)]
            child = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
            children.append(child)
            if "ears" in roles:
                _await_ears(child)
        time.sleep(HEARD_S)
        for child in reversed(children):
            child.terminate()
        told, _ = children[0].communicate(timeout=END_S)
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
            child.wait(END_S)
    ages: list[float] = json.loads(told.splitlines()[-1])
    settled = ages[
        len(ages) // 4 :
    ]  # the first pieces meet an executor, or a connection, that is being set up
    if not settled:
        raise RuntimeError("The ears got no audio.")
    return settled


def _await_ears(child: subprocess.Popen[str]) -> None:
    up = threading.Event()

    def read() -> None:
        assert child.stdout is not None
        if child.stdout.readline().strip() == "ears":
            up.set()

    threading.Thread(target=read, daemon=True).start()
    if not up.wait(UP_S):
        raise RuntimeError(f"The ears did not come up within {UP_S:.0f} s.")
