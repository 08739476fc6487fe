# SPDX-License-Identifier: Apache-2.0
"""Who speaks while the robot speaks makes it pause; words make it stop, and without any it goes on where it paused."""

from __future__ import annotations

from typing import Literal

Action = Literal["", "hold", "resume", "stop"]
WORDLESS_S = 2.0  # after the person's voice has ended: it was a cough, or our own echo
LONGEST_S = 4.0  # below the time after which unplayed speech is given up


class BargeIn:
    """Decides; whoever calls carries it out. Times are of one monotonic clock."""

    def __init__(self) -> None:
        self._held_at: float | None = None
        self._quiet_since: float | None = None

    @property
    def is_holding(self) -> bool:
        """Speech is paused."""
        return self._held_at is not None

    def on_voice(self, now: float, *, is_speech: bool, robot_speaks: bool) -> Action:
        """The microphone's decision whether somebody speaks has changed."""
        self._quiet_since = None if is_speech else now
        if is_speech and robot_speaks and not self.is_holding:
            self._held_at = now
            return "hold"
        return ""

    def on_words(self, text: str) -> Action:
        """Words, provisional or final, of whoever speaks now."""
        if not self.is_holding or not any(map(str.isalnum, text)):
            return ""
        self._held_at = None
        return "stop"

    def on_time(self, now: float) -> Action:
        """To be called now and then while it holds."""
        if self._held_at is None:
            return ""
        is_wordless = self._quiet_since is not None and now - self._quiet_since >= WORDLESS_S
        if is_wordless or now - self._held_at >= LONGEST_S:
            self._held_at = None
            return "resume"
        return ""

    def forget(self) -> None:
        """Everything was stopped by other means."""
        self._held_at = None
