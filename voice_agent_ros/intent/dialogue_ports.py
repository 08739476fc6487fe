# SPDX-License-Identifier: Apache-2.0
"""What goes in and out of the dialogue: news from the bridge and the loudspeaker, and what it can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from voice_agent_ros.intent.discourse import Discourse
from voice_agent_ros.intent.grammar import GrammarResult
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.turn import Abortable, Engine, Heard, Piece, Report
from voice_agent_ros.llm.client import ChatRequest

ToolResults = Literal["off", "problems", "all"]


@dataclass(frozen=True)
class Settings:
    """How the dialogue behaves.

    Attributes:
        language: "en", "zh", or "auto": that of each sentence.
        one_moment_s: a notice when the model has said nothing for so long; 0: never.
        report_grace_s: how long a report waits for the reply to be heard.
        earcon: a sign that somebody was heard, at the end of the words.
        speculate: ask the model before it is certain that the words have ended; nothing comes of it until then.
        spoken_characters: of an answer; what is longer is offered as text (Chinese: a third of it).
        tool_rounds: calls that the model may make in one turn.
        tool_results: which outcomes are given back to the model in the same turn: none; those that it may mend by
            another call; all of them, and it may say something about them.
        answer_timeout_s: longest wait for the end of a reply of the model; the client's own deadlines are shorter.
    """

    language: str = "auto"
    one_moment_s: float = 1.5
    report_grace_s: float = 3.0
    earcon: bool = True
    speculate: bool = True
    spoken_characters: int = 300
    tool_rounds: int = 3
    tool_results: ToolResults = "problems"
    answer_timeout_s: float = 60.0


@dataclass(frozen=True)
class Partial:
    """Words of somebody who may still be speaking.

    Attributes:
        is_speculative: the recognizer believes that they are complete.
    """

    session_id: str
    turn_id: str
    text: str
    language: str = ""
    is_speculative: bool = False


@dataclass(frozen=True)
class GoalEvent:
    """News of a goal from the bridge.

    Attributes:
        phase: "unavailable", "rejected", "lost", "result", or a phase of ExecuteIntent.Feedback.
        at: ROS time, s.
        outcome: of a result, as is `rule`.
    """

    phase: str
    at: float
    message: str = ""
    nonce: str = ""
    outcome: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Played:
    """How much of a reply has been played; `at` in ROS time, s.

    Attributes:
        words_follow: whoever speaks is there to tell what was heard of it, and in which voice.
    """

    reply_id: str
    seconds: float
    at: float
    is_finished: bool
    is_interrupted: bool
    words_follow: bool = False


class Grammars(Protocol):
    """What understands a sentence without a model."""

    def parse(self, text: str, language: str, scene: Scene, said: Discourse | None = None) -> GrammarResult:
        """The calls of a sentence, or what is unclear about it."""

    def prepare(self, scene: Scene) -> None:
        """Build what depends on a scene before a sentence needs it."""


class Ports(Protocol):
    """What the dialogue can do in the world. None of this blocks."""

    def ask(self, chat_id: str, request: ChatRequest) -> Abortable:
        """Ask the model; its events come back by `on_chat`, under an id that is never used twice."""

    def execute(self, key: str, heard: Heard, engine: Engine, calls: tuple[SkillCall, ...]) -> None:
        """Send an intent to the bridge; its events come back by `on_goal`. No key is ever used twice."""

    def say(self, piece: Piece) -> None:
        """Speak, show or play a sign."""

    def stop(self, heard: Heard, words: str) -> None:
        """Ask everybody to stop."""

    def report(self, report: Report) -> None:
        """Publish what became of an utterance."""
