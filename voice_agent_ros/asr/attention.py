# SPDX-License-Identifier: Apache-2.0
"""Whether what is said now is meant for the robot: always, after a button, after its name, or while it converses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mode = Literal["open", "push_to_talk", "wake_word", "off"]
MODES: tuple[Mode, ...] = ("open", "push_to_talk", "wake_word", "off")
ECHO_TAIL_S = 0.25  # a room goes on sounding


@dataclass(frozen=True)
class AttentionOptions:
    """How attention is won and lost.

    Attributes:
        mode: open: everything counts. push_to_talk: one utterance after `listen`. wake_word: what follows the wake
            word, and the conversation from there on. off: nothing but a stop.
        listen_s: how long after `listen` or the wake word speech may begin.
        follow_up_s: how long after an utterance, or after the robot has spoken, more is expected (wake_word).
        timeout_s: open: attention ends after so long without speech, until `listen`; 0: never.
    """

    mode: Mode = "open"
    listen_s: float = 8.0
    follow_up_s: float = 6.0
    timeout_s: float = 0.0


class Attention:
    """All times are of one clock, s. The robot's own voice is never attended to where it is heard undiminished."""

    def __init__(self, options: AttentionOptions, now: float) -> None:
        self._options = options
        self._until = float("-inf")
        if options.mode == "open":
            self._until = now + options.timeout_s if options.timeout_s > 0 else float("inf")
        self._robot_speaks = False
        self._is_due = False  # there was attention when the robot began to speak, or was asked for since
        self._robot_spoke_at = float("-inf")

    @property
    def until(self) -> float:
        """When it ends, unless something happens before."""
        return self._until

    def listen(self, now: float) -> bool:
        """The button was pressed, or the wake word said. False if the ears are off."""
        if self._options.mode == "off":
            return False
        self._until = max(self._until, now + self._options.listen_s)
        self._is_due = True
        return True

    def speech_began(self, now: float) -> None:
        """Somebody was heard while there was attention: an utterance that began is finished in any case."""
        if self._options.mode == "push_to_talk":
            self._until, self._is_due = float("-inf"), False  # for one utterance only
        else:
            self._prolong(now)

    def speech_ended(self, now: float) -> None:
        """The utterance is over: more may follow."""
        if self._options.mode != "push_to_talk":
            self._prolong(now)

    def robot_speaks(self, speaks: bool, now: float) -> None:
        """The robot begins or ends to speak; what it says may ask for an answer, and nobody can give it before."""
        if speaks and not self._robot_speaks:
            self._is_due = now < self._until
        if self._robot_speaks and not speaks:
            self._robot_spoke_at = now
            if self._options.mode == "push_to_talk" and self._is_due:
                self._until = max(self._until, now + self._options.listen_s)
            elif self._is_due or (self._options.mode == "wake_word" and self._until > float("-inf")):
                self._prolong(now)
        self._robot_speaks = speaks

    def is_given(self, now: float, *, hears_the_robot: bool) -> bool:
        """Whether speech that begins now counts.

        Args:
            hears_the_robot: its voice is in the audio, as loud as anybody's.
        """
        if hears_the_robot and self.robot_sounds(now):
            return False
        return now < self._until

    def robot_sounds(self, now: float) -> bool:
        """Whether the robot's voice is in the room."""
        return self._robot_speaks or now - self._robot_spoke_at < ECHO_TAIL_S

    def _prolong(self, now: float) -> None:
        options = self._options
        if options.mode == "wake_word":
            self._until = max(self._until, now + options.follow_up_s)
        elif options.mode == "open" and options.timeout_s > 0:
            self._until = max(self._until, now + options.timeout_s)
