# SPDX-License-Identifier: Apache-2.0
"""demo.launch.py as child processes, and what they take of the computer."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from voice_agent_ros.nodes.spin import EXECUTOR

SETTLE_S, WATCH_S = 45.0, 20.0  # the language model is warmed within the first
END_S = 20.0
ROS2 = Path(__file__).resolve().parent.parent / ".ros" / "bin" / "ros2"
PROGRAMS = (
    "sim_arm_node",
    "xlm-server",
    "xlm-console-sim",
    "voice_agent",
    "audio_node",
    "asr_node",
    "llm_node",
    "tts_node",
    "intent_bridge_node",
    "stop_guard_node",
    "supervisor_node",
)


@dataclass(frozen=True)
class Share:
    """What a program takes: % of a core, and memory in bytes, of which shared pages count in parts."""

    cpu: float
    pss: int


def domain() -> int:
    """A ROS domain that others hardly use."""
    return 1 + os.getpid() % 99


@contextmanager
def running(arguments: Sequence[str], executor: str = "events") -> Iterator[psutil.Process]:
    """The launch file with these arguments; its processes are the children. They are ended in any case."""
    command = [str(ROS2) if ROS2.exists() else "ros2", "launch", "voice_agent_ros", "demo.launch.py"]
    environment = {**os.environ, EXECUTOR: executor, "ROS_DOMAIN_ID": str(domain())}
    child = subprocess.Popen(
        [*command, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield psutil.Process(child.pid)
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def at_rest(
    launch: psutil.Process, *, settle_s: float = SETTLE_S, watch_s: float = WATCH_S
) -> dict[str, Share]:
    """What each of our programs takes while nothing happens, by its name.

    Raises:
        RuntimeError: nothing runs any more.
    """
    time.sleep(settle_s)
    processes = {process.pid: process for process in launch.children(recursive=True)}
    if not processes:
        raise RuntimeError(f"Nothing runs any more; try it by hand: {' '.join(launch.cmdline())}")
    before = {pid: _cpu_s(process) for pid, process in processes.items()}
    time.sleep(watch_s)
    shares: dict[str, Share] = {}
    for pid, process in processes.items():
        cpu = (_cpu_s(process) - before[pid]) / watch_s * 100.0
        known = shares.get(name := _name(process), Share(0.0, 0))
        shares[name] = Share(known.cpu + cpu, known.pss + int(process.memory_full_info().pss))
    return shares


def total(shares: Sequence[Share]) -> Share:
    """Of all of them."""
    return Share(sum(share.cpu for share in shares), sum(share.pss for share in shares))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    names = (Path(word).name for word in process.cmdline()[:8])
    return next((name for name in names if name in PROGRAMS), "others")
