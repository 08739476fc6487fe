# SPDX-License-Identifier: Apache-2.0
"""Plays a scenario: the real dialogue, grammar, gate, planner and executor among fakes, on virtual time."""

from __future__ import annotations

import json
import re
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from hostile import Workshop
from scenario_file import (
    Claim,
    Confirm,
    Expect,
    Expectation,
    Fails,
    FaultNow,
    Hear,
    MoveObject,
    Propose,
    PushArm,
    RemoveObject,
    Resume,
    Scenario,
    Stop,
    Wait,
)
from scenario_world import DEMO, FakeWorld
from virtual_time import VirtualTime

from voice_agent_ros.intent.dialogue import Dialogue
from voice_agent_ros.intent.dialogue_ports import GoalEvent, Played
from voice_agent_ros.intent.skills import SkillError, parse_call
from voice_agent_ros.intent.turn import Heard, Piece, Report
from voice_agent_ros.intent.wordings import script_of
from voice_agent_ros.llm.client import Failed, Finished, TextDelta, ToolCall
from voice_agent_ros.llm.conversation import Conversation
from voice_agent_ros.motion import gate
from voice_agent_ros.motion.audit import AuditLog, verify
from voice_agent_ros.motion.bridge import IntentBridge, Progress, Proposal, Result
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.sim.faults import Fault, Faults

EPOCH = 1_800_000_000.0  # ROS time is not the monotonic clock's
CHARACTERS_PER_S = {"en": 14.0, "zh": 4.0}
STEP_S = 0.1
SETTLE_S = 120.0
MOUTH_DELAY_S = 0.15


class Mismatch(AssertionError):
    """An expectation that is not met."""


class FakeChat:
    """A request to a model that was scripted."""

    is_aborted = False

    def abort(self) -> None:
        self.is_aborted = True


