# SPDX-License-Identifier: Apache-2.0
"""The areas that are examined, each in a process of its own: one that hangs or crashes says so and hides no other.

A process that runs this module with the name of an area and an installation prints its checks as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from voice_agent_ros.doctor.check import Check, Installation
from voice_agent_ros.errors import VoiceAgentError

Examine = Callable[[Installation], Iterable[Check]]

# In the order in which their fixes make sense.
AREAS = (
    "ros",
    "engines",
    "weights",
    "configuration",
    "xlm",
    "ports",
    "audio",
    "controllers",
    "agent",
    "disk",
    "clock",
)
SAME_TIME = 3
START_S = 30.0  # imports on a cold, busy computer
# What others' errors say, in lower case, and the fix.
KNOWN = (
    (
        "logging directory",
        "Set HOME, or ROS_LOG_DIR, to a folder of this user: no ROS program starts without.",
    ),
    (
        "log directory",
        "Make that folder writable, or set ROS_LOG_DIR to one that is: no ROS program starts without.",
    ),
    ("home directory", "Set HOME to a folder of this user: export HOME=…"),
    ("no space left", "Free some space: df -h"),
    ("permission denied", "Let this user read it: chown or chmod."),
)
MARK = "checks: "  # libraries print too


def examine(installation: Installation, areas: Sequence[str] = AREAS) -> Iterator[Check]:
    """All checks of some areas, each area's as soon as it and those before it are done."""
    with ThreadPoolExecutor(SAME_TIME) as pool:
        for part in pool.map(lambda area: _apart(area, installation), areas):
            yield from part


def _apart(area: str, installation: Installation) -> list[Check]:
    command = [sys.executable, "-m", __spec__.name, area, installation.to_json()]
    patience_s = START_S + 3.0 * installation.patience_s
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, check=False)
    except subprocess.TimeoutExpired:
        return [_broken(area, f"no answer within {patience_s:.0f} s")]
    except OSError as error:
        return [_broken(area, str(error))]
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            return [Check(**check) for check in json.loads(line.removeprefix(MARK))]
    return [_broken(area, _end(done.returncode, done.stderr))]


def _broken(area: str, evidence: str) -> Check:
    fix = f"Run it alone for the whole message: voice-agent doctor --area {area} --here"
    wanted = os.environ.get("RMW_IMPLEMENTATION", "")
    if wanted and wanted in evidence:  # rcl ends the process
        fix = f"apt-get install ros-$ROS_DISTRO-{wanted.replace('_', '-')}, or unset RMW_IMPLEMENTATION."
    return Check(area, "examination", "FAIL", evidence, fix)


def _end(code: int, errors: str) -> str:
    last = (errors.strip().splitlines() or [""])[-1]
    how = f"crashed with {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"it {how}: {last}" if last else f"it {how}"


def examine_here(area: str, installation: Installation) -> list[Check]:
    """The checks of one area, in this process. What a check raises is its result."""
    checks: list[Check] = []
    try:
        examine_area: Examine = import_module(f"voice_agent_ros.doctor.{area}").examine
        checks.extend(examine_area(installation))
    except VoiceAgentError as error:
        checks.append(Check(area, "examination", "FAIL", error.message, error.fix))
    except Exception as error:  # noqa: BLE001  the doctor has to work when anything is broken
        evidence = f"{type(error).__name__}: {error}"
        fixes = (fix for words, fix in KNOWN if words in evidence.lower())
        checks.append(
            Check(area, "examination", "FAIL", evidence, next(fixes, "Repair what the message names."))
        )
    return checks


def main(argv: Sequence[str]) -> int:
    """Examine the area that is named, and print its checks."""
    area, installation = argv
    checks = [check.as_dict() for check in examine_here(area, Installation.from_json(installation))]
    print(MARK + json.dumps(checks), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
