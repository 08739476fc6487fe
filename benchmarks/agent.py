# SPDX-License-Identifier: Apache-2.0
"""The whole agent: what its processes take of a core while nobody speaks, and how long a demonstration's turns take.

Group "agent". AGENT_RUNS=10 asks for more demonstrations than the default; they are real time, about 40 s each.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil

from benchmarks.row import Row
from voice_agent_ros.nodes.spin import EXECUTOR

GROUP = "agent"
RUNS = 5
SETTLE_S, WATCH_S = 45.0, 20.0  # the language model is warmed within the first
END_S, DEMO_S = 20.0, 300.0
DEMO_BUDGET_S = 45.0
PROGRAMS = (
    "sim_arm_node",
    "xlm-server",
    "xlm-console-sim",
    "voice_agent",
    "intent_bridge_node",
    "stop_guard_node",
    "supervisor_node",
)
PROGRAM = [sys.executable, "-c", "import sys; from voice_agent_ros.cli import main; sys.exit(main())", "demo"]
ROS2 = Path(__file__).resolve().parent.parent / ".ros" / "bin" / "ros2"
TURNS = ("grammar turn", "model turn, until it asks", "answered question")


def rows() -> list[Row]:
    """Measure everything."""
    return [*_idle(), *_demonstrations()]


def _idle() -> list[Row]:
    """With rclpy's EventsExecutor, and with its SingleThreadedExecutor as the baseline."""
    ours, baseline = (_idle_shares(executor) for executor in ("events", "single_threaded"))
    return [
        Row(GROUP, f"idle: {name}", share, "% of a core", baseline.get(name)) for name, share in ours.items()
    ]


def _idle_shares(executor: str) -> dict[str, float]:
    command = [str(ROS2) if ROS2.exists() else "ros2", "launch", "voice_agent_ros", "demo.launch.py"]
    with (
        TemporaryDirectory() as folder,
        _ended(
            [*command, "audio_source:=none", "telemetry:=false", f"reply_path:={folder}/reply.wav"], executor
        ) as launch,
    ):
        time.sleep(SETTLE_S)
        processes = {process.pid: process for process in launch.children(recursive=True)}
        if not processes:
            raise RuntimeError(f"Nothing runs any more; try it by hand: {' '.join(command)}")
        before = {pid: _cpu_s(process) for pid, process in processes.items()}
        time.sleep(WATCH_S)
        shares: dict[str, float] = {}
        for pid, process in processes.items():
            share = (_cpu_s(process) - before[pid]) / WATCH_S * 100.0
            shares[_name(process)] = shares.get(_name(process), 0.0) + share
    return {**shares, "all": sum(shares.values())}


@contextmanager
def _ended(command: list[str], executor: str) -> Iterator[psutil.Process]:
    environment = {**os.environ, EXECUTOR: executor, "ROS_DOMAIN_ID": str(1 + os.getpid() % 99)}
    child = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
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


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _name(process: psutil.Process) -> str:
    program = Path([*process.cmdline(), "", ""][1]).name
    return program if program in PROGRAMS else "others"


def _demonstrations() -> list[Row]:
    """Seconds of the default demonstration, and times since the end of speech in its turns."""
    seconds: list[float] = []
    times: dict[tuple[int, str], list[float]] = {}
    failures = 0
    for _ in range(int(os.environ.get("AGENT_RUNS", RUNS))):
        with TemporaryDirectory() as folder:
            began = time.monotonic()
            done = subprocess.run(
                PROGRAM,
                env={**os.environ, "DEMO_OUT": folder},
                capture_output=True,
                timeout=DEMO_S,
                check=False,
            )
            if done.returncode:
                failures += 1
                continue
            seconds.append(time.monotonic() - began)
            report = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
            for number, turn in enumerate(report["turns"]):
                for step, at in turn["timings_s"].items():
                    if at is not None:
                        times.setdefault((number, step), []).append(at)
    found = [Row(GROUP, "demonstrations that failed", failures, "runs", n=failures + len(seconds))]
    if seconds:
        found.append(Row.of_samples(GROUP, "demonstration", seconds, "s", DEMO_BUDGET_S))
    for (number, step), samples in sorted(times.items(), key=lambda item: (item[0][0], median(item[1]))):
        name = f"{TURNS[number]}: end of speech to {step.replace('_', ' ')}"
        found.append(Row.of_samples(GROUP, name, samples, "s"))
    return found
