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
NOT_PLAYED: tuple[Kind, ...] = ("text", "earcon")  # at least not as words


@dataclass(frozen=True)
class Heard:
    """A final transcript. Times are ROS time, s.

    Attributes:
        received_at: when the final transcript came.
        is_typed: no audio belongs to it.
        recognizer: who recognized it.
    """

    session_id: str
    turn_id: str
    text: str
    language: str
    speech_start: float
    speech_end: float
    received_at: float
    is_typed: bool = False
    recognizer: str = ""


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
    """When something happened, ROS time, s. A start of 0.0: it was a moment; an end of 0.0: it did not happen."""

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
    engines: tuple[str, ...] = ()


class Abortable(Protocol):
    """Something under way that can be given up."""

    def abort(self) -> None:
        """Give it up; harmless when it is over."""
        ...


# In the order in which they usually end; see TurnReport.
STAGES = (
    "partial",
    "endpoint",
    "final_transcript",
    "grammar",
    "llm_queue",
    "llm_first_token",
    "llm_last_token",
    "intent",
    "gate",
    "plan",
    "question",
    "goal_accepted",
    "first_motion",
    "last_motion",
    "stop",
    "first_audio",
    "last_audio",
    "done",
)


@dataclass
class Marks:
    """When the stages of a turn began, as far as they are more than a moment, and ended; ROS time, s.

    Attributes:
        engines: who did what in it, and in whose place.
    """

    begins: dict[str, float] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    engines: list[str] = field(default_factory=list)

    def mark(self, stage: str, at: float, since: float = 0.0) -> None:
        """A stage has ended; the first time counts."""
        if stage not in self.ends:
            self.mark_again(stage, at, since)

    def mark_again(self, stage: str, at: float, since: float = 0.0) -> None:
        """A stage has ended; the last time counts. A start of 0.0 leaves what is known of it."""
        self.ends[stage] = at
        if since:
            self.begins[stage] = since

    def begin(self, stage: str, at: float) -> None:
        """A stage has begun; the first time counts."""
        self.begins.setdefault(stage, at)

    def stages(self) -> tuple[Stage, ...]:
        """Those that ended, in their usual order."""
        return tuple(
            Stage(name, self.begins.get(name, 0.0), self.ends[name]) for name in STAGES if name in self.ends
        )


@dataclass(eq=False)
class Turn:
    """An utterance being dealt with.

    Attributes:
        key: idempotency key of its goal under way; empty: it has none.
        keys: of all its goals, in order; none is used twice.
        chat: the request to the model that is under way for it, with its id and what it is for.
        asked: id of that request when it was looked at last, and monotonic time since when it is under way, s.
        request: the last one that could act, with the call that came of it: a result is given back to it.
        tried: every call that was proposed to the bridge.
        settled: outcome and rule if nothing better comes of the request under way.
        heard_of_it: how much of each reply was heard.
        marks: when its stages began and ended, and who did what.
        spoken: replies whose voice is known.
        unnamed: replies that were played and whose voice is awaited, with the monotonic time until when, s.
        unheard: replies of which it is not known yet whether, and how far, they were played, in order.
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
    asked: tuple[str, float] = ("", 0.0)
    tried: tuple[SkillCall, ...] = ()
    mode: Mode = ""
    request: ChatRequest | None = None
    proposed: ToolCall | None = None
    settled: tuple[Outcome, str] | None = None
    ended_at: float = 0.0
    is_reported: bool = False
    was_noticed: bool = False
    marks: Marks = field(default_factory=Marks)
    unheard: list[str] = field(default_factory=list)
    spoken: set[str] = field(default_factory=set)
    unnamed: dict[str, float] = field(default_factory=dict)
    replies: dict[str, tuple[Kind, str]] = field(default_factory=dict)
    heard_of_it: dict[str, str] = field(default_factory=dict)

    def mark(self, stage: str, at: float, since: float = 0.0) -> None:
        """A stage has ended; the first time counts."""
        self.marks.mark(stage, at, since)

    def has(self, stage: str) -> bool:
        """Whether a stage has ended."""
        return stage in self.marks.ends

    def speaks(self, reply_id: str, kind: Kind, text: str) -> None:
        """Text that was sent to the mouth under this reply's id."""
        if text.strip() and kind not in NOT_PLAYED and reply_id not in self.unheard:
            self.unheard.append(reply_id)
        known = self.replies.get(reply_id, (kind, ""))[1]
        self.replies[reply_id] = (kind, known + text)

    def is_over(self, reply_id: str) -> None:
        """A reply has been played, or will not be; nor will those before it, for they are played in order."""
        if reply_id in self.unheard:
            del self.unheard[: self.unheard.index(reply_id) + 1]

    @property
    def reply(self) -> str:
        """What the person is told in the end; notices count only if there is nothing else."""
        shown = [(kind, text.strip()) for kind, text in self.replies.values() if kind not in NOT_PLAYED]
        said = [text for kind, text in shown if kind != "notice"] or [text for _, text in shown]
        return " ".join(text for text in said if text)

    def report(self) -> Report:
        """The record, once there is an outcome."""
        assert self.outcome is not None
        heard = self.heard
        speech = Stage("speech", heard.speech_start, heard.speech_end)
        return Report(
            heard,
            self.language,
            self.engine,
            self.calls,
            self.outcome,
            self.rule,
            self.reply,
            (speech, *self.marks.stages()),
            tuple(dict.fromkeys(self.marks.engines)),
        )
