# SPDX-License-Identifier: Apache-2.0
"""One utterance and what becomes of it: the record that a TurnReport is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.llm.client import ChatRequest, ToolCall

Engine = Literal["grammar", "llm", "none"]
Outcome = Literal["done", "asked", "refused", "answered", "stopped", "failed"]
# "earcon" has no words: a sound or a nod, "heard you"; "text" is shown and never spoken.
Kind = Literal["answer", "question", "notice", "safety", "earcon", "text"]
# What a request to the model is for: a call; an answer; what to do about a call's result; words about a result.
Mode = Literal["", "act", "talk", "mend", "tell"]


@dataclass(frozen=True)
class Heard:
    """A final transcript. Times are ROS time, s.

    Attributes:
        received_at: when the final transcript came.
        is_typed: no audio belongs to it.
    """

    session_id: str
    turn_id: str
    text: str
    language: str
    speech_start: float
    speech_end: float
    received_at: float
    is_typed: bool = False


@dataclass(frozen=True)
class Piece:
    """A piece of a reply; see ReplyChunk."""

    session_id: str
    turn_id: str
    reply_id: str
    index: int
    text: str
    language: str
    kind: Kind
    is_last: bool


@dataclass(frozen=True)
class Stage:
    """When something happened, ROS time, s; 0.0: it did not."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Report:
    """See TurnReport."""

    heard: Heard
    language: str
    engine: Engine
    calls: tuple[SkillCall, ...]
    outcome: Outcome
    rule: str
    reply: str
    stages: tuple[Stage, ...]


class Abortable(Protocol):
    """Something under way that can be given up."""

    def abort(self) -> None:
        """Give it up; harmless when it is over."""
        ...


STAGES = ("intent", "goal_accepted", "first_motion", "first_audio", "done")


@dataclass(eq=False)
class Turn:
    """An utterance being dealt with.

    Attributes:
        key: idempotency key of its goal under way; empty: it has none.
        keys: of all its goals, in order; none is used twice.
        chat: the request to the model that is under way for it, with its id and what it is for.
        request: the last one that could act, with the call that came of it: a result is given back to it.
        settled: outcome and rule if nothing better comes of the request under way.
        heard_of_it: how much of each reply was heard.
        ended_at: monotonic time of its outcome, s.
        started_at: monotonic time of the utterance, s.
    """

    heard: Heard
    language: str
    started_at: float
    engine: Engine = "none"
    calls: tuple[SkillCall, ...] = ()
    outcome: Outcome | None = None
    rule: str = ""
    key: str = ""
    keys: list[str] = field(default_factory=list)
    chat: Abortable | None = None
    chat_id: str = ""
    mode: Mode = ""
    request: ChatRequest | None = None
    proposed: ToolCall | None = None
    settled: tuple[Outcome, str] | None = None
    ended_at: float = 0.0
    is_reported: bool = False
    was_noticed: bool = False
    ends: dict[str, float] = field(default_factory=dict)
    replies: dict[str, tuple[Kind, str]] = field(default_factory=dict)
    heard_of_it: dict[str, str] = field(default_factory=dict)

    def mark(self, stage: str, at: float) -> None:
        """A stage has ended; the first time counts."""
        self.ends.setdefault(stage, at)

    def speaks(self, reply_id: str, kind: Kind, text: str) -> None:
        """Text that was sent to the mouth under this reply's id."""
        known = self.replies.get(reply_id, (kind, ""))[1]
        self.replies[reply_id] = (kind, known + text)

    @property
    def reply(self) -> str:
        """What the person is told in the end; notices count only if there is nothing else."""
        shown = [
            (kind, text.strip()) for kind, text in self.replies.values() if kind not in ("text", "earcon")
        ]
        said = [text for kind, text in shown if kind != "notice"] or [text for _, text in shown]
        return " ".join(text for text in said if text)

    def report(self) -> Report:
        """The record, once there is an outcome."""
        assert self.outcome is not None
        heard = self.heard
        stages = [
            Stage("speech", heard.speech_start, heard.speech_end),
            Stage("final_transcript", heard.speech_end, heard.received_at),
            *(Stage(name, heard.speech_end, self.ends.get(name, 0.0)) for name in STAGES),
        ]
        return Report(
            heard,
            self.language,
            self.engine,
            self.calls,
            self.outcome,
            self.rule,
            self.reply,
            tuple(stages),
        )
