# SPDX-License-Identifier: Apache-2.0
"""What was said and heard in each session: bounded, forgotten after a while, never mixed."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field

# How fast people are spoken to; tells how much of a reply was heard when it was cut off.
CHARACTERS_PER_S = {"en": 14.0, "zh": 4.0}


@dataclass
class _Session:
    turns: deque[tuple[str, str]] = field(default_factory=deque)
    last_at: float = 0.0


class Conversation:
    """Remembers exchanges by session.

    Args:
        max_turns: exchanges remembered of a session.
        max_characters: in all of them; the oldest are dropped whole.
        max_sessions: the one that was quiet longest is dropped.
        timeout_s: a session that was quiet for so long is forgotten.
    """

    def __init__(
        self,
        max_turns: int = 4,
        max_characters: int = 800,
        max_sessions: int = 8,
        timeout_s: float = 300.0,
    ) -> None:
        self._max_turns, self._max_characters = max_turns, max_characters
        self._max_sessions, self._timeout_s = max_sessions, timeout_s
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def add(self, session_id: str, said: str, heard: str, now: float) -> None:
        """An exchange: what the person said and what they heard of the reply. Unheard replies are left out."""
        if not heard.strip():
            return
        session = self._sessions.setdefault(session_id, _Session())
        self._sessions.move_to_end(session_id)
        session.last_at = now
        session.turns.append((said, heard.strip()))
        while len(session.turns) > self._max_turns or self._size(session) > self._max_characters:
            session.turns.popleft()
        while len(self._sessions) > self._max_sessions:
            self._sessions.popitem(last=False)

    def history(self, session_id: str, now: float) -> list[tuple[str, str]]:
        """The exchanges so far, oldest first."""
        session = self._sessions.get(session_id)
        if session is None:
            return []
        if now - session.last_at > self._timeout_s:
            del self._sessions[session_id]
            return []
        return list(session.turns)

    @staticmethod
    def _size(session: _Session) -> int:
        return sum(len(said) + len(heard) for said, heard in session.turns)


def heard_part(text: str, seconds: float, language: str) -> str:
    """How much of a text was heard when its playback was cut off, to the last whole word; marked as cut."""
    count = int(seconds * CHARACTERS_PER_S.get(language, CHARACTERS_PER_S["en"]))
    if count >= len(text):
        return text
    part = text[:count]
    if language != "zh":
        part = part.rpartition(" ")[0]
    return f"{part} …" if part else ""
