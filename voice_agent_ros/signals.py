# SPDX-License-Identifier: Apache-2.0
"""The signals that ask a process to end."""

from __future__ import annotations

import signal

END_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def ignore_end_signals() -> None:
    """Take no more of them: the process is ending, and only the interpreter is left to take itself apart.

    A Ctrl-C reaches a node under `ros2 launch` twice, from the terminal and from launch. Python gives signals their
    default action back on its way out, and the second one made launch report a process that "has died".
    """
    for number in END_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
