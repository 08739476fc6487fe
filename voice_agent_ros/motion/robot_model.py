# SPDX-License-Identifier: Apache-2.0
"""Kinematics of the arm from its URDF, by Pinocchio: where the links are, and which joints reach a pose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.motion.arm_config import ArmConfig, JointLimit

if TYPE_CHECKING:
    from voice_agent_ros.motion.arm_volume import ArmVolume

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
POSITION_TOLERANCE_M = 2e-4
ROTATION_TOLERANCE_RAD = 2e-3
MAX_STEP_RAD = 0.4
ITERATIONS = 80
RESTARTS = 8
DAMPED = 1e-6 * np.eye(6)
WEIGHTS = np.array([1.0, 1.0, 1.0, 0.3, 0.3, 0.3])  # 0.3 m of position count as much as 1 rad of rotation


@dataclass(frozen=True)
class Pose:
    """Position (3,) in m and rotation (3, 3) of the tool frame in the base frame."""

    position: Vector
    rotation: Matrix


@dataclass(frozen=True)
class Body:
    """Where the whole arm is, in the base frame.

    Attributes:
        links: origins of all joints, (n, 3) in m.
        tool_velocity: of the tool frame's origin, (3,) in m/s.
    """

    links: Matrix
    tool: Pose
    tool_velocity: Vector


class RobotModel:
    """The arm's joints only; the gripper's are kept where the URDF has their zero.

    Args:
        urdf: text of the robot description.
        arm: names of joints and frames.

    Raises:
        ConfigurationError: the URDF cannot be read, or lacks a joint or frame that the arm file names.
    """

    def __init__(self, urdf: str, arm: ArmConfig) -> None:
        import pinocchio

        self._pin = pinocchio
        self._urdf, self._arm = urdf, arm
        self._volumes: dict[bool, ArmVolume] = {}
        try:
            full = pinocchio.buildModelFromXML(urdf)
        except (ValueError, RuntimeError) as error:
            raise ConfigurationError(
                f"The URDF cannot be read: {error}.", "Check robot_description."
            ) from error
        missing = [name for name in arm.arm.joints if not full.existJointName(name)]
        if missing or not full.existFrame(arm.tool_frame):
            lacking = ", ".join(missing) or f"frame {arm.tool_frame}"
            fix = "Make the arm file and robot_description agree."
            raise ConfigurationError(f"robot_description lacks {lacking}, named in the arm file.", fix)
        names = set(arm.arm.joints)
        locked = [full.getJointId(name) for name in full.names[1:] if name not in names]
        self._model: Any = pinocchio.buildReducedModel(full, locked, pinocchio.neutral(full))
        rebase(self._model, arm.base_frame)
        if list(self._model.names[1:]) != list(arm.arm.joints):
            raise ConfigurationError(
                f"The arm file lists the joints as {arm.arm.joints}, the URDF as {list(self._model.names[1:])}.",
                "List them from the base to the tool.",
            )
        self._data = self._model.createData()
        self._tool = self._model.getFrameId(arm.tool_frame)
        self.joint_names = tuple(arm.arm.joints)
        own = [arm.joint_limits.get(name, JointLimit()) for name in arm.arm.joints]
        self.lower: Vector = np.maximum(self._model.lowerPositionLimit, [one.min_position for one in own])
        self.upper: Vector = np.minimum(self._model.upperPositionLimit, [one.max_position for one in own])
        self.velocity_limit: Vector = np.minimum(self._model.velocityLimit, [one.max_velocity for one in own])
        self.acceleration_limit: Vector = np.array([one.max_acceleration for one in own])

    def prepare(self) -> None:
        """Build the shapes now, so that no plan waits for them."""
        self.volume(is_open=True)
        self.volume(is_open=False)

    def volume(self, *, is_open: bool) -> ArmVolume:
        """The arm's shapes, with the fingers open or closed; built on first use."""
        if is_open not in self._volumes:
            from voice_agent_ros.motion.arm_volume import ArmVolume

            gripper = self._arm.gripper
            opening = gripper.open if is_open else gripper.closed
            self._volumes[is_open] = ArmVolume(self._urdf, self._arm, opening)
        return self._volumes[is_open]

    def tool_pose(self, q: Vector) -> Pose:
        """Where the tool frame is with the joints at q, rad."""
        self._pin.framesForwardKinematics(self._model, self._data, q)
        placement = self._data.oMf[self._tool]
        return Pose(placement.translation.copy(), placement.rotation.copy())

    def tool_position(self, q: Vector) -> Vector:
        """Where the tool frame's origin is with the joints at q, rad."""
        return self.tool_pose(q).position

    def base_axis(self, q: Vector) -> Vector:
        """Where the first joint is with the joints at q, rad: the axis about which the whole arm turns."""
        return self.body(q, np.zeros_like(q)).links[0]

    def body(self, q: Vector, velocity: Vector) -> Body:
        """Where everything is with the joints at q, rad, turning at a velocity, rad/s."""
        pin, data = self._pin, self._data
        pin.forwardKinematics(self._model, data, q, velocity)
        placement = pin.updateFramePlacement(self._model, data, self._tool)
        speed = pin.getFrameVelocity(self._model, data, self._tool, pin.LOCAL_WORLD_ALIGNED).linear
        links = np.array([data.oMi[index].translation for index in range(1, self._model.njoints)])
        return Body(links, Pose(placement.translation.copy(), placement.rotation.copy()), speed.copy())

    def inverse(
        self, target: Pose, start: Vector, margin: float = 0.0, restarts: int = RESTARTS
    ) -> Vector | None:
        """Joints that bring the tool frame to the target, found from `start`, or None.

        Damped least squares (Nakamura & Hanafusa 1986) from `start`, then from fixed pseudo-random starts, so that
        the same question always has the same answer.

        Args:
            margin: distance to keep from the joint limits, rad.
        """
        low, high = self.lower + margin, self.upper - margin
        found = self._descend(target, np.clip(start, low, high), low, high)
        if found is None and restarts:
            random = np.random.default_rng(0)
            starts = (random.uniform(low, high) for _ in range(restarts))
            return next((q for s in starts if (q := self._descend(target, s, low, high)) is not None), None)
        return found

    def _descend(self, target: Pose, q: Vector, low: Vector, high: Vector) -> Vector | None:
        pin = self._pin
        goal = pin.SE3(target.rotation, target.position)
        for _ in range(ITERATIONS):
            pin.framesForwardKinematics(self._model, self._data, q)
            error = pin.log6(self._data.oMf[self._tool].actInv(goal)).vector
            away, turned = error[:3], error[3:]
            if away @ away < POSITION_TOLERANCE_M**2 and turned @ turned < ROTATION_TOLERANCE_RAD**2:
                return q
            jacobian = pin.computeFrameJacobian(self._model, self._data, q, self._tool) * WEIGHTS[:, None]
            step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + DAMPED, WEIGHTS * error)
            longest = max(float(np.abs(step).max()), 1e-9)
            q = np.minimum(np.maximum(q + step * min(1.0, MAX_STEP_RAD / longest), low), high)
        return None


