# SPDX-License-Identifier: Apache-2.0
"""Room where the agent writes: without the audit record nothing moves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from voice_agent_ros.doctor.check import Check, Installation, Status
from voice_agent_ros.models.catalogue import models_directory
from voice_agent_ros.motion.audit_record import default_path

AREA = "disk"
MB = 1_000_000
LITTLE = 1000 * MB
TOO_LITTLE = 100 * MB


def examine(installation: Installation) -> Iterator[Check]:
    """Whether the places can be written and have room."""
    own = installation.parameter("intent_bridge_node", "audit_path")
    yield _place("audit record", Path(own).expanduser() if own else default_path(), is_needed=True)
    logs = os.environ.get("ROS_LOG_DIR") or Path(os.environ.get("ROS_HOME") or Path.home() / ".ros") / "log"
    yield _place("ROS logs", Path(logs), is_needed=False)
    yield _place("weights", models_directory(), is_needed=False)


def _place(name: str, path: Path, *, is_needed: bool) -> Check:
    folder = next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.is_dir())
    bad: Status = "FAIL" if is_needed else "WARN"
    consequence = " Without it every motion is refused." if is_needed else ""
    if (path.exists() and not os.access(path, os.W_OK)) or not os.access(folder, os.W_OK | os.X_OK):
        return Check(AREA, name, bad, f"{path} cannot be written", f"chown or chmod it.{consequence}")
    free = shutil.disk_usage(folder).free
    told = f"{free / MB:,.0f} MB free at {folder}"
    if free < TOO_LITTLE:
        return Check(AREA, name, bad, told, f"Free some space: df -h {folder}.{consequence}")
    if free < LITTLE:
        return Check(AREA, name, "WARN", told, f"Free some space soon: df -h {folder}.")
    return Check(AREA, name, "PASS", told)
