# SPDX-License-Identifier: Apache-2.0
"""One terminal is one conversation, and so are all scripts of one user."""

import os
import pty
import subprocess
import sys

TELL = "from voice_agent_ros.commands.console_session import terminal_session; print(terminal_session())"
# Whoever leads a session makes the first terminal that it opens its own.
TWICE = """
import os, subprocess, sys
os.open(os.ttyname(0), os.O_RDWR)
for _ in range(2):
    subprocess.run([sys.executable, "-c", sys.argv[1]], check=True)
"""


def in_a_terminal() -> list[str]:
    """The sessions of two programs that are started one after the other in a terminal of their own."""
    screen, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", TWICE, TELL],
            stdin=terminal,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
            check=True,
        )
    finally:
        os.close(terminal)
        os.close(screen)
    return done.stdout.split()


def without_one() -> str:
    done = subprocess.run(
        [sys.executable, "-c", TELL], start_new_session=True, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_two_terminals_are_two_conversations():
    first, second = in_a_terminal(), in_a_terminal()
    assert first[0] == first[1]
    assert second[0] == second[1]
    assert first[0] != second[0]


def test_scripts_without_a_terminal_share_one():
    assert without_one() == without_one()
    assert without_one() not in in_a_terminal()