def rebase(model: Any, base_frame: str, shapes: Any = None) -> None:
    """Have a Pinocchio model, and its shapes, tell everything in the base frame instead of the URDF's root.

    Raises:
        ConfigurationError: there is no such frame, or it moves with the arm.
    """
    fix = (
        "Name the fixed link that the arm stands on, with x forward and z up, as base_frame in the arm file."
    )
    if not model.existFrame(base_frame):
        raise ConfigurationError(f"robot_description lacks the frame {base_frame}.", fix)
    frame = model.frames[model.getFrameId(base_frame)]
    if frame.parentJoint != 0:
        raise ConfigurationError(f"The frame {base_frame} moves with the arm.", fix)
    back = frame.placement.inverse()
    for joint in range(1, model.njoints):
        if model.parents[joint] == 0:
            model.jointPlacements[joint] = back * model.jointPlacements[joint]
    placed = [*model.frames, *(shapes.geometryObjects if shapes is not None else ())]
    for one in placed:
        if one.parentJoint == 0:
            one.placement = back * one.placement


def pointing_down(yaw: float) -> Matrix:
    """Rotation of a tool that points straight down, its fingers opening along `yaw` (rad) in the plane."""
    x = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    z = np.array([0.0, 0.0, -1.0])
    return np.column_stack([x, np.cross(z, x), z])


def upright(yaw: float) -> Matrix:
    """Rotation about the vertical, rad."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
