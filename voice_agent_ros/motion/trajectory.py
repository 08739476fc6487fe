# SPDX-License-Identifier: Apache-2.0
"""Timed movements: point to point in joint space, or the tool on a straight line, from rest to rest."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from voice_agent_ros.motion.policy import Limits
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Matrix, Pose, RobotModel, Vector, upright
from voice_agent_ros.motion.s_curve import Curve, s_curve
from voice_agent_ros.motion.spline import Spline

# Quintic from rest to rest, s(u) = 10u³ − 15u⁴ + 6u⁵: its greatest slope and curvature.
PEAK_SLOPE = 1.875
PEAK_CURVATURE = 10 / np.sqrt(3)
PEAK_JERK = 60.0
TOOL_ROUGHNESS = 1.02  # its speed is looked at in few places only
HEADROOM = 0.95  # of each limit, so that sampling and rounding do not touch it
MIN_DURATION_S = 0.25
KNOT_PERIOD_S = 0.05
MIN_KNOTS, MAX_KNOTS = 12, 80
SPEED_SAMPLES = 24
TIMING_ROUNDS = 8
BESIDE_HEADROOM = (
    0.97  # of each limit, for a movement that sets out beside its start; less than it was planned with
)
SAMPLES_PER_KNOT = 8
NEGLIGIBLE_RAD = 1e-5
DEGREES_OF_FREEDOM = 6  # that it takes to keep the tool turned as it is wherever it goes


@dataclass(frozen=True)
class Trajectory:
    """What a FollowJointTrajectory goal holds.

    Attributes:
        start: joints at time 0, rad; not sent, the arm must already be there.
        times: s from the start, increasing, (n,).
        positions, velocities, accelerations: rad, rad/s, rad/s², (n, joints).
        model: of the arm that it is for; None: only the policy's limits of joints are known.
    """

    joint_names: tuple[str, ...]
    start: Vector
    times: Vector
    positions: Matrix
    velocities: Matrix
    accelerations: Matrix
    model: RobotModel | None = field(default=None, compare=False, repr=False)

    @property
    def duration(self) -> float:
        """s."""
        return float(self.times[-1])

    @property
    def end(self) -> Vector:
        """Joints at the end, rad."""
        return self.positions[-1]

    def starting_at(self, joints: Vector, limits: Limits) -> Trajectory:
        """The same movement for an arm that stands a little beside its start, as servos do.

        A controller sets out from where the arm really is. Were the difference left to the first segment, which may
        be short, the joints would jerk; so it fades along the whole way, which is slowed down as far as that takes.
        """
        offset = joints - self.start
        if np.max(np.abs(offset)) < NEGLIGIBLE_RAD:
            return self
        s, slope, curvature = (values[:, None] for values in quintic(self.times / self.duration))
        moved = replace(
            self,
            start=joints,
            positions=self.positions + offset * (1 - s),
            velocities=self.velocities - offset * slope / self.duration,
            accelerations=self.accelerations - offset * curvature / self.duration**2,
        )
        slower = moved._too_fast(limits)
        return replace(
            moved,
            times=moved.times * slower,
            velocities=moved.velocities / slower,
            accelerations=moved.accelerations / slower**2,
        )

    def _too_fast(self, limits: Limits) -> float:
        """By which factor it must be slowed down to keep all speeds inside the limits; 1: not at all."""
        moments = np.linspace(0.0, self.duration, SAMPLES_PER_KNOT * len(self.times) + SPEED_SAMPLES)
        positions, velocities, accelerations = self.spline.samples(moments)
        tool_speed = 0.0
        velocity: float | Vector = limits.joint_velocity
        acceleration: float | Vector = limits.joint_acceleration
        if self.model is not None:
            steps = np.diff([self.model.tool_position(q) for q in positions], axis=0)
            tool_speed = float(np.max(np.linalg.norm(steps, axis=1))) / moments[1]
            velocity = np.minimum(self.model.velocity_limit, velocity)
            acceleration = np.minimum(self.model.acceleration_limit, acceleration)
        return max(
            1.0,
            tool_speed / (limits.tool_speed * BESIDE_HEADROOM),
            float(np.max(np.abs(velocities) / velocity)) / BESIDE_HEADROOM,
            float(np.sqrt(np.max(np.abs(accelerations) / acceleration) / BESIDE_HEADROOM)),
        )

    @cached_property
    def spline(self) -> Spline:
        """What the controller makes of the points."""
        zero = np.zeros_like(self.start)
        knots = [
            (self.start, zero, zero),
            *zip(self.positions, self.velocities, self.accelerations, strict=True),
        ]
        return Spline([0.0, *self.times.tolist()], knots)


def quintic(u: Vector) -> tuple[Vector, Vector, Vector]:
    """s(u) from 0 to 1 with its first two derivatives; all of them 0 at both ends but s(1) = 1."""
    return (
        u**3 * (10 - 15 * u + 6 * u**2),
        30 * u**2 * (1 - u) ** 2,
        60 * u * (1 - u) * (1 - 2 * u),
    )


def joint_move(model: RobotModel, start: Vector, end: Vector, limits: Limits) -> Trajectory:
    """All joints from start to end in step, as fast as joint and tool limits allow."""
    delta = end - start
    speed = np.minimum(model.velocity_limit, limits.joint_velocity) * HEADROOM
    acceleration = np.minimum(model.acceleration_limit, limits.joint_acceleration) * HEADROOM
    jerk_limited = s_curve(delta, speed, acceleration, limits.joint_jerk * HEADROOM)
    if jerk_limited is not None:
        return _along_delta(model, start, delta, jerk_limited, limits)
    duration = max(
        MIN_DURATION_S,
        float(np.cbrt(PEAK_JERK * np.max(np.abs(delta)) / (limits.joint_jerk * HEADROOM))),
        float(np.max(PEAK_SLOPE * np.abs(delta) / speed)),
        float(np.sqrt(PEAK_CURVATURE * np.max(np.abs(delta) / acceleration))),
        _tool_time(model, start, delta, limits.tool_speed * HEADROOM),
    )
    # One quintic segment per joint says it all: both ends at rest.
    zero = np.zeros((1, len(delta)))
    return Trajectory(model.joint_names, start, np.array([duration]), end[None, :], zero, zero, model)


def _along_delta(model: RobotModel, start: Vector, delta: Vector, curve: Curve, limits: Limits) -> Trajectory:
    """All joints along one curve, stretched in time until the tool keeps its speed."""
    moments = np.linspace(0.0, curve.duration, SPEED_SAMPLES)
    s, slope = curve.at(moments)
    points = np.array([model.tool_pose(start + delta * value).position for value in s])
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1) / np.maximum(np.diff(s), 1e-9)
    fastest = float(np.max(steps * np.maximum(slope[1:], slope[:-1])))
    slower = max(
        1.0, fastest * TOOL_ROUGHNESS / (limits.tool_speed * HEADROOM), MIN_DURATION_S / curve.duration
    )
    positions, rates = curve.positions[1:, None] * delta, curve.velocities[1:, None] * delta / slower
    accelerations = curve.accelerations[1:, None] * delta / slower**2
    times = curve.times[1:] * slower
    return Trajectory(model.joint_names, start, times, start + positions, rates, accelerations, model)


def _tool_time(model: RobotModel, start: Vector, delta: Vector, tool_speed: float) -> float:
    """Duration at which the tool nowhere exceeds its speed on a quintic from start along delta."""
    u = np.linspace(0.0, 1.0, SPEED_SAMPLES)
    s, slope, _ = quintic(u)
    points = np.array([model.tool_pose(start + delta * value).position for value in s])
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1) / np.maximum(np.diff(s), 1e-9)
    slopes = np.maximum(slope[1:], slope[:-1])
    middle = quintic((u[1:] + u[:-1]) / 2)[1]
    return float(np.max(steps * np.maximum(slopes, middle)) / tool_speed)


def line_move(model: RobotModel, start: Vector, target: Vector, limits: Limits) -> Trajectory:
    """The tool on a straight line to the target position, its orientation kept.

    An arm of fewer than six joints keeps how it is tilted, and turns about the vertical with its base.

    Raises:
        Refusal: `unreachable`, some point of the line cannot be reached, or only by a jump of the joints.
    """
    begin = model.tool_pose(start)
    distance = float(np.linalg.norm(target - begin.position))
    duration = max(MIN_DURATION_S, PEAK_SLOPE * distance / (limits.tool_speed * HEADROOM))
    path = _joints_along(model, start, begin, target, duration)
    for _ in range(TIMING_ROUNDS):
        trajectory = _timed(model, path, duration)
        excess = _excess(trajectory, model, limits)
        if excess <= 1.0:
            break
        duration *= excess * 1.02
    return trajectory


def _joints_along(model: RobotModel, start: Vector, begin: Pose, target: Vector, duration: float) -> Matrix:
    """Joints at knots that are even in the time of a quintic along the line, (knots + 1, joints)."""
    count = int(np.clip(np.ceil(duration / KNOT_PERIOD_S), MIN_KNOTS, MAX_KNOTS))
    axis = model.base_axis(start) if len(start) < DEGREES_OF_FREEDOM else None
    joints = [start]
    for s in quintic(np.linspace(0.0, 1.0, count + 1))[0][1:]:
        goal = _on_the_way(begin, begin.position + s * (target - begin.position), axis)
        ahead = 2 * joints[-1] - joints[-2] if len(joints) > 1 else start
        q = model.inverse(goal, ahead, restarts=0)
        if q is None:
            raise Refusal("unreachable", position=target)
        joints.append(q)
    return np.array(joints)


def _on_the_way(begin: Pose, position: Vector, axis: Vector | None) -> Pose:
    """A pose on a line: turned as at its beginning or, for an arm that cannot, turned along about the base's axis."""
    if axis is None:
        return Pose(position, begin.rotation)
    before, now = begin.position - axis, position - axis
    return Pose(
        position, upright(np.arctan2(now[1], now[0]) - np.arctan2(before[1], before[0])) @ begin.rotation
    )


