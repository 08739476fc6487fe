# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ros2_control's joint_trajectory_controller, on simulated time and without ROS.

Follows https://control.ros.org/humble/doc/ros2_controllers/joint_trajectory_controller/doc/trajectory.html:
linear, cubic or quintic segments by what the points carry, path and goal tolerances, replacement of a running
trajectory. On a cancel it decelerates to a hold, where Humble's original holds at once.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from voice_agent_ros.motion.spline import Knot, Spline, Vector

STOP_DECELERATION = 12.0  # rad/s²
DEFAULT_GOAL_TOLERANCE = 0.02  # rad; 0 in a goal means this
DEFAULT_GOAL_TIME_S = 1.0


class Outcome(enum.Enum):
    """How a goal ended; the values are control_msgs/FollowJointTrajectory's error codes, cancel has none."""

    SUCCESSFUL = 0
    INVALID_GOAL = -1
    INVALID_JOINTS = -2
    PATH_TOLERANCE_VIOLATED = -4
    GOAL_TOLERANCE_VIOLATED = -5
    CANCELED = 1
    PREEMPTED = 2


class Fault(enum.Enum):
    """Faults on demand."""

    NONE = "none"
    REJECT = "reject"
    ABORT = "abort"
    FREEZE = "freeze"


@dataclass(frozen=True)
class Point:
    """A trajectory point: rad, rad/s, rad/s², s from the start. Empty velocities or accelerations: not given."""

    positions: Sequence[float]
    time_from_start: float
    velocities: Sequence[float] = ()
    accelerations: Sequence[float] = ()


@dataclass(frozen=True)
class Goal:
    """What a client asks for. Tolerances by joint, rad; joints that are missing have none on the path."""

    joint_names: Sequence[str]
    points: Sequence[Point]
    path_tolerance: Mapping[str, float] = field(default_factory=dict)
    goal_tolerance: Mapping[str, float] = field(default_factory=dict)
    goal_time_tolerance: float = 0.0


def _point_fault(points: Sequence[Point], count: int) -> str:
    """What is wrong with the points of a trajectory, or ""."""
    last = -1.0
    for index, point in enumerate(points):
        lengths = {len(point.velocities), len(point.accelerations)} - {0, count}
        if len(point.positions) != count or lengths:
            return f"point {index} has {len(point.positions)} positions for {count} joints, or as few derivatives"
        if not np.all(np.isfinite([*point.positions, *point.velocities, *point.accelerations])):
            return f"point {index} is not finite"
        if point.time_from_start <= last or point.time_from_start < 0.0:
            return "time_from_start does not increase strictly"
        last = point.time_from_start
    if len(points[-1].velocities) and np.any(np.abs(points[-1].velocities) > 1e-6):
        return "the velocity of the last point is not zero"
    return ""


@dataclass
class _Running:
    goal: Goal
    spline: Spline
    started: float
    on_done: Callable[[Outcome, str], None]


