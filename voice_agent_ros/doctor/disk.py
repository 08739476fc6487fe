# SPDX-License-Identifier: Apache-2.0
"""Room where the agent writes: without the audit record nothing moves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from voice_agent_ros.doctor.check import Check, Installation, Status, readable
from voice_agent_ros.models.catalogue import models_directory
from voice_agent_ros.motion.audit_record import default_path

AREA = "disk"
MB = 1_000_000
LITTLE = 1000 * MB
TOO_LITTLE = 100 * MB


def examine(installation: Installation) -> Iterator[Check]:
    """Whether the places can be written and have room."""
    own = installation.parameter("intent_bridge_node", "audit_path")
    yield _place("audit record", Path(own).expanduser() if own else default_path(), "every motion is refused")
    logs = os.environ.get("ROS_LOG_DIR") or Path(os.environ.get("ROS_HOME") or Path.home() / ".ros") / "log"
    yield _place("ROS logs", Path(logs), "no ROS program starts", needs_room=False)
    yield _place("weights", models_directory(), "none can be fetched", is_needed=False)


def _place(
    name: str, path: Path, consequence: str, *, is_needed: bool = True, needs_room: bool = True
) -> Check:
    bad: Status = "FAIL" if is_needed else "WARN"
    consequence = f" Without it {consequence}."
    try:
        nearest = next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())
    except PermissionError as error:
        return Check(AREA, name, bad, str(error), readable(Path(str(error.filename)).parent) + consequence)
    folder = nearest if nearest.is_dir() else nearest.parent
    if not nearest.is_dir() and nearest != path.absolute():
        return Check(
            AREA, name, bad, f"{nearest} is no folder", f"{path} must be made: move it away.{consequence}"
        )
    if (path.exists() and not os.access(path, os.W_OK)) or not os.access(folder, os.W_OK | os.X_OK):
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            fix = f"See dmesg for why, then: mount -o remount,rw {_mount_of(folder)}.{consequence}"
            return Check(AREA, name, bad, f"{path}: its file system is mounted read-only", fix)
        fix = f"Let this user write there: chown or chmod {folder}.{consequence}"
        return Check(AREA, name, bad, f"{path} cannot be written", fix)
    free = shutil.disk_usage(folder).free
    told = f"{free / MB:,.0f} MB free at {folder}"
    if free < TOO_LITTLE:
        status = bad if needs_room else "WARN"
        return Check(AREA, name, status, told, f"Free some space: df -h {folder}.{consequence}")
    if free < LITTLE:
        return Check(AREA, name, "WARN", told, f"Free some space soon: df -h {folder}.")
    return Check(AREA, name, "PASS", told)


def _mount_of(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.is_mount())
