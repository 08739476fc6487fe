# SPDX-License-Identifier: Apache-2.0
"""A plan: checked movements and gripper commands, in order, with what must be true after each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

import numpy as np

from voice_agent_ros.intent.scene import Scene, SceneObject, Vector3
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.robot_model import Vector
from voice_agent_ros.motion.trajectory import Trajectory

HASH_DIGITS = 6


@dataclass(frozen=True)
class Move:
    """Follow a trajectory.

    Attributes:
        check: that it has passed.
        carries: the held object must still be held at the end.
        handled: objects that it may touch.
        is_straight: it was planned as a straight line of the tool.
    """

    trajectory: Trajectory
    call: SkillCall
    check: PathCheck = field(compare=False, repr=False)
    carries: bool = False
    handled: tuple[str, ...] = ()
    is_straight: bool = False

    def beginning_at(self, joints: Vector) -> Trajectory:
        """The movement for an arm that stands a little beside its start: another one, and so checked again.

        Raises:
            Refusal: the first limit that it would break.
        """
        trajectory = self.trajectory.starting_at(joints, self.check.limits)
        if trajectory is not self.trajectory:
            self.check.from_beside()(trajectory)
        return trajectory


@dataclass(frozen=True)
class Grip:
    """Move the gripper's joint to a position.

    Attributes:
        holds: the object that must be between the fingers afterwards, or "".
        gap: how wide the fingers must stand for that, m.
        releases: the object in hand is let go.
    """

    position: float
    max_effort: float
    call: SkillCall
    holds: str = ""
    gap: float = 0.0
    releases: bool = False


Step = Move | Grip


@dataclass(frozen=True)
class Rests:
    """After the plan the object must rest in, on or beside the target.

    Attributes:
        relation: "in", "on", or one of motion/beside.py; the target then names the relation, too.
        left_at: where the hand lets go of it, m.
        is_seen: a camera can tell; otherwise only the fingers have told that it was carried there.
    """

    object: str
    target: str
    relation: str
    call: SkillCall
    left_at: Vector3 = (0.0, 0.0, 0.0)
    is_seen: bool = True


@dataclass(frozen=True)
class Held:
    """After the plan the object must be in the hand, which is then at `tool`, m."""

    object: str
    tool: Vector
    call: SkillCall


@dataclass(frozen=True)
class Plan:
    """What will be done.

    Attributes:
        start: joints at which it begins, rad.
        promises: what the objects must look like in the end.
    """

    calls: tuple[SkillCall, ...]
    start: Vector
    steps: tuple[Step, ...] = ()
    promises: tuple[Rests | Held, ...] = ()

    @property
    def duration(self) -> float:
        """Time of all movements, s, without the gripper's."""
        return sum(step.trajectory.duration for step in self.steps if isinstance(step, Move))

    def digest(self) -> str:
        """SHA-256 over everything that would be sent to a controller."""
        steps: list[object] = []
        for step in self.steps:
            if isinstance(step, Grip):
                steps.append(["grip", round(step.position, HASH_DIGITS), round(step.max_effort, HASH_DIGITS)])
            else:
                t = step.trajectory
                arrays = (t.start, t.times, t.positions, t.velocities, t.accelerations)
                steps.append(["move", *[np.round(array, HASH_DIGITS).tolist() for array in arrays]])
        document = [
            [call.as_dict() for call in self.calls],
            np.round(self.start, HASH_DIGITS).tolist(),
            steps,
        ]
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Situation:
    """Where everything is when a plan is made.

    Attributes:
        joints: measured, rad.
        gripper: measured position of the gripper's joint.
        held: the object between the fingers, or None.
    """

    scene: Scene
    joints: Vector
    gripper: float
    held: SceneObject | None = field(default=None)
