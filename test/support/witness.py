# SPDX-License-Identifier: Apache-2.0
"""Judges what reaches a controller, by means of its own: shares no code with voice_agent_ros.motion.

Kinematics come from the URDF by multiplying matrices, motion from the polynomials that the simulated controller
makes of the points, speeds of the tool from differences of its positions.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.sim.trajectory import Knot, Spline

Array = NDArray[np.float64]
SAMPLES = 384  # of a trajectory, at least
SAMPLES_PER_SEGMENT = 12
RELATIVE_SLACK = 1.005  # of rates, which are limited by sampling on the other side too
ABSOLUTE_SLACK = 2e-4  # m and rad
REACH_M = 0.65


@dataclass(frozen=True)
class Bounds:
    """Limits in numbers, copied out of the policy by whoever makes a witness; units as there."""

    position_margin: float
    joint_velocity: float
    joint_acceleration: float
    joint_step: float
    tool_speed: float
    workspace_low: tuple[float, float, float]
    workspace_high: tuple[float, float, float]
    table_clearance: float
    duration: float


class Chain:
    """Forward kinematics of many configurations at once.

    Args:
        urdf: its text.
        joints: names of the joints that move; others stay at 0.
        tool: the link whose frame is the tool.
    """

    def __init__(self, urdf: str, joints: list[str], tool: str) -> None:
        root = ElementTree.fromstring(urdf)
        by_child = {_link(joint, "child"): joint for joint in root.findall("joint")}
        chain = []
        link = tool
        while link in by_child:
            chain.append(by_child[link])
            link = _link(by_child[link], "parent")
        self._steps: list[tuple[Array, Array | None]] = []
        self._moving: list[int] = []
        limits: dict[str, tuple[float, float, float]] = {}
        for index, joint in enumerate(reversed(chain)):
            name = joint.get("name", "")
            axis = joint.find("axis")
            turns = joint.get("type") in ("revolute", "continuous") and name in joints
            vector = _numbers(axis.get("xyz") if axis is not None else None, (1.0, 0.0, 0.0))
            self._steps.append((_placement(joint.find("origin")), np.array(vector) if turns else None))
            if turns:
                self._moving.append(index)
                limit = joint.find("limit")
                assert limit is not None
                lower, upper, speed = (float(limit.get(key, "nan")) for key in ("lower", "upper", "velocity"))
                limits[name] = (lower, upper, speed)
        assert list(limits) == joints, f"{list(limits)} are not {joints}"
        self.lower, self.upper, self.velocity = (
            np.array(column) for column in zip(*limits.values(), strict=True)
        )

    def places(self, q: Array) -> tuple[Array, Array]:
        """Origins of the joints that move (samples, joints, 3), and the tool's frame (samples, 4, 4)."""
        frame = np.tile(np.eye(4), (len(q), 1, 1))
        origins = []
        angle = iter(q.T)
        for placement, axis in self._steps:
            frame = frame @ placement
            if axis is not None:
                origins.append(frame[:, :3, 3])
                frame = frame @ _rotations(axis, next(angle))
        return np.stack(origins, axis=1), frame