class TrajectoryController:
    """Turns goals into joint commands. Not thread-safe: its owner serialises the calls.

    Args:
        joint_names: the controller's joints, in the order of all vectors here.
        position: where the arm is held at first, rad.
    """

    def __init__(self, joint_names: Sequence[str], position: Vector, fault: Fault = Fault.NONE) -> None:
        self.joint_names = tuple(joint_names)
        self.fault = fault
        self._position = np.array(position, dtype=float)
        self._velocity = np.zeros_like(self._position)
        self._running: _Running | None = None
        self._stop: tuple[float, float, Vector, Vector] | None = None

    @property
    def reference(self) -> tuple[Vector, Vector]:
        """Commanded position and velocity."""
        return self._position, self._velocity

    @property
    def is_busy(self) -> bool:
        """A goal is being followed."""
        return self._running is not None

    def rejection(self, goal: Goal) -> str:
        """Why a goal cannot be accepted, or ""."""
        if self.fault is Fault.REJECT:
            return "the controller was told to reject (fault on demand)"
        if sorted(goal.joint_names) != sorted(self.joint_names):
            return f"joints {list(goal.joint_names)} are not the controller's {list(self.joint_names)}"
        if not goal.points:
            return "the trajectory has no points"
        return _point_fault(goal.points, len(self.joint_names))

    def start(self, goal: Goal, now: float, on_done: Callable[[Outcome, str], None]) -> None:
        """Follow an accepted goal from where the command is now; a running goal is replaced."""
        self._finish(Outcome.PREEMPTED, "replaced by a newer goal")
        self._stop = None
        order = [list(goal.joint_names).index(name) for name in self.joint_names]
        has_velocity = all(len(point.velocities) for point in goal.points)
        has_acceleration = has_velocity and all(len(point.accelerations) for point in goal.points)

        def vector(values: Sequence[float]) -> Vector:
            return np.array([values[index] for index in order], dtype=float)

        zero = np.zeros_like(self._position)
        first: Knot = (
            self._position,
            self._velocity if has_velocity else None,
            zero if has_acceleration else None,
        )
        points: list[Knot] = [first]
        times = [0.0]
        for point in goal.points:
            velocity = vector(point.velocities) if has_velocity else None
            acceleration = vector(point.accelerations) if has_acceleration else None
            if point.time_from_start <= 0.0:
                points[0] = (vector(point.positions), velocity, acceleration)
                continue
            points.append((vector(point.positions), velocity, acceleration))
            times.append(point.time_from_start)
        if len(points) == 1:  # only a point "now": reach it in one step
            points, times = [first, points[0]], [0.0, 1e-3]
        self._running = _Running(goal, Spline(times, points), now, on_done)

    def cancel(self, now: float) -> None:
        """Give the goal up: decelerate, then hold."""
        if self._running is not None:
            self._begin_stop(now)
            self._finish(Outcome.CANCELED, "canceled")

    def update(self, now: float, measured: Vector) -> Vector:
        """Command for this moment, from the positions measured."""
        if self.fault is Fault.FREEZE:
            return self._position
        if self._running is not None:
            self._follow(self._running, now, measured)
        elif self._stop is not None:
            self._decelerate(now)
        return self._position

    def _follow(self, running: _Running, now: float, measured: Vector) -> None:
        elapsed = now - running.started
        if self.fault is Fault.ABORT and elapsed > running.spline.duration / 2:
            self._begin_stop(now)
            self._finish(Outcome.PATH_TOLERANCE_VIOLATED, "aborted (fault on demand)")
            return
        self._position, self._velocity, _ = running.spline.sample(elapsed)
        error = np.abs(self._position - measured)
        if elapsed < running.spline.duration:
            limits = running.goal.path_tolerance
            late = [n for n, e in zip(self.joint_names, error, strict=True) if 0.0 < limits.get(n, 0.0) < e]
            if late:
                self._begin_stop(now)
                self._finish(Outcome.PATH_TOLERANCE_VIOLATED, f"path tolerance of {', '.join(late)} violated")
            return
        limits = running.goal.goal_tolerance
        off = [
            name
            for name, e in zip(self.joint_names, error, strict=True)
            if e > (limits.get(name, 0.0) or DEFAULT_GOAL_TOLERANCE)
        ]
        if not off:
            self._finish(Outcome.SUCCESSFUL, "")
        elif elapsed > running.spline.duration + (running.goal.goal_time_tolerance or DEFAULT_GOAL_TIME_S):
            self._finish(Outcome.GOAL_TOLERANCE_VIOLATED, f"goal tolerance of {', '.join(off)} violated")

    def _begin_stop(self, now: float) -> None:
        duration = float(np.max(np.abs(self._velocity))) / STOP_DECELERATION
        self._stop = (now, duration, self._position.copy(), self._velocity.copy()) if duration > 0.0 else None

    def _decelerate(self, now: float) -> None:
        assert self._stop is not None
        began, duration, position, velocity = self._stop
        t = min(now - began, duration)
        self._position = position + velocity * (t - t * t / (2 * duration))
        self._velocity = velocity * (1 - t / duration)
        if t >= duration:
            self._stop = None

    def _finish(self, outcome: Outcome, text: str) -> None:
        running, self._running = self._running, None
        if running is not None:
            if self._stop is None:
                self._velocity = np.zeros_like(self._velocity)
            running.on_done(outcome, text)
