# SPDX-License-Identifier: Apache-2.0
"""What goes in and out of the dialogue: news from the bridge and the loudspeaker, and what it can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voice_agent_ros.intent.discourse import Discourse
from voice_agent_ros.intent.grammar import GrammarResult
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.turn import Abortable, Engine, Heard, Piece, Report
from voice_agent_ros.llm.client import ChatRequest


@dataclass(frozen=True)
class Settings:
    """How the dialogue behaves.

    Attributes:
        language: "en", "zh", or "auto": that of each sentence.
        one_moment_s: a notice when the model has said nothing for so long; 0: never.
        report_grace_s: how long a report waits for the reply to be heard.
    """

    language: str = "auto"
    one_moment_s: float = 2.5
    report_grace_s: float = 3.0


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
    """How much of a reply has been played; `at` in ROS time, s."""

    reply_id: str
    seconds: float
    at: float
    is_finished: bool
    is_interrupted: bool


class Grammars(Protocol):
    """What understands a sentence without a model."""

    def parse(self, text: str, language: str, scene: Scene, said: Discourse | None = None) -> GrammarResult:
        """The calls of a sentence, or what is unclear about it."""

    def prepare(self, scene: Scene) -> None:
        """Build what depends on a scene before a sentence needs it."""


class Ports(Protocol):
    """What the dialogue can do in the world. None of this blocks."""

    def ask(self, turn_id: str, request: ChatRequest) -> Abortable:
        """Ask the model; its events come back by `on_chat`."""

    def execute(self, key: str, heard: Heard, engine: Engine, calls: tuple[SkillCall, ...]) -> None:
        """Send an intent to the bridge; its events come back by `on_goal`."""

    def say(self, piece: Piece) -> None:
        """Speak."""

    def stop(self, heard: Heard, words: str) -> None:
        """Ask everybody to stop."""

    def report(self, report: Report) -> None:
        """Publish what became of an utterance."""
