# SPDX-License-Identifier: Apache-2.0
"""A plan in the making: what skills build their movements from. Every movement is checked as it is added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion.arm_config import ArmConfig, Gripper
from voice_agent_ros.motion.arm_volume import Box, Carried
from voice_agent_ros.motion.grasping import Grasp, grasps, yaw_of
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.plan import Grip, Held, Move, Rests, Situation
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Matrix, Pose, RobotModel, Vector, pointing_down, upright
from voice_agent_ros.motion.trajectory import Trajectory, joint_move, line_move

OPEN_TOLERANCE_M = 0.003  # a gripper this close to open need not be opened
HOLDING_FRACTION = 0.5  # of an object's width; with the fingers closer than that nothing is held
FARTHEST_M, SMALLEST_M, LARGEST_M = 10.0, 0.001, 2.0  # what a detection of something to handle can say
DIRECTIONS = {  # REP-103: x forward, y left, z up
    "forward": (1.0, 0.0, 0.0),
    "back": (-1.0, 0.0, 0.0),
    "left": (0.0, 1.0, 0.0),
    "right": (0.0, -1.0, 0.0),
    "up": (0.0, 0.0, 1.0),
    "down": (0.0, 0.0, -1.0),
}


class Draft:
    """What has been planned so far, and where that leads.

    Attributes:
        call: the call that is being planned; every step belongs to it.
        scene: what is seen.
        held: what is in the hand at this point of the plan, or None.
        q: joints at this point of the plan, rad.
    """

    def __init__(self, model: RobotModel, arm: ArmConfig, policy: Policy, situation: Situation) -> None:
        self._model, self._arm, self._limits = model, arm, policy.limits
        self.call: SkillCall
        self.scene, self.held = situation.scene, situation.held
        self.q = situation.joints.copy()
        self._is_open = arm.gripper.gap(situation.gripper) > arm.gripper.max_gap - OPEN_TOLERANCE_M
        self._carried = None if self.held is None else self._in_hand(self.held)
        self.steps: list[Move | Grip] = []
        self.promises: list[Rests | Held] = []

    def saved(self) -> tuple[object, ...]:
        """What has been planned so far, for `restore`."""
        return list(self.steps), self.q, self.held, self._is_open, self._carried

    def restore(self, saved: tuple[Any, ...]) -> None:
        """Go back to what was saved."""
        self.steps, self.q, self.held, self._is_open, self._carried = saved

    def _in_hand(self, thing: SceneObject) -> Carried:
        """An object where it is, as it hangs in the hand from now on."""
        tool = self.tool_pose()
        back = tool.rotation.T
        pose = Pose(back @ (np.array(thing.position) - tool.position), back @ upright(yaw_of(thing)))
        return Carried(np.array(thing.size) / 2, pose)

    # Movements.

    def _add(self, trajectory: Trajectory, handled: Sequence[str], *, is_straight: bool = False) -> None:
        obstacles = [box_of(thing) for thing in self.scene.objects if thing.name not in handled]
        tip = self._arm.gripper.tip_length
        check = PathCheck(self._model, self._limits, tip, obstacles, self._carried, self._is_open)
        check(trajectory)
        carries = self.held is not None
        self.steps.append(Move(trajectory, self.call, check, carries, tuple(handled), is_straight))
        self.q = trajectory.end

    def move_joints(self, target: Vector, handled: Sequence[str] = ()) -> None:
        """Move to joints, unless the arm is there."""
        if np.max(np.abs(target - self.q)) > 1e-3:
            self._add(joint_move(self._model, self.q, target, self._limits), self._handled(handled))

    def move_line(self, target: Vector, handled: Sequence[str] = ()) -> None:
        """Move the tool on a straight line, m."""
        self._add(
            line_move(self._model, self.q, target, self._limits), self._handled(handled), is_straight=True
        )

    def follow(self, trajectory: Trajectory, handled: Sequence[str] = ()) -> None:
        """Follow a trajectory that was made elsewhere; it is checked like any other."""
        self._add(trajectory, self._handled(handled))

    def tool_at(self, q: Vector) -> Vector:
        """Where the tool is with these joints, m."""
        return self._model.tool_pose(q).position

    def _handled(self, names: Sequence[str]) -> list[str]:
        return [*names, *([self.held.name] if self.held is not None else [])]

    def reaches(self, position: Vector, yaws: Sequence[float]) -> list[tuple[Vector, float]]:
        """Joints with the tool at a position pointing down, and their yaws; the least travel first.

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
        return sorted(found, key=lambda reached: float(np.max(np.abs(reached[0] - self.q))))

    def tool_pose(self) -> Pose:
        """Where the tool is at this point of the plan."""
        return self._model.tool_pose(self.q)

    def turned(self, rotations: Sequence[Matrix], position: Vector) -> Vector | None:
        """Joints with the tool at a position in one of the rotations, the least travel; or None."""
        margin = self._limits.position_margin
        found = [self._model.inverse(Pose(position, rotation), self.q, margin) for rotation in rotations]
        reached = [q for q in found if q is not None]
        return min(reached, key=lambda q: float(np.max(np.abs(q - self.q))), default=None)

    def swung_towards(self, place: Vector) -> Pose:
        """Where the tool is when the arm turns about its base until a place, m, is straight before it."""
        axis, tool = self._model.base_axis(self.q), self.tool_pose()
        before, then = tool.position - axis, place - axis
        angle = np.arctan2(then[1], then[0]) - np.arctan2(before[1], before[0])
        turn = upright(float(angle))
        return Pose(axis + turn @ before, turn @ tool.rotation)

    def lift_of(self, thing: SceneObject) -> float:
        """How far the tool is above the bottom of a thing in the hand when it points down, m."""
        half = thing.size[2] / 2
        hanging = 0.0 if self._carried is None else float(self._carried.pose.position[2])
        return half + max(hanging, 0.0)

    @property
    def gripper(self) -> Gripper:
        """What is particular to the gripper."""
        return self._arm.gripper

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Names of the arm's joints, from the base to the tool."""
        return self._model.joint_names

    def turns_counter_clockwise(self) -> bool:
        """Whether the last joint, turned up, turns the tool counter-clockwise as seen from above."""
        step = np.zeros_like(self.q)
        step[-1] = 1e-4
        before, after = self.tool_pose().rotation, self._model.tool_pose(self.q + step).rotation
        spin = after @ before.T
        return bool(spin[1, 0] - spin[0, 1] > 0.0)

    def direction(self, name: str) -> Vector:
        """Unit vector in the base frame of a direction as the arm's user sees it."""
        x, y, z = DIRECTIONS[name]
        yaw = self._arm.user_frame_yaw
        return np.array([x * np.cos(yaw) - y * np.sin(yaw), x * np.sin(yaw) + y * np.cos(yaw), z])

    def has_pose(self, name: str) -> bool:
        """Whether the arm file names this pose."""
        return name in self._arm.poses

    def pose(self, name: str) -> Vector:
        """Joints of a named pose, or with the tool at a taught place, pointing down.

        Raises:
            Refusal: `unknown_pose`, or `unreachable`.
        """
        key = name.strip().lower()
        if key in self._arm.poses:
            return np.array(self._arm.poses[key])
        place = self.scene.place(name)
        if place is None:
            known = sorted({*self._arm.poses, *(spot.name for spot in self.scene.places)})
            raise Refusal("unknown_pose", pose=name, known=known)
        yaws = [yaw_of(place) + eighth * np.pi / 4 for eighth in range(8)]
        return self.reaches(np.array(place.position), yaws)[0][0]

    # Gripper.

    def open(self) -> None:
        """Open the gripper and forget what it held."""
        gripper = self._arm.gripper
        self.steps.append(Grip(gripper.open, gripper.max_effort, self.call, releases=True))
        self.held, self._is_open, self._carried = None, True, None

    def make_open(self) -> None:
        """Open the gripper unless it is open."""
        if not self._is_open:
            self.open()

    def close_on(self, thing: SceneObject, width: float) -> None:
        """Close the gripper on an object."""
        gripper = self._arm.gripper
        gap = HOLDING_FRACTION * width
        # The fingers are sent all the way: what they hold stops them.
        self.steps.append(Grip(gripper.closed, gripper.max_effort, self.call, holds=thing.name, gap=gap))
        self.held, self._is_open, self._carried = thing, False, self._in_hand(thing)

    def close(self) -> None:
        """Close the gripper on whatever is there."""
        self.steps.append(Grip(self._arm.gripper.closed, self._arm.gripper.max_effort, self.call))
        self._is_open = False

    def repeat_grip(self, step: Grip) -> None:
        """Do a gripper command of an earlier plan again."""
        self.steps.append(step)
        if step.holds:
            self.held = self.scene.find(step.holds)
            self._carried = None if self.held is None else self._in_hand(self.held)
        elif step.releases:
            self.held = self._carried = None
        self._is_open = step.releases

    def grasps_of(self, thing: SceneObject) -> list[Grasp]:
        """Possible grasps, best first."""
        return grasps(thing, self._arm.gripper, self.scene)

    def find(self, name: str) -> SceneObject:
        """An object that is seen or known to be there, or a taught place.

        Raises:
            Refusal: `unknown_object`, `nothing_known` if nobody has told where anything is, or `senseless_object` if what
                was told of it cannot be.
        """
        thing = self.scene.find(name)
        if thing is not None:
            if max(map(abs, thing.position)) > FARTHEST_M or not all(
                SMALLEST_M <= one <= LARGEST_M for one in thing.size
            ):
                raise Refusal("senseless_object", object=thing.name)
            return thing
        if self.scene.is_blind:
            known = [other.name for other in (*self.scene.objects, *self.scene.places)]
            raise Refusal("not_known" if known else "nothing_known", object=name, seen=known)
        raise Refusal("unknown_object", object=name, seen=list(self.scene.names))


def box_of(thing: SceneObject) -> Box:
    """An object as a box."""
    return Box(thing.name, np.array(thing.position), np.array(thing.size) / 2, yaw_of(thing))