@dataclass
class Witness:
    """Finds violations in what a controller is sent."""

    chain: Chain
    bounds: Bounds
    joint_names: tuple[str, ...]
    tip_length: float
    gripper_range: tuple[float, float]
    max_effort: float
    servo_error: float = 0.0  # rad; how far from its setpoint the arm may stand: its tool is off by as much

    def of_trajectory(self, actual: Array, trajectory: Any) -> list[str]:
        """What is wrong with a trajectory for an arm that rests at `actual`; empty: nothing."""
        arrays = [
            np.asarray(getattr(trajectory, key), dtype=float) for key in ("times", "positions", "velocities")
        ]
        times, positions, velocities = arrays
        accelerations = np.asarray(trajectory.accelerations, dtype=float)
        if tuple(trajectory.joint_names) != self.joint_names:
            return ["other joints"]
        if not all(np.all(np.isfinite(array)) for array in (*arrays, accelerations)):
            return ["not finite"]
        if not len(times) or times[0] <= 0.0 or np.any(np.diff(times) <= 0.0):
            return ["time does not increase"]
        zero = np.zeros(len(actual))
        knots = [Knot(actual, zero, zero)]
        knots += [Knot(*point) for point in zip(positions, velocities, accelerations, strict=True)]
        spline = Spline([0.0, *times.tolist()], knots)
        moments = _moments(np.array([0.0, *times]))
        q, qd, qdd = spline.samples(moments)
        return [*self._joints(actual, q), *self._rates(qd, qdd, moments), *self._space(q, moments)]

    def of_grip(self, position: float, max_effort: float) -> list[str]:
        """What is wrong with a command of the gripper."""
        low, high = self.gripper_range
        found = [] if low <= position <= high else [f"gripper at {position}"]
        return found if 0.0 <= max_effort <= self.max_effort else [*found, f"gripper with {max_effort} N"]

    def _joints(self, actual: Array, q: Array) -> list[str]:
        margin = self.bounds.position_margin
        slack = ABSOLUTE_SLACK + self.servo_error
        low = np.maximum(np.minimum(self.chain.lower + margin, actual), self.chain.lower) - slack
        high = np.minimum(np.maximum(self.chain.upper - margin, actual), self.chain.upper) + slack
        found = [] if np.all((q >= low) & (q <= high)) else ["joint limit"]
        turned = float(np.max(q.max(axis=0) - q.min(axis=0)))
        return found if turned <= self.bounds.joint_step + slack else [*found, f"joint step {turned}"]

    def _rates(self, qd: Array, qdd: Array, moments: Array) -> list[str]:
        bounds, found = self.bounds, []
        if np.any(np.abs(qd) > np.minimum(self.chain.velocity, bounds.joint_velocity) * RELATIVE_SLACK):
            found.append(f"joint velocity {np.abs(qd).max()}")
        if np.any(np.abs(qdd) > bounds.joint_acceleration * RELATIVE_SLACK):
            found.append(f"joint acceleration {np.abs(qdd).max()}")
        if np.any(np.abs(qd[-1]) > 1e-6):
            found.append("does not end at rest")
        if moments[-1] > bounds.duration * RELATIVE_SLACK:
            found.append(f"duration {moments[-1]}")
        return found

    def _space(self, q: Array, moments: Array) -> list[str]:
        bounds, found = self.bounds, []
        links, tool = self.chain.places(q)
        tips = tool[:, :3, 3] + self.tip_length * tool[:, :3, 2]
        points = np.concatenate([links, tips[:, None]], axis=1)
        low, high = np.array(bounds.workspace_low), np.array(bounds.workspace_high)
        slack = ABSOLUTE_SLACK + self.servo_error * REACH_M * len(self.joint_names)
        if np.any(points < low - slack) or np.any(points > high + slack):
            found.append("workspace")
        if np.any(tips[:, 2] < low[2] + bounds.table_clearance - slack):
            found.append(f"table {tips[:, 2].min()}")
        steps = np.linalg.norm(np.diff(tool[:, :3, 3], axis=0), axis=1)
        speed = float((steps / np.diff(moments)).max())
        if speed > bounds.tool_speed * RELATIVE_SLACK:
            found.append(f"tool speed {speed}")
        return found


def _moments(times: Array) -> Array:
    """Evenly within each segment, and the end."""
    count = max(SAMPLES_PER_SEGMENT, math.ceil(SAMPLES / (len(times) - 1)))
    inner = times[:-1, None] + np.diff(times)[:, None] * (np.arange(count) / count)
    return np.append(inner.ravel(), times[-1])


def _link(joint: ElementTree.Element, end: str) -> str:
    found = joint.find(end)
    assert found is not None
    return found.get("link", "")


def _numbers(text: str | None, default: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split()) if text else default


def _placement(origin: ElementTree.Element | None) -> Array:
    frame = np.eye(4)
    if origin is not None:
        roll, pitch, yaw = _numbers(origin.get("rpy"), (0.0, 0.0, 0.0))
        frame[:3, 3] = _numbers(origin.get("xyz"), (0.0, 0.0, 0.0))
        one = np.array([0.0])
        for axis, angle in (((0, 0, 1), yaw), ((0, 1, 0), pitch), ((1, 0, 0), roll)):
            frame = frame @ _rotations(np.array(axis, dtype=float), one + angle)[0]
    return frame


def _rotations(axis: Array, angles: Array) -> Array:
    """Homogeneous rotations about an axis (Rodrigues), (angles, 4, 4)."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    s, c = np.sin(angles)[:, None, None], (1.0 - np.cos(angles))[:, None, None]
    found = np.tile(np.eye(4), (len(angles), 1, 1))
    found[:, :3, :3] += s * cross + c * (cross @ cross)
    return found
