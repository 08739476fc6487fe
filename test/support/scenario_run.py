# SPDX-License-Identifier: Apache-2.0
"""Plays a scenario: the real dialogue, grammar, gate, planner and executor among fakes, on virtual time."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from hostile import Workshop
from scenario_check import differences, flat
from scenario_file import (
    ClockJump,
    Confirm,
    Dies,
    Expect,
    FaultNow,
    Hear,
    Lives,
    Meddle,
    MoveObject,
    Propose,
    PushArm,
    RemoveObject,
    Resume,
    Scenario,
    Stop,
    Wait,
)
from scenario_talk import CHARACTERS_PER_S, FakeChat, FakeMouth, model_events
from scenario_world import DEMO, FakeWorld
from virtual_time import VirtualTime

from voice_agent_ros.intent.dialogue import Dialogue
from voice_agent_ros.intent.dialogue_ports import GoalEvent, Partial
from voice_agent_ros.intent.skills import SkillError, parse_call
from voice_agent_ros.intent.turn import Heard, Piece, Report
from voice_agent_ros.intent.wordings import script_of
from voice_agent_ros.llm.conversation import Conversation
from voice_agent_ros.motion import gate
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.audit_chain import verify
from voice_agent_ros.motion.bridge import IntentBridge, Progress, Proposal, Result
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.places import Places
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.sim.faults import Fault, Faults

EPOCH = 1_800_000_000.0  # ROS time is not the monotonic clock's
STEP_S = 0.1
SETTLE_S = 120.0
COMPANIONS = ("asr_node", "llm_node", "stop_guard_node")


class Mismatch(AssertionError):
    """An expectation that is not met."""


class Stage:
    """Everything that plays along. Dialogue and bridge are real, what they are connected to is fake."""

    def __init__(self, workshop: Workshop, scenario: Scenario, time: VirtualTime, log: Path) -> None:
        self.time, self._log, self._scenario = time, log, scenario
        policy = Policy.model_validate(
            _merged(workshop.policies[0].model_dump(), scenario.policy), strict=False
        )
        things = DEMO if scenario.objects is None else scenario.objects
        self.arm_config = arm = workshop.arm.model_copy(update={"user_frame_yaw": scenario.user_frame_yaw})
        self.world = FakeWorld(time, arm, workshop.witness(policy), things)
        self.world.known = known = self._known(arm, log.with_suffix(".places"))
        self.audit = AuditLog(log)
        executor = Executor(self.world, self.world, arm, policy, time)
        planner = Planner(workshop.model, arm, policy)
        judge = gate.Gate(policy, workshop.grammars, time)
        self.bridge = IntentBridge(
            judge, planner, executor, self.world, policy, self.audit, time, known=known
        )
        self.dialogue = Dialogue(workshop.grammars, self, Conversation(), time, self.ros_now)
        self.mouth = FakeMouth(self)
        self.world.on_joints = self.bridge.on_joints
        self.world.watch = self._watch
        self.world.is_forbidden = lambda: self.bridge.latched
        if not scenario.latched:
            self.bridge.resume()
        self._epoch, self._alive = EPOCH, set(COMPANIONS)
        self._events: deque[Any] = deque()
        self._model: Hear | None = None
        self._reports: dict[str, Report] = {}
        self.result: Result | None = None
        self._threads: list[Any] = []
        self._turn = self._last_heard = ""
        self._turns = self.questions = self._keys = 0
        self._last: Hear | None = None
        self.said: list[str] = []
        self._mark()

    def _known(self, arm: ArmConfig, places: Path) -> KnownThings:
        things = self.world.objects.values() if self._scenario.unseen else ()
        given = [replace(thing, source="given") for thing in things]
        self.world.is_blind = self._scenario.unseen
        return KnownThings(given, Places(places), tuple(arm.poses), arm.user_frame_yaw)

    @property
    def latest_report(self) -> Report | None:
        """What became of the words that were heard last."""
        return self._reports.get(self._turn)

    def ros_now(self) -> float:
        return self._epoch + self.time.now

    def play(self) -> None:
        """All steps.

        Raises:
            Mismatch: with the step's number.
        """
        for number, step in enumerate(self._scenario.steps, start=1):
            try:
                self.do(step)
                self._check_always()
            except Mismatch as mismatch:
                raise Mismatch(f"step {number}: {mismatch}\n{self._story()}") from None
        self.bridge.stop("the scenario is over")
        self.time.settle(SETTLE_S)
        if any(thread.is_alive() for thread in self._threads):
            raise Mismatch(f"an intent is still under way {SETTLE_S} s after a stop")
        self._check_always()
        self.audit.close()
        verify([self._log])

    def do(self, step: Any) -> None:
        """One step."""
        _PLAY[type(step)](self, step)

    def tell(self, key: str, event: GoalEvent) -> None:
        """News of a goal for the dialogue."""
        self.later(lambda: self.dialogue.on_goal(key, event))

    # What the dialogue can do; see dialogue_ports.Ports.

    def ask(self, turn_id: str, request: Any) -> FakeChat:
        chat, said = FakeChat(), self._model
        if said is None or (said.llm is None and said.raw_llm is None):
            raise Mismatch("the model was asked, but `hear` does not say (`llm:`) what it answers")
        for event in model_events(said):
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
            self.said.append(piece.text.strip())
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
        self._beat()
        if self._events:
            self._look()
        while self._events:
            self._events.popleft()()
        self.dialogue.tick()

    def _look(self) -> None:
        """Tell the dialogue how the world is; before anything happens to it, that is often enough."""
        self.dialogue.on_scene(self.world.scene())

    def _beat(self) -> None:
        for name in self._alive:
            self.bridge.companions.beat(name)

    def _watch(self) -> bool:
        self._beat()
        self.bridge.watch()
        return self.bridge.is_moving

    def _spawn(self, proposal: Proposal, *, for_dialogue: bool) -> None:
        def report(progress: Progress) -> None:
            self.questions += bool(progress.nonce)
            event = GoalEvent(progress.phase, self.ros_now(), progress.message, progress.nonce)
            if for_dialogue:
                self.tell(proposal.key, event)

        def run() -> None:
            result = self.bridge.carry_out(proposal, report)
            event = GoalEvent("result", self.ros_now(), result.message, "", result.outcome, result.rule)
            if for_dialogue:
                self.tell(proposal.key, event)
            else:
                self.result = result

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
            self.result = None
            self._look()
            self.dialogue.on_partial(Partial("session", self._turn, step.hear))
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
        self._look()
        self.dialogue.on_heard(Heard("session", turn, step.hear, language, start, now - 0.3, now))

    def _propose(self, step: Propose) -> None:
        claims = step.propose if isinstance(step.propose, list) else [step.propose]
        self._turn, self.result = "", None
        self._keys += 1
        try:
            calls = tuple(parse_call(claim.skill, claim.arguments) for claim in claims)
        except SkillError as error:
            self.result = Result("refused", "bad_arguments", str(error))
            return
        turn = self._last_heard if step.turn == "last" else step.turn
        proposal = Proposal(calls, turn, step.key or f"program-{self._keys}", step.dry_run)
        self._spawn(proposal, for_dialogue=False)
        if step.settle:
            self._settle()

    def _confirm(self, step: Confirm) -> None:
        if not self.bridge.confirm(step.confirm, self.bridge.pending_nonce) and step.settle:
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
        if not self.world.is_still and self.world.arm.faults.arm is not Fault.LAG:
            raise Mismatch("the arm still moves a second after a stop")

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

    def _dies(self, step: Dies) -> None:
        self._alive.discard(step.dies)

    def _lives(self, step: Lives) -> None:
        self._alive.add(step.lives)

    def _clock_jump(self, step: ClockJump) -> None:
        self._epoch += step.clock_jump
        self.bridge.on_clock_jump(step.clock_jump)

    def _meddle(self, step: Meddle) -> None:
        self.world.meddle(step.meddle)

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
        self.marked = (len(self.world.goals), self.questions, len(self.said), self.world.tool)

    def _expect(self, step: Expect) -> None:
        self._pump()
        wrong = [line for line in differences(self, step.expect) if line]
        self._mark()
        if wrong:
            raise Mismatch("; ".join(wrong))

    def _check_always(self) -> None:
        for thread in self._threads:
            if thread.task is not None and thread.task.error is not None:
                raise Mismatch(f"an exception escaped: {thread.task.error!r}")
        if self.world.violations:
            raise Mismatch(f"outside the limits: {self.world.violations}")

    def _story(self) -> str:
        turns = [
            f"    {r.heard.text!r} -> {r.outcome} {r.rule} [{r.engine}] {[flat(c.as_dict()) for c in r.calls]} {r.reply!r}"
            for r in self._reports.values()
        ]
        return "\n".join([*turns, f"    goals: {self.world.goals}", f"    said: {self.said}"])


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
    Meddle: Stage._meddle,
    Dies: Stage._dies,
    Lives: Stage._lives,
    ClockJump: Stage._clock_jump,
    FaultNow: Stage._fault,
    Expect: Stage._expect,
}


def _merged(base: Any, changes: Any) -> Any:
    if isinstance(base, dict) and isinstance(changes, dict):
        return {key: _merged(base.get(key), changes.get(key, base.get(key))) for key in {**base, **changes}}
    return changes
