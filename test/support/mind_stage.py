# SPDX-License-Identifier: Apache-2.0
"""Plays scenarios of the mind: see scenario_run; here the model streams, two people speak, and links fail."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import Any

from mind_file import MIND_STEPS, BridgeLink, Complains, Endpoint, MindExpect, MindHear, Repeat, Speak, Utters
from scenario_run import Mismatch, Stage
from scenario_talk import CHARACTERS_PER_S, FakeChat

from voice_agent_ros.intent.dialogue_ports import GoalEvent, Partial
from voice_agent_ros.intent.facts import RobotState
from voice_agent_ros.intent.turn import Heard, Piece, Report
from voice_agent_ros.intent.wordings import script_of
from voice_agent_ros.llm.client import Event, Failed, Finished, TextDelta, ThinkingDelta, ToolCall
from voice_agent_ros.motion import gate

SOON_S = 0.01


class MindStage(Stage):
    """The stage, seen from the mind."""

    def __init__(self, *arguments: Any) -> None:
        self.requests: list[Any] = []
        self.chats: list[FakeChat] = []
        self.signs: list[Piece] = []
        self.shown: list[str] = []
        self.languages: list[str] = []
        self.keys: list[str] = []
        self.reports: list[Report] = []
        self._rounds: deque[list[Utters]] = deque()
        self._endpoints_gone = False
        self._link = BridgeLink(link="works")
        self._complaints: tuple[str, ...] = ()
        self._open: tuple[str, float] | None = None
        super().__init__(*arguments)

    def do(self, step: Any) -> None:
        play = _PLAY.get(type(step))
        if play is None:
            super().do(step)
        else:
            play(self, step)

    # What the dialogue can do.

    def ask(self, chat_id: str, request: Any) -> FakeChat:
        self.requests.append(request)
        chat = FakeChat()
        self.chats.append(chat)
        if self._endpoints_gone:
            self._later_on_chat(chat_id, chat, SOON_S, Failed("unreachable", "connection refused"))
        elif self._rounds:
            self._play_model(chat_id, chat, self._rounds.popleft())
        else:
            self.chats[-1] = super().ask(chat_id, request)
        return self.chats[-1]

    def _play_model(self, chat_id: str, chat: FakeChat, script: list[Utters]) -> None:
        at, ended = SOON_S, False
        calls: list[ToolCall] = []
        for item in script:
            at += item.wait
            events: list[Event] = []
            if item.text:
                whole = item.text * item.times
                events += [TextDelta(whole[i : i + 4096]) for i in range(0, len(whole), 4096)]
            if item.thought:
                events.append(ThinkingDelta(item.thought))
            if item.call:
                calls += [ToolCall(item.call.skill, json.dumps(item.call.arguments))] * item.times
            calls += [ToolCall(name, text) for name, text in (item.raw_call or {}).items()]
            if item.fails:
                events.append(Failed(item.fails, "scripted"))
                ended = True
            for event in events:
                self._later_on_chat(chat_id, chat, at, event)
        if not ended:
            self._later_on_chat(chat_id, chat, at, Finished(tuple(calls)))

    def _later_on_chat(self, chat_id: str, chat: FakeChat, seconds: float, event: Event) -> None:
        self.time.call_later(seconds, lambda: chat.is_aborted or self._on_chat(chat_id, event, chat))

    def execute(self, key: str, heard: Heard, engine: str, calls: tuple[Any, ...]) -> None:
        if key in self.keys:
            raise Mismatch(f"the key {key} was used twice")
        self.keys.append(key)
        if self._link.link == "gone":
            super().tell(key, GoalEvent("unavailable", self.ros_now()))
            return
        super().execute(key, heard, engine, calls)

    def tell(self, key: str, event: GoalEvent) -> None:
        link = self._link.link
        is_result = event.phase == "result"
        if is_result and link == "loses results":
            return
        if is_result and link == "delays results":
            self.time.call_later(self._link.delay, lambda: super(MindStage, self).tell(key, event))
            return
        super().tell(key, event)
        if link == "repeats results":
            super().tell(key, event)

    def say(self, piece: Piece) -> None:
        if piece.kind == "earcon":
            self.signs.append(piece)
        elif piece.kind == "text":
            self.shown.append(piece.text)
        else:
            if piece.text.strip():
                self.languages.append(piece.language)
            super().say(piece)

    def report(self, report: Report) -> None:
        if any(known.heard.turn_id == report.heard.turn_id for known in self.reports):
            raise Mismatch(f"{report.heard.text!r} was reported twice")
        self.reports.append(report)
        super().report(report)

    def _look(self) -> None:
        self.dialogue.on_robot(
            RobotState(
                held=self.bridge.held,
                is_latched=self.bridge.latched,
                latch_reason=self.bridge.latch_reason,
                is_moving=self.bridge.is_moving,
                problems=self._complaints,
            )
        )
        super()._look()

    # Steps.

    def _speak(self, step: Speak) -> None:
        if step.model is not None:
            self._rounds.extend(step.model)
        self._pump()
        self._look()
        if self._open is None:
            self._turns += 1
            self._open = (f"turn-{self._turns}", self.ros_now())
            self.mouth.interrupt()
        turn = self._open[0]
        language = script_of(step.speak)
        self.dialogue.on_partial(Partial(step.session, turn, step.speak, language, step.complete))
        self.bridge.on_speaking(turn)
        if step.ends:
            self.dialogue.on_speech_end(turn)
        self._pass(0.2)

    def _hear(self, step: MindHear) -> None:  # type: ignore[override]
        if step.model is not None:
            self._rounds.extend(step.model)
        if step.again:
            self._hand_over(step, self._last_heard, self.ros_now() - 1.0)
        else:
            if self._open is None:
                self._speak(Speak(speak=step.hear, session=step.session))
                self._pass(max(len(step.hear) / CHARACTERS_PER_S[script_of(step.hear)], 0.4))
            assert self._open is not None
            self._turn, began = self._open
            self._last_heard, self._open, self.result, self._model = self._turn, None, None, step
            self._hand_over(step, self._turn, began + step.began)
        if step.settle:
            self._settle()

    def _hand_over(self, step: MindHear, turn: str, began: float) -> None:
        now = self.ros_now()
        language = step.language or script_of(step.hear, self._scenario.language)
        self.bridge.on_heard(
            gate.Heard(turn, step.session, step.hear, language, step.confidence, self.time.now, began)
        )
        self._look()
        self.dialogue.on_heard(
            Heard(step.session, turn, step.hear, language, began, now - 0.3, now, is_typed=step.typed)
        )

    def _on_endpoints(self, step: Endpoint) -> None:
        self._endpoints_gone = step.endpoints == "gone"

    def _on_link(self, step: BridgeLink) -> None:
        self._link = step

    def _on_complaints(self, step: Complains) -> None:
        self._complaints = tuple(step.diagnostics)

    def _repeat(self, step: Repeat) -> None:
        for number in range(1, step.repeat + 1):
            for raw in step.steps:
                text = json.dumps(raw).replace("{n}", str(number))
                verb = next(verb for verb in MIND_STEPS if verb in raw)
                self.do(MIND_STEPS[verb].model_validate(json.loads(text)))
                self._check_always()

    # Expectations.

    def _mark(self) -> None:
        super()._mark()
        self.marked_mind = tuple(
            map(len, (self.requests, self.signs, self.shown, self.languages, self.keys, self.reports))
        )

    def _expect(self, step: Any) -> None:
        self._pump()
        wrong = self._differences(step) if isinstance(step, MindExpect) else []
        try:
            super()._expect(step)
        except Mismatch as mismatch:
            wrong = [str(mismatch), *wrong]
        if wrong:
            raise Mismatch("; ".join(wrong))

    def _differences(self, step: MindExpect) -> list[str]:
        wanted = step.expect
        requests, signs, shown, languages, keys, reports = self.marked_mind
        told = json.dumps(self.requests[-1].messages, ensure_ascii=False) if self.requests else ""
        text = " ".join(self.shown[shown:])
        actual = {
            "chats": len(self.requests) - requests,
            "aborted": sum(chat.is_aborted for chat in self.chats),
            "signs": len(self.signs) - signs,
            "proposed": len(self.keys) - keys,
            "reports": len(self.reports) - reports,
        }
        wrong = [
            f"{name} is {value}, not {asked}"
            for name, value in actual.items()
            if (asked := getattr(wanted, name)) is not None and asked != value
        ]
        if wanted.shown is not None and not re.search(wanted.shown, text):
            wrong.append(f"it showed {text[:200]!r}")
        if wanted.told is not None and not re.search(wanted.told, told):
            wrong.append(f"the model was told {told[-600:]!r}")
        if wanted.never_told is not None and re.search(wanted.never_told, told):
            wrong.append(f"the model was told {told[-600:]!r}")
        if wanted.spoken_in is not None and set(self.languages[languages:]) != {wanted.spoken_in}:
            wrong.append(f"it spoke {self.languages[languages:]}")
        return wrong


_PLAY: dict[type, Any] = {
    MindHear: MindStage._hear,
    Speak: MindStage._speak,
    Endpoint: MindStage._on_endpoints,
    BridgeLink: MindStage._on_link,
    Complains: MindStage._on_complaints,
    Repeat: MindStage._repeat,
    MindExpect: MindStage._expect,
}
