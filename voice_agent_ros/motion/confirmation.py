# SPDX-License-Identifier: Apache-2.0
"""A question that was asked before a motion, and the one answer that counts."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from voice_agent_ros.intent.confirmation import judge_answer
from voice_agent_ros.motion.gate import Heard
from voice_agent_ros.motion.policy import Risk

Answer = Literal["yes", "no", "other", "expired", "stopped", "superseded", "interrupted", "clock"]
UNPLAYED_TIMEOUT_S = 30.0


class Confirmation:
    """Waits for the answer. Used once; only an answer that began after the question was played counts.

    Args:
        digest: hash of the plan that is asked about.
        expires_after: s from the end of the question.
        by_service: spoken answers do not count.
        risk: class of what is asked about.
        session: whose spoken yes counts, and whose other words; a no counts from anybody. None: everybody's.

    Attributes:
        answered_with: the words that counted, or None.
    """

    def __init__(
        self,
        digest: str,
        expires_after: float,
        by_service: bool = False,
        risk: Risk = "high",
        session: str | None = None,
    ) -> None:
        self.nonce = f"confirm-{uuid.uuid4()}"
        self.digest, self.risk = digest, risk
        self.answered_with: Heard | None = None
        self._expires_after = expires_after
        self._by_service, self._session = by_service, session
        self._changed = threading.Condition()
        self._answer: Answer | None = None
        self._played_at: float | None = None

    def on_played(self, stream_id: str, at: float) -> None:
        """A spoken text has been played to its end.

        Args:
            at: ROS time, s.
        """
        with self._changed:
            if stream_id == self.nonce and self._played_at is None:
                self._played_at = at
                self._changed.notify_all()

    def on_heard(self, heard: Heard) -> None:
        """Somebody has said something."""
        with self._changed:
            if self._by_service or self._played_at is None or not heard.speech_start >= self._played_at:
                return  # NaN is no time after it either
            answer = judge_answer(heard.text, heard.language) or "other"
            if answer != "no" and self._session not in (None, heard.session_id):
                return  # who was not asked cannot agree
            if self._answer is None:
                self.answered_with = heard
            self._settle(answer)

    def settle(self, answer: Answer) -> None:
        """Answer otherwise than by speech; the first answer counts."""
        with self._changed:
            self._settle(answer)

    def _settle(self, answer: Answer) -> None:
        self._answer = self._answer or answer
        self._changed.notify_all()

    def wait(self, clock: Callable[[], float]) -> Answer:
        """Block until there is an answer, or too much time has passed."""
        with self._changed:
            deadline = clock() + (self._expires_after if self._by_service else UNPLAYED_TIMEOUT_S)
            was_played = self._by_service
            while self._answer is None:
                if self._played_at is not None and not was_played:
                    was_played, deadline = True, clock() + self._expires_after
                left = deadline - clock()
                if left <= 0.0:
                    return "expired"
                self._changed.wait(left)
            return self._answer


class OpenQuestion:
    """The one confirmation that may be waited for, for those who can settle it. Its methods may be called by any thread."""

    def __init__(self) -> None:
        self._current: Confirmation | None = None

    @property
    def current(self) -> Confirmation | None:
        """What is waited for; None: nothing."""
        return self._current

    @property
    def nonce(self) -> str:
        """Of the question, or ""."""
        return current.nonce if (current := self._current) is not None else ""

    @contextmanager
    def open(self, confirmation: Confirmation) -> Iterator[None]:
        """It can be settled in here."""
        self._current = confirmation
        try:
            yield
        finally:
            self._current = None

    def answer(self, yes: bool, nonce: str) -> bool:
        """Answer otherwise than by speech; False if that question is not open (any more)."""
        if (current := self._current) is None or current.nonce != nonce:
            return False
        current.settle("yes" if yes else "no")
        return True

    def settle(self, answer: Answer) -> bool:
        """Answer whatever is open; whether anything was."""
        if (current := self._current) is not None:
            current.settle(answer)
        return current is not None

    def on_played(self, stream_id: str, at: float, *, is_interrupted: bool) -> None:
        """A spoken text ended at a ROS time, s; an interrupted question has not been asked."""
        if (current := self._current) is not None and current.nonce == stream_id:
            if is_interrupted:
                current.settle("interrupted")
            else:
                current.on_played(stream_id, at)
