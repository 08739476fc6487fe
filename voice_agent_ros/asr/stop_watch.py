# SPDX-License-Identifier: Apache-2.0
"""When the stop spotter listens, and whether a stop that it heard was confirmed by words."""

from __future__ import annotations

from dataclasses import dataclass

from voice_agent_ros.asr.heard import Event, NothingHeard, StopHeard, Words

CONFIRMED_WITHIN_S = 4.0  # words come this long after a spotted stop at most
WORDS_BEFORE_S = 1.5  # a phrase in a partial may come first
COASTING_S = 0.5  # an arm still moves a little after its goal has ended


@dataclass
class StopWatch:
    """Keeps what is needed to judge; all times are of one clock, s.

    Attributes:
        is_always_armed: whether or not anything moves.
    """

    is_always_armed: bool = False
    _moved_at: float = float("-inf")
    _stopped_at: float | None = None
    _words_at: float = float("-inf")

    def moves(self, now: float) -> None:
        """The robot moves."""
        self._moved_at = now

    def is_armed(self, now: float, *, robot_sounds: bool, hears_the_robot: bool) -> bool:
        """Whether the spotter should listen.

        Args:
            robot_sounds: the robot speaks.
            hears_the_robot: its voice is in the audio undiminished: it would be taken for a stop now and then, so
                that then only movement is a reason to listen.
        """
        is_moving = now - self._moved_at < COASTING_S
        return self.is_always_armed or is_moving or (robot_sounds and not hears_the_robot)

    def spotted(self, now: float) -> bool:
        """The spotter heard a stop. Whether it is news: words may have said so just now."""
        if now - self._words_at < WORDS_BEFORE_S:
            return False
        self._stopped_at = now
        return True

    def take(self, event: Event, now: float) -> bool:
        """What the ears reported. Whether a spotted stop turns out to have been none that words know of."""
        if isinstance(event, StopHeard):
            self._words_at, self._stopped_at = now, None
        if self._stopped_at is None:
            return False
        is_over = isinstance(event, NothingHeard) or (isinstance(event, Words) and event.is_final)
        if is_over:
            self._stopped_at = None
        return is_over

    def is_overdue(self, now: float) -> bool:
        """No words at all came after a spotted stop; tells so once."""
        if self._stopped_at is None or now - self._stopped_at < CONFIRMED_WITHIN_S:
            return False
        self._stopped_at = None
        return True
