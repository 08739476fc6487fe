# SPDX-License-Identifier: Apache-2.0
"""Which conversation a console's sentences belong to: two people who type are two sessions, as two who speak are."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

PIDS = Path("/proc/self/ns/pid")  # two containers may give the same number to two terminals
TERMINAL = "/dev/tty"


def new_session() -> str:
    """For a console that runs as long as its conversation."""
    return f"console-{uuid.uuid4()}"


def terminal_session() -> str:
    """The same for all programs of one terminal, so that one sentence may be about the one before.

    Programs without a terminal (of a script, of cron, by `docker exec` without -t) share one for each user.
    """
    container = PIDS.stat().st_ino if PIDS.exists() else 0
    person = f"terminal {os.getsid(0)}" if _has_terminal() else f"user {os.getuid()}"
    return f"terminal-{uuid.uuid5(uuid.NAMESPACE_OID, f'{socket.gethostname()} {container} {person}')}"


def _has_terminal() -> bool:
    try:
        os.close(os.open(TERMINAL, os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
