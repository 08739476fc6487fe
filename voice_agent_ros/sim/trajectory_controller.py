# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ros2_control's joint_trajectory_controller, on simulated time and without ROS.

Follows https://control.ros.org/humble/doc/ros2_controllers/joint_trajectory_controller/ as far as a
client can tell: which goals are rejected and why, how points are joined, tolerances, replacement of a running
trajectory, feedback, stops. A new trajectory sets out from the setpoint, not from the measured joints, and points
that are not finite are rejected; the original trusts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from voice_agent_ros.sim.faults import Fault, Faults
from voice_agent_ros.sim.trajectory import Knot, Setpoint, Spline, Vector
from voice_agent_ros.sim.trajectory_goal import (
    Constraints,
    Goal,
    Limits,
    Options,
    Outcome,
    Rejection,
    rejection,
    tolerances,
)

MIN_STOP_S = 1e-3
CATCH_UP_S = 0.05  # time constant with which an arm that was late joins its setpoint again
TOGETHER_RAD = 1e-4


@dataclass(frozen=True)
class ControllerState:
    """What the controller wants and what the joints do.

    Attributes:
        command: what the joints are sent; differs from `desired` only under a fault.
        time_from_start: of the trajectory that runs, s; 0 without one.
    """

    desired: Setpoint
    position: Vector
    velocity: Vector
    command: Setpoint
    time_from_start: float = 0.0


OnDone = Callable[[Outcome, str], None]


