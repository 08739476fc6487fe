# SPDX-License-Identifier: Apache-2.0
"""The question that the bridge has asked and nobody has answered yet, as the dialogue follows it."""

from __future__ import annotations

from typing import Literal

from voice_agent_ros.intent.confirmation import is_bare_answer, judge_answer
from voice_agent_ros.intent.dialogue_ports import Played
from voice_agent_ros.intent.turn import Turn

CORRECTABLE_S = 15.0  # after a no, or an interruption
# What words are to the open question. The bridge judges an answer itself; here it is only watched.
Answer = Literal["", "nothing asked", "too early", "answer", "correction"]


class OpenQuestion:
    """At most one at a time.

    Attributes:
        asking: the turn whose goal waits for a yes.
        answering: the turn that answered.
    """

    def __init__(self) -> None:
        self.asking: Turn | None = None
        self.answering: Turn | None = None
        self._id = ""
        self._played_at: float | None = None
        self._declined: tuple[Turn, float] | None = None

    def open(self, turn: Turn, nonce: str) -> None:
        """It is being asked."""
        self.asking, self.answering = turn, None
        self._id, self._played_at, self._declined = nonce, None, None

    def close(self, now: float, *, is_declined: bool) -> None:
        """It is settled."""
        self._declined = (self.asking, now) if self.asking is not None and is_declined else None
        self.asking = self.answering = None
        self._id = ""

    def correctable(self, now: float) -> Turn | None:
        """The turn that "the blue one" corrects: what it asks about is open, or was declined just now."""
        if self.asking is not None:
            return self.asking if self.answering is None else None
        is_recent = self._declined is not None and now - self._declined[1] <= CORRECTABLE_S
        return self._declined[0] if self._declined is not None and is_recent else None

    def on_played(self, played: Played) -> None:
        """An interrupted question has not been asked, and the bridge gives it up."""
        if self._id and played.reply_id == self._id and played.is_finished and not played.is_interrupted:
            self._played_at = self._played_at or played.at

    def judge(self, turn: Turn) -> Answer:
        """What somebody's words are to it; "": they have nothing to do with a yes or a no."""
        text, language = turn.heard.text, turn.language
        answer = judge_answer(text, language)
        if self.asking is None or self.answering is not None:
            return "nothing asked" if is_bare_answer(text, language) else ""
        if turn.heard.session_id != self.asking.heard.session_id and answer != "no":
            # Only who was asked can agree; anybody may decline.
            return "nothing asked" if is_bare_answer(text, language) else ""
        is_early = self._played_at is None or turn.heard.speech_start < self._played_at
        if is_early:
            return "too early" if answer is not None else ""
        if answer is None or (answer == "no" and not is_bare_answer(text, language)):
            return "correction"
        return "answer"
