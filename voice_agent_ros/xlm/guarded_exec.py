# SPDX-License-Identifier: Apache-2.0
"""Becomes another program that dies with its parent; run as a script with the parent's pid and a command.

Standard library only and no package import, so that it starts in milliseconds with `python -I -S`.
"""

import contextlib
import ctypes
import fcntl
import os
import signal
import sys
import termios

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Guard, then become the program."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    # The terminal on stdout becomes ours: when its other end closes, SIGHUP goes to the whole process group,
    # also to children of a wrapper script, which the parent-death signal does not reach.
    with contextlib.suppress(OSError):
        fcntl.ioctl(1, termios.TIOCSCTTY, 0)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606  (the command is the person's own)
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error.strerror}\n")
        sys.exit(127)


main()
