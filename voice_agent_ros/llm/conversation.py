# SPDX-License-Identifier: Apache-2.0
"""What was said and heard in each session: bounded in tokens, forgotten after a while, never mixed."""

from __future__ import annotations

import hashlib
import math
import re
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from voice_agent_ros.llm.budget import usual_tokens
from voice_agent_ros.visible_text import INTERRUPTED

# How fast people are spoken to; tells how much of a reply was heard when it was cut off.
CHARACTERS_PER_S = {"en": 14.0, "zh": 4.0}
CUT_OFF = f"… {INTERRUPTED}"
# In what was said it means nothing, however it is written.
_IMITATED = re.compile(r"[\[［【〔]\s*interrupted\s*[\]］】〕]", re.IGNORECASE)
_LONGEST_ID = 128


@dataclass(frozen=True)
class Exchange:
    """What a person said and what they heard of the reply.

    Attributes:
        heard: to the last whole word, as `as_heard` gives it; "" if the reply was cut off before anything was heard.
        is_interrupted: the reply was cut off.
    """

    turn_id: str
    said: str
    heard: str
    is_interrupted: bool = False

    @property
    def tokens(self) -> int:
        """About how many a model reads for it."""
        return usual_tokens(self.said) + usual_tokens(self.heard)


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
        session_id = _short(session_id)
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
        session_id = _short(session_id)
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
        """What was written down before; all of it, or nothing.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: it was not.
        """
        read: list[tuple[str, Exchange, float]] = []
        for record in written:
            last_at = now - max(float(record["age_s"]), 0.0)
            if not math.isfinite(last_at):
                raise ValueError("an age is none")
            for given in record["exchanges"]:
                exchange = Exchange(**given)
                if not isinstance(exchange.said, str) or not isinstance(exchange.heard, str):
                    raise TypeError("an exchange is no text")
                read.append((str(record["session_id"]), exchange, last_at))
        for session_id, exchange, last_at in read:
            self.add(session_id, exchange, last_at)


def _short(session_id: str) -> str:
    """A name for a session that costs no memory, whoever gave it."""
    if len(session_id) <= _LONGEST_ID:
        return session_id
    return hashlib.sha256(session_id.encode("utf-8", "replace")).hexdigest()


def as_heard(text: str, *, is_interrupted: bool) -> str:
    """What is remembered of a reply: without anything that looks like our mark, and with it if it was cut off."""
    plain = unmarked(text).strip()
    return f"{plain} {CUT_OFF}" if plain and is_interrupted else plain


def unmarked(text: str) -> str:
    """A text without marks of interruption."""
    return _IMITATED.sub("", text)


def heard_part(text: str, seconds: float, language: str) -> str:
    """How much of a text was heard when its playback was cut off, to the last whole word."""
    count = int(seconds * CHARACTERS_PER_S.get(language, CHARACTERS_PER_S["en"]))
    if count >= len(text):
        return text
    part = text[:count]
    if language != "zh":
        part = part.rpartition(" ")[0]
    return part
