# SPDX-License-Identifier: Apache-2.0
"""Carries out a plan step by step and judges success by what is measured, not by what controllers claim."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.controllers import Completion, Controllers, JointSnapshot, Senses
from voice_agent_ros.motion.holding import is_kept
from voice_agent_ros.motion.plan import Grip, Held, Move, Plan, Rests, Step
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.trajectory import Trajectory

GRIP_TIMEOUT_S = 5.0
MEASURE_TIMEOUT_S = 0.5  # for joint states that are younger than the controller's answer
PROMISE_TIMEOUT_S = 2.0
POLL_S = 0.05
STANDSTILL_TIMEOUT_S = 2.0
AT_REST_TIMEOUT_S = 1.0  # for an arm that still swings when the next movement is due
OPENED = 0.8  # of the fingers' way, at least, when they were told to open
STILL_OPEN = 0.98  # the same when they were told to close: they have not moved
UNSURE = ("timeout", "absent")  # the goal may still be under way
STANDING = "is_standing"  # in the details of an ending: whether the joints showed standstill after a cancel


@dataclass(frozen=True)
class Ending:
    """How a plan ended.

    Attributes:
        outcome: done, stopped or failed.
        sentence: key in motion/sentences.OUTCOMES, "" for plain success.
        rule: what went wrong, for machines.
        steps_done: how many of its steps were carried out and measured.
        refusal: the rule that forbids what would have come next, if that is why it ended.
    """

    outcome: str
    rule: str = ""
    sentence: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    steps_done: int = 0
    refusal: Refusal | None = None


STOPPED = Ending("stopped", "stopped", "stopped")
NOT_FELT = Ending("failed", "no_joint_states", "not_reached")
Report = Callable[[str, Step, float], None]
OnGoal = Callable[[Completion, int], None]


class Executor:
    """Runs one plan at a time, in the thread of the caller.

    A plan belongs to the epoch in which it was asked for. Every stop begins a new one, so that no plan survives a
    stop, however soon motion is allowed again.

    Args:
        clock: monotonic time, s.
    """

    def __init__(
        self,
        controllers: Controllers,
        senses: Senses,
        arm: ArmConfig,
        policy: Policy,
        clock: Callable[[], float],
    ) -> None:
        self._controllers, self._senses, self._arm = controllers, senses, arm
        self._execution, self._clock = policy.execution, clock
        self._changed = threading.Condition()
        self._watch_motion: Callable[[], None] | None = None
        self._held_gap = 0.0
        self._stopped_at = -1e9
        self.epoch = 0
        self.is_running = False
        self.held: str = ""

    def stop(self) -> None:
        """Cancel everything now. The plan that is running ends as stopped."""
        with self._changed:
            self.epoch += 1
            self._stopped_at = self._clock()
            self._changed.notify_all()
        self._controllers.cancel_all()

    def on_joints(self, snapshot: JointSnapshot) -> None:
        """New joint states: notices when the arm begins to move."""
        watch = self._watch_motion
        if watch is not None and not self._is_still(snapshot):
            self._watch_motion = None
            watch()
        with self._changed:
            self._changed.notify_all()

    def holding(self, snapshot: JointSnapshot) -> str:
        """The object that was taken and is, by the fingers' distance, still there; or ""."""
        if self.held and self._arm.gripper.gap(snapshot.gripper) < self._held_gap:
            self.held = ""
        return self.held

    def run(
        self, plan: Plan, report: Report, epoch: int, on_goal: OnGoal = lambda completion, step: None
    ) -> Ending:
        """Carry out a plan.

        Args:
            report: called with a phase (executing, goal_accepted, first_motion, last_motion), the step and the fraction done.
            epoch: in which the plan was asked for.
            on_goal: called when a controller's goal is over, with the index of the step.
        """
        self.is_running = True
        done = 0
        try:
            for index, step in enumerate(plan.steps):
                fraction = index / len(plan.steps)
                if index == 0:
                    self._watch_motion = partial(report, "first_motion", step, fraction)
                ending = self._step(step, report, fraction, epoch, partial(_numbered, on_goal, index))
                if ending is not None:
                    break
                done += 1
            else:
                if plan.steps:
                    report("last_motion", plan.steps[-1], 1.0)
                broken = (e for promise in plan.promises if (e := self._kept(promise, epoch)))
                ending = next(broken, None) or _success(plan)
            return replace(self._stood_still(ending, epoch), steps_done=done)
        finally:
            self._watch_motion = None
            self.is_running = False

    def _step(
        self, step: Step, report: Report, fraction: float, epoch: int, on_over: Callable[[Completion], None]
    ) -> Ending | None:
        if self.epoch != epoch:
            return STOPPED
        goal: Trajectory | Ending | None = None
        if isinstance(step, Move):
            goal = self._beginning(step, epoch)
        elif self._felt() is None:
            goal = NOT_FELT
        if isinstance(goal, Ending):
            return goal
        report("executing", step, fraction)

        def accepted() -> None:
            if self.epoch != epoch:  # the stop came while the goal was on its way
                self._controllers.cancel_all()
            report("goal_accepted", step, fraction)

        if isinstance(step, Grip):
            completion = self._controllers.grip(step.position, step.max_effort, GRIP_TIMEOUT_S, accepted)
        else:
            assert goal is not None
            timeout = goal.duration + self._execution.settle_time
            completion = self._controllers.follow(goal, timeout, accepted)
        on_over(completion)
        return self._completed(completion, epoch) or self._measured(step, epoch)

    def _beginning(self, step: Move, epoch: int) -> Trajectory | Ending:
        """The movement from where the arm stands, checked; or why there is none."""
        if self._felt() is None:
            return NOT_FELT
        stands = self._until(
            lambda: (felt := self._felt()) is not None and self._is_still(felt), AT_REST_TIMEOUT_S, epoch
        )
        if self.epoch != epoch:
            return STOPPED
        snapshot = self._felt()
        if snapshot is None:
            return NOT_FELT
        if not stands:
            return Ending("failed", "still_moving", "still_moving")
        away = float(np.max(np.abs(snapshot.arm - step.trajectory.start)))
        if not away <= self._execution.start_tolerance:  # NaN counts as away
            return Ending("failed", "arm_moved", "not_reached", {"away": away})
        try:
            return step.beginning_at(snapshot.arm)
        except Refusal as refusal:
            return Ending("failed", refusal.rule, refusal=refusal)

    def _felt(self) -> JointSnapshot | None:
        """Recent joint states, if there are some."""
        snapshot = self._senses.joints()
        if snapshot is None or self._clock() - snapshot.at > self._execution.joint_states_max_age:
            return None
        return snapshot

    def _is_still(self, snapshot: JointSnapshot) -> bool:
        return bool(np.max(np.abs(snapshot.arm_velocity)) <= self._execution.standstill)

    def _stood_still(self, ending: Ending, epoch: int) -> Ending:
        """An ending after a cancel, with what the joints say: whether the arm stands, and since when."""
        if ending.outcome != "stopped" and ending.rule not in UNSURE:
            return ending
        began = self._clock()
        asked_at = self._stopped_at if self.epoch != epoch else began  # somebody else canceled
        still_at: list[float] = []

        def is_standing() -> bool:
            snapshot = self._senses.joints()
            if snapshot is None or snapshot.at < began or not self._is_still(snapshot):
                return False
            still_at.append(snapshot.at)
            return True

        if self._felt() is None:
            return replace(ending, details={**ending.details, STANDING: False})
        is_standing_now = self._until(is_standing, STANDSTILL_TIMEOUT_S, None)
        details: dict[str, Any] = {**ending.details, STANDING: is_standing_now}
        if still_at:
            details["standstill_s"] = still_at[0] - asked_at
        return replace(ending, details=details)

    def _completed(self, completion: Completion, epoch: int) -> Ending | None:
        if completion.status in UNSURE:
            self._controllers.cancel_all()
        if self.epoch != epoch or completion.status == "canceled":
            return STOPPED
        if completion.status == "succeeded":
            return None
        details = {"controller": completion.controller, "reason": completion.reason}
        return Ending("failed", completion.status, completion.status, details)

    def _measured(self, step: Step, epoch: int) -> Ending | None:
        """What the joints say of a step that the controller calls done."""
        completed_at = self._clock()

        def is_measured() -> bool:
            snapshot = self._senses.joints()
            if snapshot is None or snapshot.at < completed_at:
                return False
            return (
                self._has_gripped(snapshot, step)
                if isinstance(step, Grip)
                else self._is_there(snapshot, step)
            )

        is_there = self._until(is_measured, MEASURE_TIMEOUT_S, epoch)
        if self.epoch != epoch:
            return STOPPED
        snapshot = self._senses.joints()
        if snapshot is None or snapshot.at < completed_at:
            return NOT_FELT
        if not is_there and isinstance(step, Grip) and step.holds:
            return Ending("failed", "not_held", "not_held", {"object": step.holds})
        if not is_there and isinstance(step, Grip):
            return Ending("failed", "gripper_stuck", "gripper_stuck")
        if not is_there:
            return Ending("failed", "not_reached", "not_reached")
        return self._gripped(step, snapshot) if isinstance(step, Grip) else self._carried(step, snapshot)

    def _is_there(self, snapshot: JointSnapshot, step: Move) -> bool:
        return bool(np.max(np.abs(snapshot.arm - step.trajectory.end)) <= self._execution.start_tolerance)

    def _has_gripped(self, snapshot: JointSnapshot, step: Grip) -> bool:
        """Whether the fingers have moved as they were told. What they close on may stop them, but not at once."""
        gripper = self._arm.gripper
        opened = (snapshot.gripper - gripper.closed) / (gripper.open - gripper.closed)
        return opened >= OPENED if step.releases else opened < STILL_OPEN

    def _gripped(self, step: Grip, snapshot: JointSnapshot) -> Ending | None:
        if step.releases:
            self.held = ""
        if step.holds and self._arm.gripper.gap(snapshot.gripper) < step.gap:
            return Ending("failed", "not_held", "not_held", {"object": step.holds})
        if step.holds:
            self.held, self._held_gap = step.holds, step.gap
        return None

    def _carried(self, step: Move, snapshot: JointSnapshot) -> Ending | None:
        held = self.held
        if step.carries and held and not self.holding(snapshot):
            return Ending("failed", "dropped", "dropped", {"object": held})
        return None

    def _kept(self, promise: Rests | Held, epoch: int) -> Ending | None:
        """None if the object comes to be where it should, within a moment."""
        if self._until(lambda: is_kept(promise, self._senses.scene()), PROMISE_TIMEOUT_S, epoch):
            return None
        if self.epoch != epoch:
            return STOPPED
        if isinstance(promise, Held):
            self.held = ""
            return Ending("failed", "not_held", "not_held", {"object": promise.object})
        details = {"object": promise.object, "target": promise.target, "relation": promise.relation}
        return Ending("failed", "not_there", "not_there", details)

    def _until(self, condition: Callable[[], bool], timeout_s: float, epoch: int | None) -> bool:
        """Wait for a condition; False after the timeout or, unless the epoch does not matter, a stop."""
        deadline = self._clock() + timeout_s
        while epoch is None or self.epoch == epoch:
            if condition():
                return True
            if self._clock() > deadline:
                return False
            with self._changed:
                self._changed.wait(POLL_S)
        return False


def _numbered(on_goal: OnGoal, step: int, completion: Completion) -> None:
    on_goal(completion, step)


def _success(plan: Plan) -> Ending:
    last = plan.promises[-1] if plan.promises else None
    if isinstance(last, Rests):
        details = {"object": last.object, "target": last.target, "relation": last.relation}
        return Ending("done", sentence="done.rests" if last.is_seen else "done.unseen", details=details)
    if last is not None:
        return Ending("done", sentence="done.holds", details={"object": last.object})
    return Ending("done")
