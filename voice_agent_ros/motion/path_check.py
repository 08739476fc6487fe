# SPDX-License-Identifier: Apache-2.0
"""Checks a whole trajectory, sampled more finely than its tolerances, against every limit of the policy.

It knows nothing of how the trajectory was made. Out of range is refused, never clamped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.motion.policy import Limits
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Matrix, RobotModel, Vector
from voice_agent_ros.motion.trajectory import Trajectory

SAMPLE_STEP_RAD = 0.02  # the most that a joint turns between two samples
SAMPLE_PERIOD_S = 0.05
EPSILON = 1e-6


@dataclass(frozen=True)
class Obstacle:
    """An upright box around something that must not be touched: centre and half sizes, m."""

    name: str
    centre: Vector
    half: Vector

    @staticmethod
    def around(thing: SceneObject, clearance: float) -> Obstacle:
        """The box around an object that may be turned about the vertical."""
        across = (
            float(np.hypot(thing.size[0], thing.size[1])) / 2
            if thing.size[0] < 0.1
            else max(thing.size[:2]) / 2
        )
        half = np.array([across, across, thing.size[2] / 2]) + clearance
        return Obstacle(thing.name, np.array(thing.position), half)


@dataclass(frozen=True)
class PathCheck:
    """The check of one arm under one policy.

    Attributes:
        tip_length: how far the finger tips reach beyond the tool frame along its z axis, m.
        obstacles: boxes that the finger tips must not enter.
    """

    model: RobotModel
    limits: Limits
    tip_length: float = 0.0
    obstacles: Sequence[Obstacle] = ()

    def __call__(self, trajectory: Trajectory) -> None:
        """Check.

        Raises:
            Refusal: the first limit that is broken, with its details.
        """
        limits = self.limits
        if not np.all(np.isfinite(trajectory.positions)) or not np.all(np.isfinite(trajectory.times)):
            raise Refusal("not_finite")
        if trajectory.duration > limits.duration:
            raise Refusal("duration", value=trajectory.duration, limit=limits.duration)
        path = np.vstack([trajectory.start, trajectory.positions])
        if np.any(path.max(axis=0) - path.min(axis=0) > limits.joint_step):
            raise Refusal("joint_step", limit=limits.joint_step)
        travel = float(np.abs(np.diff(path, axis=0)).max(axis=1).sum())
        count = int(np.ceil(max(travel / SAMPLE_STEP_RAD, trajectory.duration / SAMPLE_PERIOD_S))) + 1
        moments = np.linspace(0.0, trajectory.duration, count + 1)
        samples = [trajectory.spline.sample(t) for t in moments]
        self._joints(np.array([q for q, _, _ in samples]), start=trajectory.start)
        self._rates(np.array([v for _, v, _ in samples]), np.array([a for _, _, a in samples]))
        self._space(moments, [q for q, _, _ in samples])

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
        if np.any(np.abs(acceleration) > self.limits.joint_acceleration + EPSILON):
            joint = int(np.argmax(np.max(np.abs(acceleration), axis=0)))
            raise Refusal("joint_acceleration", joint=self.model.joint_names[joint])

    def _space(self, moments: Vector, q: Sequence[Vector]) -> None:
        limits = self.limits
        low, high = np.array(limits.workspace_low), np.array(limits.workspace_high)
        tools, tips, points = [], [], []
        for joints in q:
            links = self.model.link_positions(joints)
            pose = self.model.tool_pose(joints)
            tools.append(pose.position)
            tips.append(pose.position + pose.rotation[:, 2] * self.tip_length)
            points += [*links, tips[-1]]
        below = low - np.array(points)
        excess = np.maximum(below, np.array(points) - high)
        if np.any(excess > EPSILON):
            where, axis = np.unravel_index(int(np.argmax(excess)), excess.shape)
            side = "low" if below[where, axis] > 0.0 else "high"
            raise Refusal("workspace", axis="xyz"[axis], side=side, excess=float(excess[where, axis]))
        self._table(np.array(tips))
        self._obstacles(np.array(tips))
        speeds = np.linalg.norm(np.diff(tools, axis=0), axis=1) / np.diff(moments)
        if np.any(speeds > limits.tool_speed + EPSILON):
            raise Refusal("tool_speed", value=float(speeds.max()), limit=limits.tool_speed)

    def _table(self, tips: Matrix) -> None:
        floor = self.limits.workspace_low[2] + self.limits.table_clearance
        if tips[:, 2].min() < floor - EPSILON:
            raise Refusal("table", excess=float(floor - tips[:, 2].min()))

    def _obstacles(self, tips: Matrix) -> None:
        for obstacle in self.obstacles:
            inside = np.all(np.abs(tips - obstacle.centre) < obstacle.half, axis=1)
            if inside.any() and not inside[0]:  # it may leave a box that it already stands in
                raise Refusal("obstacle", object=obstacle.name)
