# SPDX-License-Identifier: Apache-2.0
"""Checks a whole trajectory, sampled more finely than its tolerances, against every limit of the policy.

It knows nothing of how the trajectory was made. Out of range is refused, never clamped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from voice_agent_ros.motion.arm_volume import Box, Carried, Surroundings
from voice_agent_ros.motion.policy import KeepOut, Limits
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Matrix, RobotModel, Vector
from voice_agent_ros.motion.trajectory import Trajectory

RATE_SAMPLES = (
    24  # per segment between two points: a quintic's rates have few extremes, these miss none by much
)
SAMPLE_STEP_RAD = 0.02  # the most that a joint turns between two looks at where the links are
EPSILON = 1e-6


@dataclass(frozen=True)
class PathCheck:
    """The check of one arm under one policy.

    Attributes:
        tip_length: how far the finger tips reach beyond the tool frame along its z axis, m.
        obstacles: boxes that no link may touch.
        carried: what hangs in the hand.
        is_open: the fingers are apart.
        may_come_back: where the arm is outside the workspace or too low at the beginning, it may be so until it has
            come back, and never further.
    """

    model: RobotModel
    limits: Limits
    tip_length: float = 0.0
    obstacles: Sequence[Box] = ()
    carried: Carried | None = None
    is_open: bool = True
    may_come_back: bool = False

    def from_beside(self) -> PathCheck:
        """The same check for an arm that stands a little beside where the movement was planned to begin."""
        return replace(self, may_come_back=True)

    def __call__(self, trajectory: Trajectory) -> None:
        """Check.

        Raises:
            Refusal: the first limit that is broken, with its details.
        """
        limits = self.limits
        self._form(trajectory)
        if trajectory.duration > limits.duration:
            raise Refusal("duration", value=trajectory.duration, limit=limits.duration)
        spline = trajectory.spline
        moments = _within_segments(spline.times, RATE_SAMPLES)
        positions, velocities, accelerations = spline.samples(moments)
        if np.any(positions.max(axis=0) - positions.min(axis=0) > limits.joint_step):
            raise Refusal("joint_step", limit=limits.joint_step)
        self._joints(positions, start=trajectory.start)
        self._rates(velocities, accelerations)
        moments = _by_travel(moments, positions)
        positions, velocities, _ = spline.samples(moments)
        self._space(positions, velocities)
        self._volume(positions)

    def _form(self, trajectory: Trajectory) -> None:
        """What a controller would reject or, worse, not reject."""
        arrays = (
            trajectory.start,
            trajectory.times,
            trajectory.positions,
            trajectory.velocities,
            trajectory.accelerations,
        )
        if not all(np.all(np.isfinite(array)) for array in arrays):
            raise Refusal("not_finite")
        shape = (len(trajectory.times), len(self.model.joint_names))
        fits = len(trajectory.times) > 0 and all(array.shape == shape for array in arrays[2:])
        if not fits or trajectory.joint_names != self.model.joint_names:
            raise Refusal("malformed", reason="other joints than the arm's")
        if trajectory.times[0] <= 0.0 or np.any(np.diff(trajectory.times) <= 0.0):
            raise Refusal("malformed", reason="time does not increase")
        if np.any(np.abs(trajectory.velocities[-1]) > EPSILON):
            raise Refusal("malformed", reason="it does not end at rest")

    def _joints(self, q: Matrix, start: Vector) -> None:
        low = self.model.lower + self.limits.position_margin
        high = self.model.upper - self.limits.position_margin
        # An arm that already stands inside the margin may leave it, not go deeper.
        low, high = np.minimum(low, start), np.maximum(high, start)
        outside = (q < low - EPSILON) | (q > high + EPSILON) | (q < self.model.lower) | (q > self.model.upper)
        if np.any(outside):
            joint = int(np.argmax(outside.any(axis=0)))
            raise Refusal("joint_limit", joint=self.model.joint_names[joint])

    def _rates(self, velocity: Matrix, acceleration: Matrix) -> None:
        speed = np.minimum(self.model.velocity_limit, self.limits.joint_velocity)
        if np.any(np.abs(velocity) > speed + EPSILON):
            joint = int(np.argmax(np.max(np.abs(velocity) / speed, axis=0)))
            raise Refusal("joint_velocity", joint=self.model.joint_names[joint])
        most = np.minimum(self.model.acceleration_limit, self.limits.joint_acceleration)
        if np.any(np.abs(acceleration) > most + EPSILON):
            joint = int(np.argmax(np.max(np.abs(acceleration) / most, axis=0)))
            raise Refusal("joint_acceleration", joint=self.model.joint_names[joint])

    def _space(self, positions: Matrix, velocities: Matrix) -> None:
        limits = self.limits
        low, high = np.array(limits.workspace_low), np.array(limits.workspace_high)
        places = [self.model.body(q, v) for q, v in zip(positions, velocities, strict=True)]
        tips = np.array([body.tool.position + body.tool.rotation[:, 2] * self.tip_length for body in places])
        points = np.concatenate([np.array([body.links for body in places]), tips[:, None]], axis=1)
        below, above = low - points, points - high
        if self.may_come_back:
            below, above = below - np.maximum(below[0], 0.0), above - np.maximum(above[0], 0.0)
        excess = np.maximum(below, above)
        if np.any(excess > EPSILON):
            at, point, axis = np.unravel_index(int(np.argmax(excess)), excess.shape)
            side = "low" if below[at, point, axis] > 0.0 else "high"
            raise Refusal("workspace", axis="xyz"[axis], side=side, excess=float(excess[at, point, axis]))
        self._table(tips)
        fastest = max(float(np.linalg.norm(body.tool_velocity)) for body in places)
        if fastest > limits.tool_speed + EPSILON:
            raise Refusal("tool_speed", value=fastest, limit=limits.tool_speed)

    def _table(self, tips: Matrix) -> None:
        floor = self.limits.workspace_low[2] + self.limits.table_clearance
        if self.may_come_back:
            floor = min(floor, float(tips[0, 2]))
        lowest = float(np.min(tips[:, 2]))
        if lowest < floor - EPSILON:
            raise Refusal("table", excess=floor - lowest)

    def _volume(self, positions: Matrix) -> None:
        """Every link's shape, and what the hand carries."""
        limits = self.limits
        around = Surroundings(
            limits.workspace_low,
            limits.workspace_high,
            [keep_out_box(box) for box in limits.keep_out],
            self.obstacles,
            limits.obstacle_clearance,
            limits.table_clearance,
        )
        volume = self.model.volume(is_open=self.is_open)
        clash = volume.clash(positions, around, self.carried, may_come_back=self.may_come_back)
        if clash is None:
            return
        if clash.kind == "self":
            raise Refusal("self_collision", link=clash.what, other=clash.other)
        if clash.kind == "keep_out":
            raise Refusal("keep_out", zone=clash.other, link=clash.what)
        if clash.kind == "obstacle":
            raise Refusal("obstacle", object=clash.other, link=clash.what)
        if clash.other == "z.low":
            raise Refusal("table", excess=clash.depth, link=clash.what)
        axis, side = clash.other.split(".")
        raise Refusal("workspace", axis=axis, side=side, excess=clash.depth, link=clash.what)


def keep_out_box(box: KeepOut) -> Box:
    """A box of the policy."""
    low, high = np.array(box.low), np.array(box.high)
    return Box(box.name, (low + high) / 2, (high - low) / 2)


def _within_segments(times: Vector, count: int) -> Vector:
    """Moments evenly within each segment, the last one included."""
    u = np.arange(count) / count
    inner = times[:-1, None] + np.diff(times)[:, None] * u
    return np.append(inner.ravel(), times[-1])


def _by_travel(moments: Vector, positions: Matrix) -> Vector:
    """Moments between which no joint turns by more than the step, to the precision of the samples given."""
    travelled = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(positions, axis=0)).max(axis=1))])
    if travelled[-1] == 0.0:
        return moments[[0, -1]]
    count = int(np.ceil(travelled[-1] / SAMPLE_STEP_RAD)) + 1
    rising = travelled + np.arange(len(travelled)) * 1e-12
    return np.interp(np.linspace(0.0, rising[-1], count + 1), rising, moments)
