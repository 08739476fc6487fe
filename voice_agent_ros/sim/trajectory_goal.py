# SPDX-License-Identifier: Apache-2.0
"""Goals as joint_trajectory_controller takes them: which it rejects and why, and the tolerances that hold for one."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.sim.trajectory import Point, Setpoint, Vector

MAX_END_VELOCITY = 1e-5  # rad/s
NO_TOLERANCE = -1.0  # in a goal: none, whatever the controller's is


class Outcome(enum.Enum):
    """How a goal ended."""

    SUCCESSFUL = enum.auto()
    INVALID_GOAL = enum.auto()
    INVALID_JOINTS = enum.auto()
    OLD_HEADER_TIMESTAMP = enum.auto()
    PATH_TOLERANCE_VIOLATED = enum.auto()
    GOAL_TOLERANCE_VIOLATED = enum.auto()
    CANCELED = enum.auto()
    PREEMPTED = enum.auto()

    @property
    def error_code(self) -> int:
        """The error code of control_msgs/FollowJointTrajectory; a preempted goal has INVALID_GOAL's there."""
        return _ERROR_CODES[self]

    @classmethod
    def of_error_code(cls, code: int) -> Outcome:
        """The failure that has this error code.

        Raises:
            ValueError: it is none of theirs.
        """
        for outcome, known in _ERROR_CODES.items():
            if known == code and code != 0:
                return outcome
        raise ValueError(f"{code} is no error code of a trajectory controller")


_ERROR_CODES = {
    Outcome.SUCCESSFUL: 0,
    Outcome.INVALID_GOAL: -1,
    Outcome.INVALID_JOINTS: -2,
    Outcome.OLD_HEADER_TIMESTAMP: -3,
    Outcome.PATH_TOLERANCE_VIOLATED: -4,
    Outcome.GOAL_TOLERANCE_VIOLATED: -5,
    Outcome.CANCELED: 0,
    Outcome.PREEMPTED: -1,
}


@dataclass(frozen=True)
class Tolerance:
    """Of one joint, rad and rad/s. As in control_msgs/JointTolerance 0 means default, −1 none."""

    position: float = 0.0
    velocity: float = 0.0


@dataclass(frozen=True)
class Constraints:
    """The controller's own tolerances, for what a goal leaves open. As in goals, but 0 means none.

    Attributes:
        goal_time_s: how long after its end a trajectory may take to come within its goal's tolerances;
            0: for ever.
    """

    path: Tolerance = Tolerance()
    goal: Tolerance = Tolerance(0.01, 0.02)
    goal_time_s: float = 1.0


@dataclass(frozen=True)
class Options:
    """Parameters in which the distributions' controllers, and people's settings of them, differ.

    Attributes:
        stop: what a cancel, an abort or a violated tolerance does: "hold" puts the setpoint where the joints are
            at once (the original's default, Humble's only way), "decelerate" lets them run out
            (constraints.decelerate_on_cancel).
        deceleration: of the fastest joint, rad/s²; the others stop in the same time.
        allow_partial_joints: a goal may leave joints out; they stay where they are.
        allow_end_velocity: the last point may have a velocity, as Humble lets it by default.
    """

    stop: Literal["decelerate", "hold"] = "decelerate"
    deceleration: float = 12.0
    allow_partial_joints: bool = False
    allow_end_velocity: bool = False


@dataclass(frozen=True)
class Goal:
    """What a client asks for.

    Attributes:
        start: when the trajectory begins, in the controller's time; None: when it is accepted.
        goal_time_tolerance: s; 0 means the controller's, −1 means for ever.
    """

    joint_names: Sequence[str]
    points: Sequence[Point]
    path_tolerance: Mapping[str, Tolerance] = field(default_factory=dict)
    goal_tolerance: Mapping[str, Tolerance] = field(default_factory=dict)
    goal_time_tolerance: float = 0.0
    start: float | None = None


@dataclass(frozen=True)
class Rejection:
    """Why a goal is not accepted."""

    code: Outcome
    reason: str