@dataclass
class _Running:
    spline: Spline
    began: float
    path: Limits
    goal: Limits
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
        faults: what shall go wrong; may be changed at any time.
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        position: Vector,
        faults: Faults | None = None,
        constraints: Constraints | None = None,
        options: Options | None = None,
    ) -> None:
        self.joint_names = tuple(joint_names)
        self.faults = faults or Faults()
        self._constraints, self._options = constraints or Constraints(), options or Options()
        self._desired = self._command = Setpoint.at_rest(position)
        self._measured = (self._desired.position, self._desired.velocity)
        self._running: _Running | None = None
        self._stop: _Stop | None = None
        self._updated: float | None = None
        self._is_late = False

    @property
    def state(self) -> ControllerState:
        """Desired and actual motion of the last update."""
        since = 0.0
        if self._running is not None and self._updated is not None:
            since = self._updated - self._running.began
        return ControllerState(self._desired, *self._measured, self._command, since)

    @property
    def is_busy(self) -> bool:
        """A goal is being followed."""
        return self._running is not None

    @property
    def is_moving(self) -> bool:
        """A goal is being followed, or the arm comes to rest after one."""
        return self._running is not None or self._stop is not None or self._is_late

    def rejection(self, goal: Goal, now: float) -> Rejection | None:
        """Why a goal cannot be accepted, or None."""
        if self.faults.arm is Fault.REJECT:
            return Rejection(
                Outcome.INVALID_GOAL, "The controller was told to reject goals (fault on demand)."
            )
        return rejection(goal, self.joint_names, now, self._options)

    def start(self, goal: Goal, now: float, on_done: OnDone | None = None) -> None:
        """Follow an accepted goal from where the setpoint is now; a running goal is replaced.

        Without `on_done` it is a trajectory of the topic. As in the original an action's goal that is being followed
        then stays active, and ends as the new trajectory does.
        """
        path, end, goal_time = tolerances(goal, self.joint_names, self._constraints)
        running = self._running
        if on_done is None and running is not None:
            path, end, goal_time, on_done = running.path, running.goal, running.goal_time_s, running.on_done
        else:
            self._finish(Outcome.PREEMPTED, "Current goal cancelled due to new incoming action.")
        self._stop = None
        given = {name: index for index, name in enumerate(goal.joint_names)}
        order = [given.get(name) for name in self.joint_names]
        began = now if self._updated is None else self._updated
        delay = 0.0 if goal.start is None else goal.start - began
        times = [0.0]
        here = self._desired
        knots = [Knot(here.position, here.velocity, here.acceleration)]
        for point in goal.points:
            time, knot = point.time_from_start + delay, point.reordered(order, here.position)
            if time <= 0.0:  # already past: the segment that is due begins here, as in the original
                times, knots = [time], [knot]
            else:
                times.append(time)
                knots.append(knot)
        if len(knots) == 1:  # a single point that is due now
            times, knots = [0.0, 1e-3], [Knot(here.position), knots[0]]
        spline = Spline(times, knots)
        self._running = _Running(spline, began, path, end, goal_time, on_done or (lambda *_: None))

    def cancel(self) -> None:
        """Give the goal up and stop."""
        self._give_up(Outcome.CANCELED, "Canceled.", self._command)

    def abort(self, reason: str) -> None:
        """Give the goal up for a reason of the controller's own and stop."""
        self._give_up(Outcome.INVALID_GOAL, reason, self._command)

    def query(self, at: float) -> Setpoint | None:
        """What the joints shall do at a moment of the trajectory that runs; None: no trajectory knows."""
        running = self._running
        if running is None or not running.began <= at < running.began + running.spline.duration:
            return None
        return running.spline.sample(at - running.began)

    def update(self, now: float, position: Vector, velocity: Vector) -> Setpoint:
        """Setpoint for this moment, from the motion measured."""
        elapsed = 0.0 if self._updated is None else now - self._updated
        self._updated = now  # the moment that the setpoint is for: what follows it begins there
        self._measured = (np.array(position), np.array(velocity))
        if self.faults.arm is Fault.FREEZE:
            self._command = Setpoint.at_rest(self._command.position)
            self._is_late = True
            if self._running is not None:
                self._running.began += elapsed  # time stands still for it
            return self._command
        if self._running is not None:
            self._follow(self._running, now)
        elif self._stop is not None:
            self._desired = self._stop.sample(now)
            if now - self._stop.began >= self._stop.duration:
                self._stop = None
        self._command = self._commanded(elapsed)
        return self._command

    def _commanded(self, elapsed: float) -> Setpoint:
        """The setpoint, or what lags behind it."""
        lags = self.faults.arm is Fault.LAG
        behind = self._desired.position - self._command.position
        self._is_late = lags or (self._is_late and bool(np.max(np.abs(behind)) > TOGETHER_RAD))
        if not self._is_late:
            return self._desired
        constant = self.faults.lag_s if lags else CATCH_UP_S
        position = self._command.position + behind * min(1.0, elapsed / constant)
        return Setpoint(position, behind / constant, np.zeros(len(position)))

    def _follow(self, running: _Running, now: float) -> None:
        elapsed = now - running.began
        self._desired = running.spline.sample(elapsed)
        overtime = elapsed - running.spline.duration
        limits = running.path if overtime < 0.0 else running.goal
        off = limits.violated(self._desired, *self._measured)
        names = ", ".join(name for name, is_off in zip(self.joint_names, off, strict=True) if is_off)
        if self.faults.arm is Fault.ABORT and elapsed > running.spline.duration / 2:
            outcome = Outcome.of_error_code(self.faults.abort_error_code)
            self._give_up(outcome, "Aborted (fault on demand).", self._command)
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
        """End the goal and stop."""
        if self._running is None:
            return
        duration = float(np.max(np.abs(first.velocity))) / self._options.deceleration
        if self._updated is not None and self._options.stop == "hold":
            self._stop = _Stop(self._updated, MIN_STOP_S, Setpoint.at_rest(self._measured[0]))
        elif self._updated is not None:  # else nothing has moved yet
            self._stop = _Stop(self._updated, max(duration, MIN_STOP_S), first)
        self._finish(outcome, reason)

    def _finish(self, outcome: Outcome, reason: str) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.on_done(outcome, reason)
