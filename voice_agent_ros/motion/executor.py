# SPDX-License-Identifier: Apache-2.0
"""Carries out a plan step by step and judges success by what is measured, not by what controllers claim."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.controllers import Completion, Controllers, JointSnapshot, Senses
from voice_agent_ros.motion.plan import Grip, Move, Plan, Rests, Step
from voice_agent_ros.motion.policy import Policy

GRIP_TIMEOUT_S = 5.0
MOVING_RAD_S = 0.02
PROMISE_TIMEOUT_S = 2.0
POLL_S = 0.05


@dataclass(frozen=True)
class Ending:
    """How a plan ended.

    Attributes:
        outcome: done, stopped or failed.
        sentence: key in motion/sentences.OUTCOMES, "" for plain success.
        rule: what went wrong, for machines.
    """

    outcome: str
    rule: str = ""
    sentence: str = ""
    details: dict[str, Any] = field(default_factory=dict)


Report = Callable[[str, Step, float], None]


class Executor:
    """Runs one plan at a time, in the thread of the caller.

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
        self._stopping = threading.Event()
        self._watch_motion: Callable[[], None] | None = None
        self.held: str = ""
        self._held_gap = 0.0

    def stop(self) -> None:
        """Cancel everything now. The plan that is running ends as stopped."""
        self._stopping.set()
        self._controllers.cancel_all()

    def rearm(self) -> None:
        """Allow plans to run again; called when the latch is released."""
        self._stopping.clear()

    def on_joints(self, snapshot: JointSnapshot) -> None:
        """New joint states: notices when the arm begins to move."""
        watch = self._watch_motion
        if watch is not None and np.max(np.abs(snapshot.arm_velocity)) > MOVING_RAD_S:
            self._watch_motion = None
            watch()

    def run(self, plan: Plan, report: Report) -> Ending:
        """Carry out a plan.

        Args:
            report: called with a phase (executing, goal_accepted, first_motion), the step and the fraction done.
        """
        try:
            for index, step in enumerate(plan.steps):
                ending = self._step(step, report, index / len(plan.steps), first=index == 0)
                if ending is not None:
                    return ending
            return next((e for promise in plan.promises if (e := self._kept(promise))), self._success(plan))
        finally:
            self._watch_motion = None

    def _step(self, step: Step, report: Report, fraction: float, *, first: bool) -> Ending | None:
        if self._stopping.is_set():
            return Ending("stopped", "stopped", "stopped")
        snapshot = self._senses.joints()
        if snapshot is None or self._clock() - snapshot.at > self._execution.joint_states_max_age:
            return Ending("failed", "no_joint_states", "not_reached")
        if isinstance(step, Move):
            away = float(np.max(np.abs(snapshot.arm - step.trajectory.start)))
            if away > self._execution.start_tolerance:
                return Ending("failed", "arm_moved", "not_reached", {"away": away})
        report("executing", step, fraction)
        self._watch_motion = (lambda: report("first_motion", step, fraction)) if first else self._watch_motion

        def accepted() -> None:
            if self._stopping.is_set():  # the stop came while the goal was on its way
                self._controllers.cancel_all()
            report("goal_accepted", step, fraction)

        if isinstance(step, Move):
            timeout = step.trajectory.duration + self._execution.settle_time
            completion = self._controllers.follow(step.trajectory, timeout, accepted)
        else:
            completion = self._controllers.grip(step.position, step.max_effort, GRIP_TIMEOUT_S, accepted)
        return self._completed(completion) or self._measured(step)

    def _completed(self, completion: Completion) -> Ending | None:
        if self._stopping.is_set() or completion.status == "canceled":
            return Ending("stopped", "stopped", "stopped")
        if completion.status == "succeeded":
            return None
        if completion.status == "timeout":
            self._controllers.cancel_all()
        details = {"controller": completion.controller, "reason": completion.reason}
        return Ending("failed", completion.status, completion.status, details)

    def _measured(self, step: Step) -> Ending | None:
        """What the joints say of a step that the controller calls done."""
        snapshot = self._senses.joints()
        if snapshot is None:
            return Ending("failed", "no_joint_states", "not_reached")
        gap = self._arm.gripper.gap(snapshot.gripper)
        if isinstance(step, Grip):
            if step.releases:
                self.held = ""
            if step.holds and gap < step.gap:
                return Ending("failed", "not_held", "not_held", {"object": step.holds})
            self._held_gap = step.gap
            self.held = step.holds or self.held
            return None
        if step.carries and self.held and gap < self._held_gap:
            dropped, self.held = self.held, ""
            return Ending("failed", "dropped", "dropped", {"object": dropped})
        return None

    def _kept(self, promise: Rests) -> Ending | None:
        """None if the object comes to rest where it should, within a moment."""
        deadline = self._clock() + PROMISE_TIMEOUT_S
        while not rests(self._senses.scene(), promise):
            if self._clock() > deadline or self._stopping.wait(POLL_S):
                details = {"object": promise.object, "target": promise.target, "relation": promise.relation}
                return Ending("failed", "not_there", "not_there", details)
        return None

    def _success(self, plan: Plan) -> Ending:
        if plan.promises:
            last = plan.promises[-1]
            details = {"object": last.object, "target": last.target, "relation": last.relation}
            return Ending("done", sentence="done.rests", details=details)
        if self.held and any(isinstance(step, Grip) and step.holds for step in plan.steps):
            return Ending("done", sentence="done.holds", details={"object": self.held})
        return Ending("done")


def rests(scene: Scene, promise: Rests) -> bool:
    """Whether the promised object is seen within the target's footprint, and not hanging above it."""
    thing, target = scene.find(promise.object), scene.find(promise.target)
    if thing is None or target is None:
        return False
    inside = all(abs(thing.position[i] - target.position[i]) < target.size[i] / 2 for i in (0, 1))
    top = target.position[2] + target.size[2] / 2
    return inside and thing.position[2] - thing.size[2] / 2 < top + 0.01
