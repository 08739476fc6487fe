# SPDX-License-Identifier: Apache-2.0
"""Understands single typed sentences with the robot's own dialogue, and carries nothing out."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from voice_agent_ros.intent.dialogue import Dialogue
from voice_agent_ros.intent.dialogue_ports import Grammars, Settings
from voice_agent_ros.intent.grammar import GrammarResult
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.turn import Abortable, Engine, Heard, Piece, Report
from voice_agent_ros.llm.client import ChatRequest, Event, Failed, LlmClient
from voice_agent_ros.llm.conversation import Conversation

POLL_S = 0.05


@dataclass(frozen=True)
class Understood:
    """What is made of a sentence.

    Attributes:
        engine: who understood it; "none" if it is no command and nobody answers.
        elapsed_s: from the sentence to this, without what loading the model took.
        problem: why the model could not be asked, if it could not.
        outcome: what the dialogue made of it, in TurnReport's words; empty: it would act.
    """

    engine: Engine
    calls: tuple[SkillCall, ...]
    reply: str
    elapsed_s: float = 0.0
    problem: str = ""
    outcome: str = ""


class SentenceReader:
    """One sentence at a time, each without a past.

    Args:
        grammars: None: the model understands everything.
        connect: makes the model's client when it is first needed; None: only the grammar is asked.
    """

    def __init__(
        self, scene: Scene, grammars: Grammars | None, connect: Callable[[], LlmClient] | None
    ) -> None:
        self._scene = scene
        self._grammars = grammars or _NoGrammar()
        self._connect = connect
        self._client: LlmClient | None = None
        self._loading_s = 0.0
        self._events: queue.Queue[tuple[str, Event]] = queue.Queue()
        self._result: Understood | None = None
        self._reply: list[str] = []
        self._problem = ""

    def read(self, text: str, language: str) -> Understood:
        """Understand a sentence; waits for the model within the client's deadlines."""
        self._result, self._reply, self._problem = None, [], ""
        self._loading_s = 0.0
        begun = time.perf_counter()
        dialogue = Dialogue(
            self._grammars,
            self,
            Conversation(),
            time.monotonic,
            time.time,
            Settings(language, one_moment_s=0.0, report_grace_s=0.0),
        )
        now = time.time()
        turn_id = str(uuid.uuid4())
        dialogue.on_scene(self._scene)
        dialogue.on_heard(Heard("typed", turn_id, text, language, now, now, now, is_typed=True))
        while self._result is None:
            dialogue.tick()
            if self._result is None:
                self._deliver(dialogue)
        elapsed_s = time.perf_counter() - begun - self._loading_s
        dialogue.close()
        return replace(self._result, elapsed_s=elapsed_s)

    def _deliver(self, dialogue: Dialogue) -> None:
        try:
            turn_id, event = self._events.get(timeout=POLL_S)
        except queue.Empty:
            return
        if isinstance(event, Failed):
            self._problem = event.message
        dialogue.on_chat(turn_id, event)

    # The dialogue's ports.

    def ask(self, turn_id: str, request: ChatRequest) -> Abortable:
        """Ask the model, if there is one."""
        if self._connect is None:
            self._result = Understood("none", (), "")
            return _Nothing()
        if self._client is None:
            begun = time.perf_counter()
            self._client = self._connect()
            self._loading_s = time.perf_counter() - begun
        return self._client.chat(request, partial(self._keep, turn_id))

    def _keep(self, turn_id: str, event: Event) -> None:
        self._events.put((turn_id, event))

    def execute(self, key: str, heard: Heard, engine: Engine, calls: tuple[SkillCall, ...]) -> None:  # noqa: ARG002
        """Not here: the calls are the result."""
        self._result = Understood(engine, calls, "")

    def say(self, piece: Piece) -> None:
        """Keep the words."""
        self._reply.append(piece.text)

    def stop(self, heard: Heard, words: str) -> None:
        """Nothing moves."""

    def report(self, report: Report) -> None:
        """The sentence led to words only."""
        engine: Engine = "none" if self._problem else report.engine
        self._result = self._result or Understood(
            engine, (), "".join(self._reply).strip(), problem=self._problem, outcome=report.outcome
        )


class _NoGrammar:
    """Understands nothing."""

    def parse(self, *_: Any) -> GrammarResult:
        """Nothing."""
        return GrammarResult()

    def prepare(self, scene: Scene) -> None:
        """Nothing to prepare."""


class _Nothing:
    """A request that was never made."""

    def abort(self) -> None:
        """Nothing to abort."""
