# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ros2_control's joint_trajectory_controller, on simulated time and without ROS.

Follows https://control.ros.org/humble/doc/ros2_controllers/joint_trajectory_controller/ as far as a
client can tell: which goals are rejected and why, how points are joined, tolerances, replacement of a running
trajectory, feedback. On a cancel it decelerates to a hold; Humble's original holds at once.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.sim.trajectory import Knot, Point, Setpoint, Spline, Vector

STOP_DECELERATION = 12.0  # rad/s², of the fastest joint; the others stop in the same time
MIN_STOP_S = 1e-3
MAX_END_VELOCITY = 1e-5  # rad/s, as in the original
LAG_TIME_CONSTANT_S = 0.5


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


class Fault(enum.Enum):
    """Faults on demand."""

    NONE = "none"
    REJECT = "reject"  # every goal
    ABORT = "abort"  # halfway
    FREEZE = "freeze"  # the command stands still and no goal ever ends by itself
    LAG = "lag"  # the arm is late


@dataclass(frozen=True)
class Tolerance:
    """Of one joint, rad and rad/s. As in control_msgs/JointTolerance 0 means default, negative none."""

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
class Goal:
    """What a client asks for.

    Attributes:
        start: when the trajectory begins, in the controller's time; None: when it is accepted.
        goal_time_tolerance: s; 0 means the controller's, negative means for ever.
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


@dataclass(frozen=True)
class ControllerState:
    """What the controller wants and what the joints do."""

    desired: Setpoint
    position: Vector
    velocity: Vector


OnDone = Callable[[Outcome, str], None]


@dataclass(frozen=True)
class _Limits:
    """Tolerances as vectors, infinite where there are none."""

    position: Vector
    velocity: Vector

    @classmethod
    def merged(cls, names: Sequence[str], asked: Mapping[str, Tolerance], default: Tolerance) -> _Limits:
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


@dataclass(frozen=True)
class _Running:
    spline: Spline
    began: float
    path: _Limits
    goal: _Limits
    goal_time_s: float
    on_done: OnDone


@dataclass(frozen=True)
class _Stop:
    """Constant deceleration of all joints from a setpoint to rest."""

    began: float
    duration: float
    first: Setpoint

    def sample(self, now: float) -> Setpoint:
        t = now - self.began
        if t >= self.duration:
            return Setpoint.at_rest(self.first.position + self.first.velocity * self.duration / 2)
        acceleration = -self.first.velocity / self.duration
        position = self.first.position + t * (self.first.velocity + t * acceleration / 2)
        return Setpoint(position, self.first.velocity + t * acceleration, acceleration)


class TrajectoryController:
    """Turns goals into setpoints of the joints. Not thread-safe: its owner serialises the calls.

    Args:
        joint_names: the controller's joints, in the order of all vectors here.
        position: where the arm is held at first, rad.
        fault: what shall go wrong.
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        position: Vector,
        fault: Fault = Fault.NONE,
        constraints: Constraints | None = None,
    ) -> None:
        self.joint_names = tuple(joint_names)
        self.fault = fault
        self._constraints = constraints or Constraints()
        self._desired = self._command = Setpoint.at_rest(position)
        self._measured = (self._desired.position, self._desired.velocity)
        self._running: _Running | None = None
        self._stop: _Stop | None = None
        self._updated: float | None = None

    @property
    def state(self) -> ControllerState:
        """Desired and actual motion of the last update."""
        return ControllerState(self._desired, *self._measured)

    @property
    def is_busy(self) -> bool:
        """A goal is being followed."""
        return self._running is not None

    def rejection(self, goal: Goal, now: float) -> Rejection | None:
        """Why a goal cannot be accepted, or None."""
        if self.fault is Fault.REJECT:
            return Rejection(
                Outcome.INVALID_GOAL, "The controller was told to reject goals (fault on demand)."
            )
        if sorted(goal.joint_names) != sorted(self.joint_names):
            reason = (
                "Joints on incoming trajectory don't match the controller joints: "
                f"{list(goal.joint_names)} instead of {list(self.joint_names)}."
            )
            return Rejection(Outcome.INVALID_JOINTS, reason)
        if not goal.points:
            return Rejection(Outcome.INVALID_GOAL, "Empty trajectory received.")
        reason = _point_fault(goal)
        if reason:
            return Rejection(Outcome.INVALID_GOAL, reason)
        if goal.start is not None and goal.start + goal.points[-1].time_from_start < now:
            reason = (
                f"Received trajectory with start time {goal.start:.3f} s that ends in the past ({now:.3f} s)."
            )
            return Rejection(Outcome.OLD_HEADER_TIMESTAMP, reason)
        return None

    def start(self, goal: Goal, now: float, on_done: OnDone | None = None) -> None:
        """Follow an accepted goal from where the setpoint is now; a running goal is replaced."""
        self._finish(Outcome.PREEMPTED, "Current goal cancelled due to new incoming action.")
        self._stop = None
        order = [list(goal.joint_names).index(name) for name in self.joint_names]
        began = now if self._updated is None else self._updated
        delay = 0.0 if goal.start is None else goal.start - began
        times = [0.0]
        here = self._desired
        knots = [Knot(here.position, here.velocity, here.acceleration)]
        for point in goal.points:
            time = point.time_from_start + delay
            if time <= 0.0:  # already past: the segment that is due begins here, as in the original
                times, knots = [time], [point.reordered(order)]
            else:
                times.append(time)
                knots.append(point.reordered(order))
        if len(knots) == 1:  # a single point that is due now
            times, knots = [0.0, 1e-3], [Knot(here.position), knots[0]]
        limits, names = self._constraints, self.joint_names
        self._running = _Running(
            spline=Spline(times, knots),
            began=began,
            path=_Limits.merged(names, goal.path_tolerance, limits.path),
            goal=_Limits.merged(names, goal.goal_tolerance, limits.goal),
            goal_time_s=goal.goal_time_tolerance or limits.goal_time_s,
            on_done=on_done or (lambda *_: None),
        )

    def cancel(self) -> None:
        """Give the goal up: decelerate, then hold."""
        self._give_up(Outcome.CANCELED, "Canceled.", self._command)

    def abort(self, reason: str) -> None:
        """Give the goal up for a reason of the controller's own: decelerate, then hold."""
        self._give_up(Outcome.INVALID_GOAL, reason, self._command)

    def update(self, now: float, position: Vector, velocity: Vector) -> Setpoint:
        """Setpoint for this moment, from the motion measured."""
        elapsed = 0.0 if self._updated is None else now - self._updated
        self._updated = now  # the moment that the setpoint is for: what follows it begins there
        self._measured = (np.array(position), np.array(velocity))
        if self.fault is Fault.FREEZE:
            self._command = Setpoint.at_rest(self._command.position)
            return self._command
        if self._running is not None:
            self._follow(self._running, now)
        elif self._stop is not None:
            self._desired = self._stop.sample(now)
            if now - self._stop.began >= self._stop.duration:
                self._stop = None
        self._command = self._late(elapsed) if self.fault is Fault.LAG else self._desired
        return self._command

    def _late(self, elapsed: float) -> Setpoint:
        behind = self._desired.position - self._command.position
        position = self._command.position + behind * min(1.0, elapsed / LAG_TIME_CONSTANT_S)
        return Setpoint(position, behind / LAG_TIME_CONSTANT_S, np.zeros(len(position)))

    def _follow(self, running: _Running, now: float) -> None:
        elapsed = now - running.began
        self._desired = running.spline.sample(elapsed)
        overtime = elapsed - running.spline.duration
        limits = running.path if overtime < 0.0 else running.goal
        off = limits.violated(self._desired, *self._measured)
        names = ", ".join(name for name, is_off in zip(self.joint_names, off, strict=True) if is_off)
        if self.fault is Fault.ABORT and elapsed > running.spline.duration / 2:
            reason = "Aborted (fault on demand)."
            self._give_up(Outcome.PATH_TOLERANCE_VIOLATED, reason, self._command)
        elif overtime < 0.0:
            if names:
                reason = f"Aborted due to path tolerance violation of {names}."
                self._give_up(Outcome.PATH_TOLERANCE_VIOLATED, reason, self._actual())
        elif not names:
            self._finish(Outcome.SUCCESSFUL, "Goal successfully reached!")
        elif 0.0 < running.goal_time_s < overtime:
            reason = f"Aborted due to goal_time_tolerance exceeded by {overtime:.2f} s: {names} off."
            self._give_up(Outcome.GOAL_TOLERANCE_VIOLATED, reason, self._actual())

    def _actual(self) -> Setpoint:
        """Where an arm that did not follow is stopped: going on would press on what blocks it."""
        position, velocity = self._measured
        return Setpoint(position, velocity, np.zeros(len(position)))

    def _give_up(self, outcome: Outcome, reason: str, first: Setpoint) -> None:
        """End the goal and decelerate from a setpoint."""
        if self._running is None:
            return
        duration = float(np.max(np.abs(first.velocity))) / STOP_DECELERATION
        if self._updated is not None:  # else nothing has moved yet
            self._stop = _Stop(self._updated, max(duration, MIN_STOP_S), first)
        self._finish(outcome, reason)

    def _finish(self, outcome: Outcome, reason: str) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.on_done(outcome, reason)


def _point_fault(goal: Goal) -> str:
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
        if not max(last, -1e-9) < point.time_from_start < np.inf:
            return (
                f"Time between points {index - 1} and {index} is not strictly increasing, "
                f"it is {last} and {point.time_from_start} respectively."
            )
        last = point.time_from_start
    for name, velocity in zip(goal.joint_names, goal.points[-1].velocities, strict=False):
        if abs(velocity) > MAX_END_VELOCITY:
            return f"Velocity of last trajectory point of joint {name} is not zero: {velocity}."
    return ""
