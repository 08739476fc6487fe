# SPDX-License-Identifier: Apache-2.0
"""What a console that keeps its history remembers, and of whom: only the same client's own words are built on."""

from __future__ import annotations

from voice_agent_ros.xlm.console import Question

Dialog = tuple[tuple[str, str], ...]


class ConversationMemory:
    """The conversation that is in the console; empty when it has none that could be continued."""

    def __init__(self) -> None:
        self._client = ""
        self._dialog: Dialog = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing can be continued."""
        return not self._dialog

    def forget(self) -> None:
        """The console has forgotten, or nobody knows any more what it remembers."""
        self._client, self._dialog = "", ()

    def learn(self, client: str, question: Question, reply: str) -> None:
        """The console has answered, and the client has read all of the answer.

        A reply is remembered by its words: how clients send white space back is their affair.
        """
        self._client = client
        self._dialog = _plain((*question.dialog, ("assistant", reply))) if question.dialog else ()

    def is_continued_by(self, client: str, question: Question) -> bool:
        """Whether this question goes on where the console stopped."""
        if self.is_empty or client != self._client or not question.follow_up:
            return False
        return _plain(question.dialog[: len(self._dialog)]) == self._dialog


def _plain(dialog: Dialog) -> Dialog:
    return tuple((role, " ".join(text.split())) for role, text in dialog)
