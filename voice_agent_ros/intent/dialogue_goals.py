# SPDX-License-Identifier: Apache-2.0
"""What the dialogue has asked of the bridge, and what becomes of it: told to people, and to the model that wanted it."""

from __future__ import annotations

from collections.abc import Callable

from voice_agent_ros.intent.dialogue_ports import GoalEvent, Ports, Settings
from voice_agent_ros.intent.dialogue_question import OpenQuestion
from voice_agent_ros.intent.dialogue_thinking import Thinking
from voice_agent_ros.intent.dialogue_turns import TurnBook
from voice_agent_ros.intent.dialogue_voice import Voice
from voice_agent_ros.intent.discourse import Discourse
from voice_agent_ros.intent.facts import Deed
from voice_agent_ros.intent.phrases import phrase
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.turn import Engine, Outcome, Turn

GOAL_TIMEOUT_S = 180.0
# A person's no, a stop, or nobody knows how it ended: no reason to try anything else.
FINAL_RULES = ("not_confirmed", "stopped", "latched", "interrupted", "stale", "turn_used", "low_confidence")
_LOST = {"unavailable": "bridge_down", "rejected": "bridge_rejected", "lost": "bridge_lost"}


class Goals:
    """Sends each goal once, under a key of its own, and follows it to its end.

    Attributes:
        said: what was last spoken of and done.
        deed: what was done last, and how it ended.
    """

    def __init__(
        self,
        turns: TurnBook,
        voice: Voice,
        thinking: Thinking,
        question: OpenQuestion,
        ports: Ports,
        settings: Settings,
        monotonic: Callable[[], float],
        ros_now: Callable[[], float],
    ) -> None:
        self._turns, self._voice, self._thinking, self._question = turns, voice, thinking, question
        self._ports, self._settings, self._monotonic = ports, settings, monotonic
        self._ros_now = ros_now
        self.said = Discourse()
        self.deed: Deed | None = None

    @property
    def is_acting(self) -> bool:
        """Something that moves was sent, and has not ended."""
        return any(turn.key and any(call.arguments.moves for call in turn.calls) for turn in self._turns)

    def send(self, turn: Turn, engine: Engine, calls: tuple[SkillCall, ...]) -> None:
        """Propose something to the bridge."""
        turn_id = turn.heard.turn_id
        turn.mark("intent", self._ros_now(), turn.heard.received_at)
        turn.engine, turn.calls = engine, calls
        turn.tried += calls
        turn.key = turn_id if not turn.keys else f"{turn_id}/{len(turn.keys) + 1}"
        turn.keys.append(turn.key)
        self._ports.execute(turn.key, turn.heard, engine, calls)

    def answered(self, turn: Turn) -> None:
        """These words answer the open question: what comes of the goal is this turn's from now on."""
        asking = self._question.asking
        assert asking is not None
        self._question.answering = turn
        turn.engine, turn.calls = asking.engine, asking.calls
        self._turns.report(asking)

    def on_event(self, key: str, event: GoalEvent) -> None:
        """News from the bridge."""
        turn = self._turns.of_key(key)
        if turn is None:
            return
        answering = self._question.answering if turn is self._question.asking else None
        acting = answering or turn
        _mark(acting, event)
        if event.phase == "planned":
            self._voice.say(acting, event.message, "notice")
        elif event.phase == "awaiting_confirmation":
            self._question.open(turn, event.nonce)
            self._voice.say(turn, event.message, "question", event.nonce)
            self._turns.end(turn, "asked")
        elif event.phase in _LOST:
            rule = _LOST[event.phase]
            self._finish(turn, acting, "failed", rule, phrase(rule, turn.language))
        elif event.phase == "result":
            self._finish(turn, acting, _outcome(event.outcome, turn), event.rule, event.message)

    def tick(self) -> None:
        """A result that does not come is lost; it is never asked for again."""
        now = self._monotonic()
        for turn in self._turns:
            if turn.key and now - turn.started_at > GOAL_TIMEOUT_S:
                self.on_event(turn.key, GoalEvent("lost", 0.0))

    def _finish(self, turn: Turn, acting: Turn, outcome: Outcome, rule: str, message: str) -> None:
        was_asked = turn is self._question.asking
        if was_asked:
            self._question.close(self._monotonic(), is_declined=rule == "not_confirmed")
        turn.key = ""
        moves = any(call.arguments.moves for call in turn.calls)
        if outcome == "done":
            for call in turn.calls:  # the bridge keeps the same of its own
                self.said = self.said.after(call, self._monotonic())
        if moves or outcome in ("refused", "stopped", "failed"):
            self.deed = Deed(turn.calls, outcome, rule, message, acting.language)
        if acting.outcome is None:
            if message:
                self._voice.say(acting, message, "safety" if outcome == "stopped" else "answer")
            if not self._is_told_to_model(acting, outcome, rule, message):
                self._turns.end(acting, outcome, rule)
        elif was_asked and self._turns.is_latest(turn) and message:
            self._voice.say(turn, message, "notice")  # nobody answered, or it was stopped

    def _is_told_to_model(self, turn: Turn, outcome: Outcome, rule: str, message: str) -> bool:
        """Whether the model that made this call goes on, knowing how it ended; the turn ends with that."""
        wish = self._settings.tool_results
        is_its_own = turn.engine == "llm" and turn.proposed is not None and turn.request is not None
        if wish == "off" or not is_its_own or rule in FINAL_RULES or rule in _LOST.values():
            return False
        if outcome not in ("done", "refused", "failed") or not self._turns.is_latest(turn):
            return False
        has_moved = turn.has("goal_accepted") or outcome == "done"  # one sentence, one motion
        may_mend = outcome != "done" and not has_moved and len(turn.keys) < self._settings.tool_rounds
        if not may_mend and wish != "all":
            return False
        turn.settled = (outcome, rule)
        self._thinking.give_back(turn, outcome, rule, message, "mend" if may_mend else "tell")
        return True


def _mark(turn: Turn, event: GoalEvent) -> None:
    """What the bridge's phases tell of the turn's stages."""
    marks, at = turn.marks, event.at
    if event.phase == "checking":
        marks.begin("gate", at)
    elif event.phase == "judged":
        marks.mark("gate", at)
        marks.begin("plan", at)
    elif event.phase in ("planned", "awaiting_confirmation"):
        marks.mark("plan", at)
        if event.phase == "awaiting_confirmation":
            marks.mark("question", at)
    elif event.phase == "executing":
        marks.begin("goal_accepted", at)
    elif event.phase == "goal_accepted":
        marks.mark("goal_accepted", at)
        marks.begin("first_motion", at)
    elif event.phase == "first_motion":
        marks.mark("first_motion", at)
        marks.begin("last_motion", at)
    elif event.phase == "last_motion":
        marks.mark_again("last_motion", at)
    elif event.phase == "result" and turn.has("first_motion"):
        marks.mark("last_motion", at)  # it was stopped, or failed, and stands


def _outcome(outcome: str, turn: Turn) -> Outcome:
    """Telling what is seen is an answer; a person's stop ends as stopped."""
    if outcome == "done" and turn.calls and all(call.skill == "describe_scene" for call in turn.calls):
        return "answered"
    known: dict[str, Outcome] = {
        "done": "done",
        "refused": "refused",
        "stopped": "stopped",
        "failed": "failed",
    }
    return known.get(outcome, "failed")
