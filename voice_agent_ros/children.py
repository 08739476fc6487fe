# SPDX-License-Identifier: Apache-2.0
"""Ending a process that we have started."""

from __future__ import annotations

import subprocess
from typing import Any

PATIENCE_S = 10.0


def end(child: subprocess.Popen[Any], patience_s: float = PATIENCE_S) -> None:
    """Ask a child to end, insist when it does not; it may have ended already. Nothing is left of it afterwards.

    Args:
        patience_s: how long it may take to end by itself.

    Raises:
        subprocess.TimeoutExpired: the system cannot end it within that time either.
    """
    child.terminate()
    try:
        child.wait(patience_s)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(patience_s)
