# SPDX-License-Identifier: Apache-2.0
"""What was said and heard in each session: bounded in tokens, forgotten after a while, never mixed."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

# How fast people are spoken to; tells how much of a reply was heard when it was cut off.
CHARACTERS_PER_S = {"en": 14.0, "zh": 4.0}
CUT_OFF = "…"
_ASCII_PER_TOKEN = 4


@dataclass(frozen=True)
class Exchange:
    """What a person said and what they heard of the reply.

    Attributes:
        heard: to the last whole word; "" if the reply was cut off before anything of it was heard.
        is_interrupted: the reply was cut off.
    """

    turn_id: str
    said: str
    heard: str
    is_interrupted: bool = False

    @property
    def tokens(self) -> int:
        """About how many a model reads for it."""
        return estimated_tokens(self.said) + estimated_tokens(self.heard)


@dataclass
class _Session:
    exchanges: deque[Exchange] = field(default_factory=deque)
    last_at: float = 0.0


class Conversation:
    """Remembers exchanges by session.

    Args:
        max_turns: exchanges remembered of a session.
        max_tokens: in all of them; the oldest are dropped whole.
        max_sessions: the one that was quiet longest is dropped.
        timeout_s: a session that was quiet for so long is forgotten.

    Attributes:
        changes: how often something was added.
    """

    def __init__(
        self,
        max_turns: int = 4,
        max_tokens: int = 200,
        max_sessions: int = 8,
        timeout_s: float = 300.0,
    ) -> None:
        self._max_turns, self._max_tokens = max_turns, max_tokens
        self._max_sessions, self._timeout_s = max_sessions, timeout_s
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self.changes = 0

    def add(self, session_id: str, exchange: Exchange, now: float) -> None:
        """An exchange; one of the same turn that is known already is replaced. Nothing heard of it: left out."""
        if not exchange.heard.strip() and not exchange.is_interrupted:
            return
        session = self._sessions.get(session_id)
        if session is None or now - session.last_at > self._timeout_s:
            session = self._sessions[session_id] = _Session()
        self._sessions.move_to_end(session_id)
        session.last_at = now
        self.changes += 1
        turns = session.exchanges
        at = next((i for i, known in enumerate(turns) if known.turn_id == exchange.turn_id), None)
        if at is None:
            turns.append(exchange)
        else:
            turns[at] = exchange
        while turns and (len(turns) > self._max_turns or sum(t.tokens for t in turns) > self._max_tokens):
            turns.popleft()
        while len(self._sessions) > self._max_sessions:
            self._sessions.popitem(last=False)

    def history(self, session_id: str, now: float) -> list[tuple[str, str]]:
        """The exchanges so far, oldest first. Words that got no answer come before those that got one."""
        session = self._sessions.get(session_id)
        if session is None:
            return []
        if now - session.last_at > self._timeout_s:
            del self._sessions[session_id]
            return []
        told: list[tuple[str, str]] = []
        unanswered: list[str] = []
        for exchange in session.exchanges:
            unanswered.append(exchange.said)
            if exchange.heard:
                told.append((" ".join(unanswered), exchange.heard))
                unanswered = []
        return [*told, (" ".join(unanswered), CUT_OFF)] if unanswered else told

    # For whoever keeps it over a restart.

    def written(self, now: float) -> list[dict[str, Any]]:
        """All of it, to be written down; ages in s take the place of times."""
        return [
            {
                "session_id": session_id,
                "age_s": now - session.last_at,
                "exchanges": [asdict(exchange) for exchange in session.exchanges],
            }
            for session_id, session in self._sessions.items()
        ]

    def restore(self, written: Iterable[dict[str, Any]], now: float) -> None:
        """What was written down before.

        Raises:
            KeyError, TypeError, ValueError: it was not.
        """
        for record in written:
            last_at = now - max(float(record["age_s"]), 0.0)
            for exchange in record["exchanges"]:
                self.add(str(record["session_id"]), Exchange(**exchange), last_at)


def estimated_tokens(text: str) -> int:
    """Tokens of a text: four ASCII characters, or one other, to a token."""
    ascii_characters = len(text.encode("ascii", "ignore"))
    return -(-ascii_characters // _ASCII_PER_TOKEN) + len(text) - ascii_characters


def heard_part(text: str, seconds: float, language: str) -> str:
    """How much of a text was heard when its playback was cut off, to the last whole word; marked as cut."""
    count = int(seconds * CHARACTERS_PER_S.get(language, CHARACTERS_PER_S["en"]))
    if count >= len(text):
        return text
    part = text[:count]
    if language != "zh":
        part = part.rpartition(" ")[0]
    return f"{part} {CUT_OFF}" if part else ""
