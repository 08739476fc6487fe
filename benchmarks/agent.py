# SPDX-License-Identifier: Apache-2.0
"""The whole agent: what its processes take of a core while nobody speaks, and how long a demonstration's turns take.

Group "agent". AGENT_RUNS=10 asks for more demonstrations than the default; they are real time, about 40 s each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.row import Row
from benchmarks.running_demo import at_rest, running, total

GROUP = "agent"
RUNS = 5
DEMO_S = 300.0
DEMO_BUDGET_S = 45.0
PROGRAM = [sys.executable, "-c", "import sys; from voice_agent_ros.cli import main; sys.exit(main())", "demo"]
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
    with TemporaryDirectory() as folder:
        arguments = ["audio_source:=none", "telemetry:=false", f"reply_path:={folder}/reply.wav"]
        with running(arguments, executor) as launch:
            shares = at_rest(launch)
    return {**{name: share.cpu for name, share in shares.items()}, "all": total([*shares.values()]).cpu}


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