class FakeMouth:
    """Speaks one reply after the other, in virtual time."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._queue: deque[tuple[str, str, str]] = deque()
        self._texts: dict[str, str] = {}
        self._number = 0

    @property
    def is_quiet(self) -> bool:
        return not self._queue

    def say(self, piece: Piece) -> None:
        text = self._texts.get(piece.reply_id, "") + piece.text
        self._texts[piece.reply_id] = text
        if piece.is_last and text.strip():
            self._queue.append((piece.reply_id, text, piece.language))
            if len(self._queue) == 1:
                self._begin()

    def _begin(self) -> None:
        reply_id, text, language = self._queue[0]
        self._number += 1
        number, seconds = self._number, len(text) / CHARACTERS_PER_S.get(language, 14.0)
        time = self._stage.time
        time.call_later(MOUTH_DELAY_S, lambda: self._stage.later(lambda: self._started(number, reply_id)))
        time.call_later(
            MOUTH_DELAY_S + seconds, lambda: self._stage.later(lambda: self._ended(number, seconds))
        )

    def _started(self, number: int, reply_id: str) -> None:
        if number == self._number and self._queue:
            self._stage.dialogue.on_played(Played(reply_id, 0.02, self._stage.ros_now(), False, False))

    def _ended(self, number: int, seconds: float, *, is_interrupted: bool = False) -> None:
        if number != self._number or not self._queue:
            return
        reply_id, _, _ = self._queue.popleft()
        at = self._stage.ros_now()
        self._stage.bridge.on_played(reply_id, at, is_interrupted=is_interrupted)
        self._stage.dialogue.on_played(Played(reply_id, seconds, at, True, is_interrupted))
        if self._queue:
            self._begin()

    def interrupt(self) -> None:
        """Somebody speaks over it: everything that is waiting to be said is dropped."""
        while self._queue:
            self._number += 1
            number = self._number
            self._ended(number, 0.3, is_interrupted=True)


class Stage:
    """Everything that plays along. Dialogue and bridge are real, what they are connected to is fake."""

    def __init__(self, workshop: Workshop, scenario: Scenario, time: VirtualTime, log: Path) -> None:
        self.time, self._log, self._scenario = time, log, scenario
        policy = Policy.model_validate(
            _merged(workshop.policies[0].model_dump(), scenario.policy), strict=False
        )
        things = DEMO if scenario.objects is None else scenario.objects
        self.world = FakeWorld(time, workshop.arm, workshop.witness(policy), things)
        self._arm = workshop.arm
        self.audit = AuditLog(log)
        executor = Executor(self.world, self.world, workshop.arm, policy, time)
        planner = Planner(workshop.model, workshop.arm, policy)
        judge = gate.Gate(policy, workshop.grammars, time)
        self.bridge = IntentBridge(judge, planner, executor, self.world, policy, self.audit, time)
        self.dialogue = Dialogue(workshop.grammars, self, Conversation(), time, self.ros_now)
        self.mouth = FakeMouth(self)
        self.world.on_joints = self.bridge.on_joints
        self.world.watch = self._watch
        if not scenario.latched:
            self.bridge.resume()
        self._events: deque[Any] = deque()
        self._model: Hear | None = None
        self._reports: dict[str, Report] = {}
        self._result: Result | None = None
        self._threads: list[Any] = []
        self._turn = self._last_heard = ""
        self._turns = self._questions = self._keys = 0
        self._last: Hear | None = None
        self._said: list[str] = []
        self._mark()

    def ros_now(self) -> float:
        return EPOCH + self.time.now

    def play(self) -> None:
        """All steps.

        Raises:
            Mismatch: with the step's number.
        """
        for number, step in enumerate(self._scenario.steps, start=1):
            try:
                _PLAY[type(step)](self, step)
                self._check_always()
            except Mismatch as mismatch:
                raise Mismatch(f"step {number}: {mismatch}\n{self._story()}") from None
        self.bridge.stop("the scenario is over")
        self.time.settle(SETTLE_S)
        self._check_always()
        self.audit.close()
        verify(self._log)

    # What the dialogue can do; see dialogue_ports.Ports.

    def ask(self, turn_id: str, request: Any) -> FakeChat:
        chat, said = FakeChat(), self._model
        if said is None or (said.llm is None and said.raw_llm is None):
            raise Mismatch("the model was asked, but `hear` does not say (`llm:`) what it answers")
        for event in _model_events(said):
            self.time.call_later(
                said.thinks, lambda event=event: chat.is_aborted or self._on_chat(turn_id, event, chat)
            )
        return chat

    def _on_chat(self, turn_id: str, event: Any, chat: FakeChat) -> None:
        self.later(lambda: chat.is_aborted or self.dialogue.on_chat(turn_id, event))

    def execute(self, key: str, heard: Heard, engine: str, calls: tuple[Any, ...]) -> None:
        self._spawn(Proposal(calls, heard.turn_id, key), for_dialogue=True)

    def say(self, piece: Piece) -> None:
        if piece.text.strip():
            self._said.append(piece.text.strip())
        self.mouth.say(piece)

    def stop(self, heard: Heard, words: str) -> None:
        self._stop(f"heard {words!r}")

    def report(self, report: Report) -> None:
        self._reports[report.heard.turn_id] = report

    # Threads and time.

    def later(self, function: Any) -> None:
        """In the thread that feeds the dialogue."""
        self._events.append(function)

    def _pass(self, seconds: float) -> None:
        deadline = self.time.now + seconds
        while self.time.now < deadline - 1e-9:
            self.time.sleep(min(STEP_S, deadline - self.time.now))
            self._pump()

    def _pump(self) -> None:
        self.dialogue.on_scene(self.world.scene())
        while self._events:
            self._events.popleft()()
        self.dialogue.tick()

    def _watch(self) -> bool:
        self.bridge.watch()
        return self.bridge.is_moving

    def _spawn(self, proposal: Proposal, *, for_dialogue: bool) -> None:
        def report(progress: Progress) -> None:
            self._questions += bool(progress.nonce)
            event = GoalEvent(progress.phase, self.ros_now(), progress.message, progress.nonce)
            if for_dialogue:
                self.later(lambda: self.dialogue.on_goal(proposal.key, event))

        def run() -> None:
            result = self.bridge.carry_out(proposal, report)
            event = GoalEvent("result", self.ros_now(), result.message, "", result.outcome, result.rule)
            if for_dialogue:
                self.later(lambda: self.dialogue.on_goal(proposal.key, event))
            else:
                self._result = result

        thread = self.time.threading.Thread(target=run, name=proposal.key, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _settle(self) -> None:
        """Until the robot has nothing left to do but to wait for people."""
        deadline = self.time.now + SETTLE_S
        self._pass(STEP_S)
        while self.time.now < deadline:
            waits = bool(self.bridge.pending_nonce)
            busy = any(thread.is_alive() for thread in self._threads)
            is_reported = not self._turn or self._turn in self._reports
            if self.mouth.is_quiet and is_reported and (waits or not busy) and not self._events:
                return
            self._pass(STEP_S)
        raise Mismatch(f"the robot is still busy after {SETTLE_S} s")

    # Steps.

    def _hear(self, step: Hear) -> None:
        if step.again:
            self._deliver(step, self._last_heard)
        else:
            self._turns += 1
            self._turn = self._last_heard = f"turn-{self._turns}"
            self._result = None
            self.dialogue.on_partial(self._turn, step.hear)
            self.mouth.interrupt()
            began = self.ros_now() + step.began
            self._pass(max(len(step.hear) / CHARACTERS_PER_S[script_of(step.hear)], 0.4))
            self._model = step
            self._deliver(step, self._turn, began)
        if step.settle:
            self._settle()

    def _deliver(self, step: Hear, turn: str, began: float | None = None) -> None:
        start, now = began or self.ros_now() - 1.0, self.ros_now()
        language = step.language or script_of(step.hear, self._scenario.language)
        self.bridge.on_heard(
            gate.Heard(turn, "session", step.hear, language, step.confidence, self.time.now, start)
        )
        self.dialogue.on_heard(Heard("session", turn, step.hear, language, start, now - 0.3, now))

    def _propose(self, step: Propose) -> None:
        claims = step.propose if isinstance(step.propose, list) else [step.propose]
        self._turn, self._result = "", None
        self._keys += 1
        try:
            calls = tuple(parse_call(claim.skill, claim.arguments) for claim in claims)
        except SkillError as error:
            self._result = Result("refused", "bad_arguments", str(error))
            return
        turn = self._last_heard if step.turn == "last" else step.turn
        proposal = Proposal(calls, turn, step.key or f"program-{self._keys}", step.dry_run)
        self._spawn(proposal, for_dialogue=False)
        if step.settle:
            self._settle()

    def _confirm(self, step: Confirm) -> None:
        if not self.bridge.confirm(step.confirm):
            raise Mismatch("nothing waits for an answer")
        if step.settle:
            self._settle()

    def _stop(self, reason: str) -> None:
        self.bridge.stop(reason)
        self.mouth.interrupt()
        self.later(self.dialogue.on_stop)

    def _on_stop(self, step: Stop) -> None:
        self._stop(step.stop)
        self._pass(1.0)

    def _resume(self, step: Resume) -> None:
        self.bridge.resume()

    def _wait(self, step: Wait) -> None:
        self._pass(step.wait)

    def _move_object(self, step: MoveObject) -> None:
        self.world.place(step.move_object, step.to, step.size)

    def _remove_object(self, step: RemoveObject) -> None:
        if self.world.objects.pop(step.remove_object, None) is None:
            raise Mismatch(f"there is no {step.remove_object} to take away")

    def _push_arm(self, step: PushArm) -> None:
        for joint, angle in step.push_arm.items():
            self.world.push(joint, angle)

    def _fault(self, step: FaultNow) -> None:
        world, old = self.world, self.world.arm.faults
        if step.fault is not None:
            world.arm_is_absent = step.fault == "absent"
        if step.gripper_fault is not None:
            world.gripper_is_absent = step.gripper_fault == "absent"
        if step.perception is not None:
            world.is_blind = step.perception == "dead"
        kept = {"absent": "none", None: None}
        arm, gripper = kept.get(step.fault, step.fault), kept.get(step.gripper_fault, step.gripper_fault)
        world.set_faults(
            Faults(
                Fault(arm) if arm else old.arm,
                Fault(gripper) if gripper else old.gripper,
                step.abort_error_code or old.abort_error_code,
                step.lag_s or old.lag_s,
            )
        )

    # Expectations.

    def _mark(self) -> None:
        self._marked = (len(self.world.goals), self._questions, len(self._said), self.world.tool)

    def _expect(self, step: Expect) -> None:
        self._pump()
        wrong = [line for line in self._differences(step.expect) if line]
        self._mark()
        if wrong:
            raise Mismatch("; ".join(wrong))

    def _differences(self, wanted: Expectation) -> list[str]:
        goals, questions, said, tool = self._marked
        new, words = self.world.goals[goals:], " ".join(self._said[said:])
        report = self._reports.get(self._turn)
        outcome, rule, engine, calls = "nothing", "", "none", ()
        if self._result is not None:
            outcome, rule, calls = self._result.outcome, self._result.rule, self._result.calls
            words = f"{words} {self._result.message}".strip()
        elif report is not None:
            outcome, rule, engine, calls = report.outcome, report.rule, report.engine, report.calls
        actual: dict[str, Any] = {
            "outcome": outcome,
            "rule": rule,
            "arm_goals": new.count("arm"),
            "gripper_goals": new.count("gripper"),
            "questions": self._questions - questions,
            "engine": engine,
            "latched": self.bridge.latched,
            "moving": self.bridge.is_moving,
        }
        wrong = [
            f"{key} is {value!r}, not {asked!r}"
            for key, value in actual.items()
            if (asked := getattr(wanted, key)) is not None and asked != value
        ]
        if wanted.goals is not None and (not new if wanted.goals == "some" else len(new) != wanted.goals):
            wrong.append(f"{len(new)} goals reached the controllers ({new}), not {wanted.goals}")
        if wanted.says is not None and not re.search(wanted.says, words):
            wrong.append(f"it said {words!r}, not {wanted.says!r}")
        if wanted.never_says is not None and re.search(wanted.never_says, words):
            wrong.append(f"it said {words!r}")
        if wanted.calls is not None and [_flat(c.as_dict()) for c in calls] != [
            dict(c.arguments, skill=c.skill) for c in wanted.calls
        ]:
            wrong.append(f"calls are {[_flat(c.as_dict()) for c in calls]}")
        return [*wrong, *self._places(wanted, tool)]

    def _places(self, wanted: Expectation, tool: np.ndarray) -> list[str]:
        wrong = []
        for name, where in (wanted.objects or {}).items():
            found = self._where(name)
            if isinstance(where, str):
                wrong += [] if found == where else [f"the {name} is in/on the {found}, not {where}"]
            elif name not in self.world.objects or not np.allclose(
                self.world.objects[name].position, where, atol=0.01
            ):
                wrong.append(f"the {name} is at {getattr(self.world.objects.get(name), 'position', None)}")
        if wanted.pose is not None and not np.allclose(self.world.q, self._arm.poses[wanted.pose], atol=0.01):
            wrong.append(f"the arm is not in the pose {wanted.pose}")
        if wanted.tool_moved is not None:
            moved = self.world.tool - tool
            if not np.allclose(moved, wanted.tool_moved, atol=0.003):
                wrong.append(f"the hand moved by {np.round(moved, 3).tolist()}")
        return wrong

    def _where(self, name: str) -> str:
        thing = self.world.objects.get(name)
        if thing is None:
            return "nowhere"
        if self.world.held == name:
            return "hand"
        for other in self.world.objects.values():
            apart = np.hypot(*(np.array(other.position[:2]) - thing.position[:2]))
            if other.name != name and apart < other.size[0] / 2 and thing.position[2] < 0.2:
                return other.name
        return "table"

    def _check_always(self) -> None:
        for thread in self._threads:
            if thread.task is not None and thread.task.error is not None:
                raise Mismatch(f"an exception escaped: {thread.task.error!r}")
        if self.world.violations:
            raise Mismatch(f"outside the limits: {self.world.violations}")

    def _story(self) -> str:
        turns = [
            f"    {r.heard.text!r} -> {r.outcome} {r.rule} [{r.engine}] {[_flat(c.as_dict()) for c in r.calls]} {r.reply!r}"
            for r in self._reports.values()
        ]
        return "\n".join([*turns, f"    goals: {self.world.goals}", f"    said: {self._said}"])


_PLAY: dict[type, Any] = {
    Hear: Stage._hear,
    Propose: Stage._propose,
    Confirm: Stage._confirm,
    Stop: Stage._on_stop,
    Resume: Stage._resume,
    Wait: Stage._wait,
    MoveObject: Stage._move_object,
    RemoveObject: Stage._remove_object,
    PushArm: Stage._push_arm,
    FaultNow: Stage._fault,
    Expect: Stage._expect,
}


def _model_events(said: Hear) -> list[Any]:
    if said.raw_llm is not None:
        return [Finished(tuple(ToolCall(name, text) for name, text in said.raw_llm.items()))]
    if isinstance(said.llm, Fails):
        return [Failed(said.llm.fails, "scripted")]
    if isinstance(said.llm, str):
        return [TextDelta(said.llm), Finished()]
    claims = said.llm if isinstance(said.llm, list) else [said.llm]
    calls = (ToolCall(c.skill, json.dumps(c.arguments)) for c in claims if isinstance(c, Claim))
    return [Finished(tuple(calls))]


def _merged(base: Any, changes: Any) -> Any:
    if isinstance(base, dict) and isinstance(changes, dict):
        return {key: _merged(base.get(key), changes.get(key, base.get(key))) for key in {**base, **changes}}
    return changes


def _flat(call: dict[str, Any]) -> dict[str, Any]:
    return dict(call["arguments"], skill=call["skill"])
