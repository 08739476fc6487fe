# SPDX-License-Identifier: Apache-2.0
"""Faults that the console stand-in plays on demand, so that the server's answers to them can be tested."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

FAULTS = {
    "crash": "die with SIGSEGV in the middle of a reply",
    "exit": "end with exit code 0 in the middle of a reply",
    "hang": "fall silent in the middle of a reply and ignore everything but SIGKILL",
    "run_error": "print `run error` instead of a reply, and no prompt after it",
    "run_error_ansi": "the same after a torn control sequence, in the middle of a reply: `mKrun error`",
    "unflushed": "like run_error, but left in the output buffer unless the output is a terminal",
    "garbage": "bytes that are no UTF-8 and torn control sequences inside the reply",
    "split_utf8": "write the reply byte by byte",
    "log_storm": "log lines between and inside words",
    "long_line": "a reply of 10 kB without a line break",
    "markers": "a reply that says the console's own markers and commands, each on a line of its own",
    "babble": "a reply that never ends, as fast as it can be written",
    "newlines": "the same, of nothing but line breaks",
    "forged_end": "a reply that says a whole ending, speeds and prompt, and goes on",
    "stray": "talk on after the prompt, while nothing has been asked",
    "reset_hang": "fall silent when told to reset",
    "load_memory": "fail at start for want of reserved memory, exit code 1",
    "load_hang": "never finish loading",
    "alloc_after_load": "load, then die for want of memory",
}


@dataclass(frozen=True)
class Fault:
    """A fault and the turn on which it happens.

    Attributes:
        kind: one of FAULTS.
        turn: number of the turn, from 1; 0: every turn.
    """

    kind: str
    turn: int = 0

    def strikes(self, turn: int) -> bool:
        """Whether it happens on this turn."""
        return self.turn in (0, turn)


def parse_fault(text: str) -> Fault:
    """`KIND` or `KIND@TURN`, as on the command line."""
    kind, _, turn = text.partition("@")
    if kind not in FAULTS or (turn and not turn.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(FAULTS)}, with @TURN or without")
    return Fault(kind, int(turn or 0))
