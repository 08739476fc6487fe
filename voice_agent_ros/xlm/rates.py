# SPDX-License-Identifier: Apache-2.0
"""How long replies and starts take on this computer, measured: what makes waiting or replacing the shorter way."""

from __future__ import annotations

from dataclasses import dataclass

SHARE_OF_NEWEST = 0.2
RESTART_LEAST_S = 0.5
FIRST_GUESS_S = 2.0


@dataclass
class Rates:
    """Running means.

    Attributes:
        reply_s: from the question to the prompt after the reply; 0: none has been measured.
        load_s: the last start.
        stop_s: the last end of a process.
    """

    reply_s: float = 0.0
    load_s: float = 0.0
    stop_s: float = 0.0

    def replied(self, seconds: float) -> None:
        """A reply has ended by itself."""
        if self.reply_s == 0.0:
            self.reply_s = seconds
        self.reply_s += SHARE_OF_NEWEST * (seconds - self.reply_s)

    @property
    def typical_reply_s(self) -> float:
        """What to tell those who wait."""
        return self.reply_s or FIRST_GUESS_S

    @property
    def replacing_s(self) -> float:
        """What it costs to end the process and start another."""
        return max(self.load_s + self.stop_s, RESTART_LEAST_S)

    def worth_draining_s(self, elapsed_s: float) -> float:
        """How long to wait for an unwanted reply to end by itself before the process is replaced.

        Where nothing is known of the reply's length, waiting for as long as replacing takes costs at most
        twice the shorter way. Where replies are known to take longer than that, it is replaced at once.
        """
        if self.reply_s and self._rest_s(elapsed_s) > self.replacing_s:
            return 0.0
        return self.replacing_s

    def _rest_s(self, elapsed_s: float) -> float:
        """How long a reply will go on that has taken so long already."""
        return max(self.reply_s - elapsed_s, self.reply_s / 2)
