# SPDX-License-Identifier: Apache-2.0
"""The clock: wrong time spoils logs and everything that is compared between computers; a slow CPU spoils turns."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from voice_agent_ros.doctor.check import Check, Installation

AREA = "clock"
WATCH_S = 0.5
JUMP_S = 0.05
FEWEST_CORES = 2
LEAST_MEMORY_MB = 1500


def examine(installation: Installation) -> Iterator[Check]:
    """Time, and what it is kept with."""
    yield _date()
    yield _steady()
    yield _synchronised(installation.patience_s)
    yield _cores()
    memory = _memory()
    if memory is not None:
        yield memory


def _date() -> Check:
    """A board without battery starts in the past: before this very file was written."""
    now, written = time.time(), Path(__file__).stat().st_mtime
    told = time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(now))
    if now + 86400.0 < written:
        fix = "Set it: timedatectl set-ntp true, or date -s …"
        return Check(AREA, "date", "FAIL", f"{told} is before the software was installed", fix)
    return Check(AREA, "date", "PASS", told)


def _steady() -> Check:
    began = time.time() - time.monotonic()
    time.sleep(WATCH_S)
    jump = time.time() - time.monotonic() - began
    if abs(jump) > JUMP_S:
        told = f"it jumped by {jump:+.2f} s within {WATCH_S} s"
        return Check(AREA, "steadiness", "WARN", told, "Wait until time synchronisation has settled.")
    return Check(AREA, "steadiness", "PASS", f"no jump in {WATCH_S} s")


def _synchronised(patience_s: float) -> Check:
    name = "synchronisation"
    program = shutil.which("timedatectl")
    if program is None:
        return Check(AREA, name, "PASS", "not known (no timedatectl); matters only with several computers")
    command = [program, "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, check=False)
    except subprocess.TimeoutExpired:
        return Check(
            AREA, name, "WARN", "timedatectl does not answer", "See: systemctl status systemd-timedated"
        )
    except OSError as error:
        return Check(AREA, name, "PASS", f"not known ({error}); matters only with several computers")
    answer = done.stdout.strip()
    if answer == "no":
        fix = "timedatectl set-ntp true, or chrony, if the robot has several computers."
        return Check(AREA, name, "WARN", "the clock is not synchronised", fix)
    return Check(AREA, name, "PASS", "synchronised" if answer == "yes" else "not known")


def _cores() -> Check:
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    told = f"{cores} cores, load {load:.1f}"
    if cores < FEWEST_CORES:
        return Check(AREA, "processor", "WARN", told, "Turns will be slow: two cores are the least.")
    if load > 2.0 * cores:
        return Check(AREA, "processor", "WARN", told, "Something else keeps the processor busy: see top.")
    return Check(AREA, "processor", "PASS", told)


def _memory() -> Check | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    free_kb = next((int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")), None)
    if free_kb is None:
        return None
    free_mb = free_kb // 1000
    if free_mb < LEAST_MEMORY_MB:
        fix = f"Speech and a small model want {LEAST_MEMORY_MB} MB: end something, or use a server elsewhere."
        return Check(AREA, "memory", "WARN", f"{free_mb} MB available", fix)
    return Check(AREA, "memory", "PASS", f"{free_mb} MB available")