def _timed(model: RobotModel, path: Matrix, duration: float) -> Trajectory:
    """Joints at even times; velocities and accelerations by central differences."""
    times = np.linspace(0.0, duration, len(path))
    velocities = np.gradient(path, times, axis=0)
    velocities[0] = velocities[-1] = 0.0
    accelerations = np.gradient(velocities, times, axis=0)
    accelerations[0] = accelerations[-1] = 0.0
    return Trajectory(
        model.joint_names,
        path[0],
        times[1:],
        path[1:],
        velocities[1:],
        accelerations[1:],
        model,
    )


def _excess(trajectory: Trajectory, model: RobotModel, limits: Limits) -> float:
    """By which factor the trajectory is too fast; 1 or less: it is not."""
    moments = np.linspace(0.0, trajectory.duration, 8 * len(trajectory.times) + 1)
    _, velocities, accelerations = trajectory.spline.samples(moments)
    speed = np.minimum(model.velocity_limit, limits.joint_velocity) * HEADROOM
    by_velocity = float(np.max(np.abs(velocities) / speed))
    most = np.minimum(model.acceleration_limit, limits.joint_acceleration) * HEADROOM
    by_acceleration = float(np.max(np.abs(accelerations) / most))
    return max(by_velocity, float(np.sqrt(by_acceleration)))
