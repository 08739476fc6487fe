# SPDX-License-Identifier: Apache-2.0
"""A stand-in for arm, gripper and table on virtual time: the simulated controllers without physics.

Joints follow their setpoints exactly; what the fingers close on sticks to them; what they let go of falls down.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scenario_file import Thing
from virtual_time import VirtualTime
from witness import Witness

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.controllers import Completion, JointSnapshot
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.trajectory import Trajectory
from voice_agent_ros.sim.faults import Fault, Faults
from voice_agent_ros.sim.gripper_controller import GripperController, GripperResult
from voice_agent_ros.sim.trajectory import Point
from voice_agent_ros.sim.trajectory_controller import TrajectoryController
from voice_agent_ros.sim.trajectory_goal import Goal, Outcome

TICK_S = 0.02
FINGER_STIFFNESS = 1000.0  # N/m, of the fake servo
GRASP_M = 0.02  # something this close to the tool is between the fingers
SLIP_AFTER_S = 0.3
MEDDLE_S = 0.5
DEMO = {
    "red cube": Thing(at=[0.39, -0.06, 0.02]),
    "green cube": Thing(at=[0.38, 0.10, 0.02]),
    "blue cube": Thing(at=[0.31, 0.24, 0.02]),
    "bowl": Thing(at=[0.30, -0.28, 0.0275], size=[0.18, 0.18, 0.055]),
}


class FakeWorld:
    """Controllers and senses for a bridge.

    Args:
        witness: judges every goal.
        things: what stands on the table.

    Attributes:
        known: what is known besides what is seen.
    """

    def __init__(
        self,
        time: VirtualTime,
        arm: ArmConfig,
        witness: Witness,
        things: dict[str, Thing],
    ) -> None:
        self._time, self._arm, self._witness = time, arm, witness
        gripper = arm.gripper
        self.arm = TrajectoryController(arm.arm.joints, np.array(arm.poses["home"]))
        self.fingers = GripperController(gripper.closed, gripper.open, gripper.open)
        self.on_joints: Callable[[JointSnapshot], None] = lambda _: None
        self.watch: Callable[[], bool] = lambda: False
        self.is_forbidden: Callable[[], bool] = lambda: False
        self.known = KnownThings(poses=tuple(arm.poses))
        self.goals: list[str] = []
        self.violations: list[str] = []
        self.arm_is_absent = self.gripper_is_absent = self.is_blind = False
        self.q, self._velocity = np.array(arm.poses["home"]), np.zeros(len(arm.arm.joints))
        self.opening = gripper.open
        self.held = ""
        self.objects = {name: _object(name, thing) for name, thing in things.items()}
        self._felt: JointSnapshot | None = None
        self._carried_s = 0.0
        self._is_ticking = False
        self._ticked = time.now

    # Senses.

    def joints(self) -> JointSnapshot | None:
        if self.arm.faults.arm is not Fault.DROP_JOINT_STATES or self._felt is None:
            self._felt = JointSnapshot(self.q.copy(), self._velocity.copy(), self.opening, self._time.now)
        return self._felt

    def scene(self) -> Scene:
        seen = () if self.is_blind else tuple(self.objects.values())
        return self.known.scene(seen, use_given=True, is_blind=self.is_blind)

    @property
    def is_still(self) -> bool:
        return not np.any(np.abs(self._velocity) > 1e-3)

    @property
    def tool(self) -> np.ndarray:
        return self._witness.chain.places(self.q[None, :])[1][0, :3, 3]

    # Controllers.

    def follow(self, trajectory: Trajectory, timeout_s: float, on_accepted: Callable[[], None]) -> Completion:
        if self.arm_is_absent:
            return Completion("absent", "arm", "no answer")
        self._record("arm")
        self.violations += self._witness.of_trajectory(self.q, trajectory)
        points = [
            Point(position.tolist(), float(time), velocity.tolist(), acceleration.tolist())
            for time, position, velocity, acceleration in zip(
                trajectory.times,
                trajectory.positions,
                trajectory.velocities,
                trajectory.accelerations,
                strict=True,
            )
        ]
        goal = Goal(trajectory.joint_names, points)
        rejection = self.arm.rejection(goal, self._time.now)
        if rejection is not None:
            return Completion("rejected", "arm", rejection.reason)
        over, ended = self._time.threading.Event(), []

        def done(outcome: Outcome, reason: str) -> None:
            ended.append(_completion(outcome, reason))
            over.set()

        self._ticked = self._time.now
        self.arm.update(self._time.now, self.q, self._velocity)
        self.arm.start(goal, self._time.now, done)
        return self._finished(over, ended, "arm", timeout_s, on_accepted)

    def grip(
        self, position: float, max_effort: float, timeout_s: float, on_accepted: Callable[[], None]
    ) -> Completion:
        if self.gripper_is_absent:
            return Completion("absent", "gripper", "no answer")
        self._record("gripper")
        self.violations += self._witness.of_grip(position, max_effort)
        reason = self.fingers.rejection(position, max_effort)
        if reason:
            return Completion("rejected", "gripper", reason)
        over, ended = self._time.threading.Event(), []

        def done(result: GripperResult) -> None:
            status = "succeeded" if result.is_successful else "aborted"
            canceled = "Canceled" in result.reason
            ended.append(Completion("canceled" if canceled else status, "gripper", result.reason))  # type: ignore[arg-type]
            over.set()

        self.fingers.start(position, max_effort, done)
        return self._finished(over, ended, "gripper", timeout_s, on_accepted)

    def _record(self, controller: str) -> None:
        self.goals.append(controller)
        if self.is_forbidden():
            self.violations.append(f"a goal for the {controller} while motion is latched")

    def _finished(
        self, over: Any, ended: list[Completion], name: str, timeout_s: float, on_accepted: Callable[[], None]
    ) -> Completion:
        self._run()
        on_accepted()
        return ended[0] if over.wait(timeout_s) else Completion("timeout", name, "no result in time")

    def cancel_all(self) -> None:
        self.arm.cancel()
        self.fingers.cancel()
        self._run()

    def set_faults(self, faults: Faults) -> None:
        self.joints()  # the last that is felt
        self.arm.faults = self.fingers.faults = faults
        self._run()

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"this stand-in has no {name}: teach it what controllers have learnt")

    # Time.

    def _run(self) -> None:
        if not self._is_ticking:
            self._is_ticking = True
            self._ticked = self._time.now
            self._time.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        now, before = self._time.now, self.q
        if now <= self._ticked:  # a goal has just begun at this very moment
            self._time.call_later(TICK_S, self._tick)
            return
        elapsed, self._ticked = now - self._ticked, now
        self.q = self.arm.update(now, self.q, self._velocity).position.copy()
        self._velocity = (self.q - before) / elapsed
        self._move_fingers(now, elapsed)
        if self.held and self.arm.is_busy:
            self._carry(elapsed)
        if self.arm.faults.arm is not Fault.DROP_JOINT_STATES:
            self.on_joints(self.joints())  # type: ignore[arg-type]
        is_busy = self.watch()
        if is_busy or self.arm.is_moving or np.any(self._velocity):
            self._time.call_later(TICK_S, self._tick)
        else:
            self._is_ticking = False

    def _move_fingers(self, now: float, elapsed: float) -> None:
        width = self.objects[self.held].size[0] if self.held else 0.0
        gripper = self._arm.gripper
        stop = max((width - gripper.gap_at_closed) / gripper.gap_per_position, 0.0)
        command = self.fingers.update(
            now, self.opening, self._finger_velocity, (self._finger_command - self.opening) * FINGER_STIFFNESS
        )
        self._finger_command = command
        if not self.held and command < self.opening:
            self._grasp(command)
            width = self.objects[self.held].size[0] if self.held else 0.0
            stop = max((width - gripper.gap_at_closed) / gripper.gap_per_position, 0.0)
        before, self.opening = self.opening, max(command, stop) if self.held else command
        self._finger_velocity = (self.opening - before) / elapsed
        if self.held and self.opening > stop + 1e-3:
            self._drop()

    _finger_velocity = 0.0
    _finger_command = 0.0

    def _grasp(self, command: float) -> None:
        tool, gap = self.tool, self._arm.gripper.gap(command)
        for name, thing in self.objects.items():
            if np.linalg.norm(np.array(thing.position) - tool) < GRASP_M and gap <= thing.size[0] < 0.09:
                self.held, self._carried_s = name, 0.0
                return

    def _carry(self, elapsed: float) -> None:
        self._carried_s += elapsed
        self._put(self.held, self.tool)
        if self.arm.faults.arm is Fault.SLIP and self._carried_s > SLIP_AFTER_S:
            self._drop()

    def _drop(self) -> None:
        name, self.held = self.held, ""
        thing = self.objects[name]
        x, y, _ = thing.position
        floor = 0.0
        for other in self.objects.values():
            apart = math.hypot(other.position[0] - x, other.position[1] - y)
            if other.name != name and apart < other.size[0] / 2:
                floor = max(floor, 0.01 if other.size[0] > 0.1 else other.position[2] + other.size[2] / 2)
        self._put(name, np.array([x, y, floor + thing.size[2] / 2]))

    def _put(self, name: str, position: np.ndarray) -> None:
        place = (float(position[0]), float(position[1]), float(position[2]))
        self.objects[name] = dataclasses.replace(self.objects[name], position=place)

    # What people do to it.

    def place(self, name: str, to: list[float], size: list[float] | None) -> None:
        if name in self.objects:
            self._put(name, np.array(to))
        else:
            self.objects[name] = _object(name, Thing(at=to, size=size or [0.04, 0.04, 0.04]))

    def meddle(self, joints: dict[int, float]) -> None:
        target = self.q.copy()
        for joint, angle in joints.items():
            target[joint - 1] += angle
        zero = [0.0] * len(target)
        goal = Goal(self.arm.joint_names, [Point(target.tolist(), MEDDLE_S, zero, zero)])
        self._ticked = self._time.now
        self.arm.update(self._time.now, self.q, self._velocity)
        self.arm.start(goal, self._time.now)
        self._run()

    def push(self, joint: int, angle: float) -> None:
        self.q = self.q.copy()
        self.q[joint - 1] += angle
        self.arm = TrajectoryController(self.arm.joint_names, self.q, self.arm.faults)


def _object(name: str, thing: Thing) -> SceneObject:
    half = thing.turned / 2
    x, y, z = thing.at
    a, b, c = thing.size
    return SceneObject(name, (x, y, z), (0.0, 0.0, math.sin(half), math.cos(half)), (a, b, c))


def _completion(outcome: Outcome, reason: str) -> Completion:
    if outcome is Outcome.SUCCESSFUL:
        return Completion("succeeded", "arm")
    if outcome is Outcome.CANCELED:
        return Completion("canceled", "arm", reason)
    return Completion("aborted", "arm", f"{outcome.name}: {reason}")
