# SPDX-License-Identifier: Apache-2.0
"""From skill calls to a plan of checked movements, or a refusal. Plans everything before anything moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.grasping import Grasp, drop_positions, grasps, is_container, yaw_of
from voice_agent_ros.motion.holding import in_hand
from voice_agent_ros.motion.path_check import Obstacle, PathCheck
from voice_agent_ros.motion.plan import Grip, Held, Move, Plan, Rests, Situation
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Pose, RobotModel, Vector, pointing_down
from voice_agent_ros.motion.trajectory import Trajectory, joint_move, line_move

APPROACH_M = 0.10  # above a grasp
RETREAT_M = 0.06  # above the place where something was let go
OPEN_TOLERANCE_M = 0.003  # a gripper this close to open need not be opened
HOLDING_FRACTION = 0.5  # of an object's width; with the fingers closer than that nothing is held
DIRECTIONS = {  # REP-103: x forward, y left, z up
    "forward": (1, 0, 0),
    "back": (-1, 0, 0),
    "left": (0, 1, 0),
    "right": (0, -1, 0),
    "up": (0, 0, 1),
    "down": (0, 0, -1),
}


class Planner:
    """Plans for one arm under one policy. Holds no state between plans."""

    def __init__(self, model: RobotModel, arm: ArmConfig, policy: Policy) -> None:
        self._model, self._arm, self._policy = model, arm, policy

    def plan(self, calls: Sequence[SkillCall], situation: Situation) -> Plan:
        """Plan calls one after the other, each from where the one before ends.

        Raises:
            Refusal: the first rule that forbids a part of it.
        """
        draft = _Draft(self._model, self._arm, self._policy, situation)
        for call in calls:
            planner = PLANNERS.get(call.skill)
            if planner is not None:
                planner(draft, call)
        return Plan(tuple(calls), situation.joints.copy(), tuple(draft.steps), tuple(draft.promises))

    def in_hand(self, scene: Scene, joints: Vector, gripper: float) -> SceneObject | None:
        """The object that is seen between the fingers."""
        return in_hand(scene, self._model.tool_pose(joints).position, self._arm.gripper.gap(gripper))


class _Draft:
    """A plan in the making: what has been planned so far, and where that leads."""

    def __init__(self, model: RobotModel, arm: ArmConfig, policy: Policy, situation: Situation) -> None:
        self._model, self._arm, self._limits = model, arm, policy.limits
        self.scene, self.held = situation.scene, situation.held
        self.q = situation.joints.copy()
        self._is_open = arm.gripper.gap(situation.gripper) > arm.gripper.max_gap - OPEN_TOLERANCE_M
        self.steps: list[Move | Grip] = []
        self.promises: list[Rests | Held] = []

    def saved(self) -> tuple[object, ...]:
        """What has been planned so far, for `restore`."""
        return list(self.steps), self.q, self.held, self._is_open

    def restore(self, saved: tuple[Any, ...]) -> None:
        """Go back to what was saved."""
        self.steps, self.q, self.held, self._is_open = saved

    # Movements.

    def _add(self, trajectory: Trajectory, call: SkillCall, handled: Sequence[str]) -> None:
        clearance = self._limits.obstacle_clearance
        obstacles = [
            Obstacle.around(thing, clearance) for thing in self.scene.objects if thing.name not in handled
        ]
        PathCheck(self._model, self._limits, self._arm.gripper.tip_length, obstacles)(trajectory)
        self.steps.append(Move(trajectory, call, carries=self.held is not None))
        self.q = trajectory.end

    def move_joints(self, target: Vector, call: SkillCall, handled: Sequence[str] = ()) -> None:
        """Move to joints, unless the arm is there."""
        if np.max(np.abs(target - self.q)) > 1e-3:
            self._add(joint_move(self._model, self.q, target, self._limits), call, self._handled(handled))

    def move_line(self, target: Vector, call: SkillCall, handled: Sequence[str] = ()) -> None:
        """Move the tool on a straight line, m."""
        self._add(line_move(self._model, self.q, target, self._limits), call, self._handled(handled))

    def _handled(self, names: Sequence[str]) -> list[str]:
        return [*names, *([self.held.name] if self.held is not None else [])]

    def reach(self, position: Vector, yaws: Sequence[float]) -> tuple[Vector, float]:
        """Joints with the tool at a position pointing down, at the yaw that turns the joints least; and that yaw.

        Raises:
            Refusal: `unreachable`.
        """
        margin = self._limits.position_margin
        found = [
            (q, yaw)
            for yaw in yaws
            if (q := self._model.inverse(Pose(position, pointing_down(yaw)), self.q, margin)) is not None
        ]
        if not found:
            raise Refusal("unreachable", position=position)
        return min(found, key=lambda reached: float(np.max(np.abs(reached[0] - self.q))))

    def tool_position(self) -> Vector:
        """Where the tool is at this point of the plan, m."""
        return self._model.tool_pose(self.q).position

    def pose(self, name: str) -> Vector:
        """Joints of a named pose.

        Raises:
            Refusal: `unknown_pose`.
        """
        key = name.strip().lower()
        if key not in self._arm.poses:
            raise Refusal("unknown_pose", pose=name, known=sorted(self._arm.poses))
        return np.array(self._arm.poses[key])

    # Gripper.

    def open(self, call: SkillCall) -> None:
        """Open the gripper and forget what it held."""
        gripper = self._arm.gripper
        self.steps.append(Grip(gripper.open, gripper.max_effort, call, releases=True))
        self.held, self._is_open = None, True

    def make_open(self, call: SkillCall) -> None:
        """Open the gripper unless it is open."""
        if not self._is_open:
            self.open(call)

    def close_on(self, thing: SceneObject, width: float, call: SkillCall) -> None:
        """Close the gripper on an object."""
        gripper = self._arm.gripper
        gap = HOLDING_FRACTION * width
        # The fingers are sent all the way: what they hold stops them.
        self.steps.append(Grip(gripper.closed, gripper.max_effort, call, holds=thing.name, gap=gap))
        self.held, self._is_open = thing, False

    def close(self, call: SkillCall) -> None:
        """Close the gripper on whatever is there."""
        self.steps.append(Grip(self._arm.gripper.closed, self._arm.gripper.max_effort, call))
        self._is_open = False

    def grasps_of(self, thing: SceneObject) -> list[Grasp]:
        """Possible grasps, best first."""
        return grasps(thing, self._arm.gripper, self.scene)

    def find(self, name: str) -> SceneObject:
        """An object that is seen.

        Raises:
            Refusal: `unknown_object`.
        """
        thing = self.scene.find(name)
        if thing is None:
            raise Refusal("unknown_object", object=name, seen=list(self.scene.names))
        return thing


def _pick(draft: _Draft, call: SkillCall) -> None:
    thing = draft.find(call.arguments.object)  # type: ignore[attr-defined]
    _take(draft, call, thing)
    draft.promises.append(Held(thing.name, draft.tool_position(), call))


def _take(draft: _Draft, call: SkillCall, thing: SceneObject) -> None:
    if draft.held is not None:
        raise Refusal("hand_full", object=draft.held.name)
    candidates = draft.grasps_of(thing)
    above = candidates[0].position + np.array([0.0, 0.0, APPROACH_M])
    q, yaw = draft.reach(above, [grasp.yaw for grasp in candidates])
    grasp = next(grasp for grasp in candidates if grasp.yaw == yaw)
    draft.make_open(call)
    draft.move_joints(q, call)
    draft.move_line(grasp.position, call, handled=[thing.name])
    draft.close_on(thing, grasp.width, call)
    draft.move_line(above, call)


def _place(draft: _Draft, call: SkillCall) -> None:
    if draft.held is None:
        raise Refusal("hand_empty")
    wanted = call.arguments.object  # type: ignore[attr-defined]
    if wanted and draft.find(wanted).name != draft.held.name:
        raise Refusal("holds_other", object=draft.held.name, wanted=wanted)
    _put_down(draft, call, draft.held, draft.find(call.arguments.target))  # type: ignore[attr-defined]


def _pick_and_place(draft: _Draft, call: SkillCall) -> None:
    thing = draft.find(call.arguments.object)  # type: ignore[attr-defined]
    target = draft.find(call.arguments.target)  # type: ignore[attr-defined]
    if thing.name == target.name:
        raise Refusal("same_object", object=thing.name)
    if draft.held is None or draft.held.name != thing.name:
        _take(draft, call, thing)
    _put_down(draft, call, thing, target)


def _put_down(draft: _Draft, call: SkillCall, thing: SceneObject, target: SceneObject) -> None:
    if thing.name == target.name:
        raise Refusal("same_object", object=thing.name)
    relation = "in" if is_container(target, thing) else "on"
    yaws = [yaw_of(target) + quarter * math.pi / 2 for quarter in range(4)]
    problem: Refusal | None = None
    for position in drop_positions(thing, target, draft.scene):
        saved = draft.saved()
        try:
            above = position + np.array([0.0, 0.0, RETREAT_M])
            draft.move_joints(draft.reach(above, yaws)[0], call, handled=[target.name])
            draft.move_line(position, call, handled=[target.name])
            draft.open(call)
            draft.move_line(above, call, handled=[thing.name, target.name])
            draft.move_joints(draft.pose("home"), call, handled=[thing.name, target.name])
        except Refusal as refusal:
            problem = problem or refusal
            draft.restore(saved)
            continue
        draft.promises.append(Rests(thing.name, target.name, relation, call))  # type: ignore[arg-type]
        return
    assert problem is not None
    raise problem


def _move_to(draft: _Draft, call: SkillCall) -> None:
    draft.move_joints(draft.pose(call.arguments.pose), call)  # type: ignore[attr-defined]


def _move_by(draft: _Draft, call: SkillCall) -> None:
    direction = np.array(DIRECTIONS[str(call.arguments.direction)], dtype=np.float64)  # type: ignore[attr-defined]
    draft.move_line(draft.tool_position() + direction * call.arguments.distance, call)  # type: ignore[attr-defined]


PLANNERS: dict[str, Callable[[_Draft, SkillCall], None]] = {
    "pick": _pick,
    "place": _place,
    "pick_and_place": _pick_and_place,
    "move_to": _move_to,
    "move_by": _move_by,
    "open_gripper": lambda draft, call: draft.open(call),
    "close_gripper": lambda draft, call: draft.close(call),
}