def rejection(goal: Goal, joints: Sequence[str], now: float, options: Options) -> Rejection | None:
    """Why a goal cannot be accepted by a controller of these joints, or None."""
    names = list(goal.joint_names)
    is_partial = options.allow_partial_joints and names and set(names) < set(joints)
    if len(set(names)) != len(names) or not (is_partial or sorted(names) == sorted(joints)):
        reason = f"Joints on incoming trajectory don't match the controller joints: {names} instead of {list(joints)}."
        return Rejection(Outcome.INVALID_JOINTS, reason)
    if not goal.points:
        return Rejection(Outcome.INVALID_GOAL, "Empty trajectory received.")
    reason = _point_fault(goal, options)
    if reason:
        return Rejection(Outcome.INVALID_GOAL, reason)
    if goal.start is not None and goal.start + goal.points[-1].time_from_start < now:
        reason = (
            f"Received trajectory with start time {goal.start:.3f} s that ends in the past ({now:.3f} s)."
        )
        return Rejection(Outcome.OLD_HEADER_TIMESTAMP, reason)
    return None


def _point_fault(goal: Goal, options: Options) -> str:
    """What is wrong with the points of a trajectory, or ""."""
    count = len(goal.joint_names)
    last = -np.inf
    for index, point in enumerate(goal.points):
        for name in ("positions", "velocities", "accelerations"):
            values = getattr(point, name)
            if len(values) != count and (name == "positions" or len(values)):
                sizes = f"joint_names size ({count}) and {name} ({len(values)})"
                return f"Mismatch between {sizes} at point #{index}."
            if not np.all(np.isfinite(values)):
                return f"The {name} at point #{index} are not finite."
        if point.has_effort:
            return "Trajectories with effort fields are currently not supported."
        if not max(last, -1e-9) < point.time_from_start < np.inf:
            return (
                f"Time between points {index - 1} and {index} is not strictly increasing, "
                f"it is {last} and {point.time_from_start} respectively."
            )
        last = point.time_from_start
    for name, velocity in zip(goal.joint_names, goal.points[-1].velocities, strict=False):
        if abs(velocity) > MAX_END_VELOCITY and not options.allow_end_velocity:
            return f"Velocity of last trajectory point of joint {name} is not zero: {velocity}."
    return ""


@dataclass(frozen=True)
class Limits:
    """Tolerances as vectors, infinite where there are none."""

    position: Vector
    velocity: Vector

    @classmethod
    def merged(cls, names: Sequence[str], asked: Mapping[str, Tolerance], default: Tolerance) -> Limits:
        """A goal's tolerances with the controller's where it has none."""

        def limit(value: float, fallback: float) -> float:
            chosen = fallback if value == 0.0 else value
            return chosen if chosen > 0.0 else np.inf

        per_joint = [asked.get(name, Tolerance()) for name in names]
        return cls(
            np.array([limit(tolerance.position, default.position) for tolerance in per_joint]),
            np.array([limit(tolerance.velocity, default.velocity) for tolerance in per_joint]),
        )

    def violated(self, desired: Setpoint, position: Vector, velocity: Vector) -> NDArray[np.bool_]:
        """Per joint: is it off?"""
        off_position = np.abs(desired.position - position) > self.position
        return off_position | (np.abs(desired.velocity - velocity) > self.velocity)


def tolerances(goal: Goal, joints: Sequence[str], default: Constraints) -> tuple[Limits, Limits, float]:
    """Path and goal tolerances of a goal, and its goal time (0: for ever).

    As in the original, a goal with a tolerance that makes no sense is followed under the controller's own.
    """
    asked = (*goal.path_tolerance.items(), *goal.goal_tolerance.items())
    values = [value for _, one in asked for value in (one.position, one.velocity)]
    makes_sense = all(name in joints for name, _ in asked) and all(
        value >= 0.0 or value == NO_TOLERANCE for value in (*values, goal.goal_time_tolerance)
    )
    path, end, time = (
        (goal.path_tolerance, goal.goal_tolerance, goal.goal_time_tolerance) if makes_sense else ({}, {}, 0.0)
    )
    goal_time = default.goal_time_s if time == 0.0 else max(time, 0.0)
    return Limits.merged(joints, path, default.path), Limits.merged(joints, end, default.goal), goal_time
