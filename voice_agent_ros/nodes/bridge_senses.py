# SPDX-License-Identifier: Apache-2.0
"""What the bridge feels and sees: joint_states and objects, as `motion.controllers.Senses`."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from rclpy.node import Node
from rclpy.wait_for_message import wait_for_message
from sensor_msgs.msg import JointState
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.controllers import JointSnapshot
from voice_agent_ros.motion.robot_model import Vector
from voice_agent_ros.nodes.conversions import objects_of
from voice_agent_ros.nodes.sight import Sight

POLL_S = 0.1
MIN_PERIOD_S = 0.002  # of joint_states: messages that were held up arrive all at once


class BridgeSenses:
    """Keeps the latest of both. The node that owns the subscriptions feeds it.

    Args:
        on_joints: called with each new snapshot, on the executor's thread.
        objects_max_age: s after which what was seen is not there any more.
        sight: whether anybody looks, and what is known besides.
    """

    def __init__(
        self,
        node: Node,
        arm: ArmConfig,
        objects_max_age: float,
        on_joints: Callable[[JointSnapshot], None],
        sight: Sight,
    ) -> None:
        self._node, self._arm, self._objects_max_age, self._on_joints = node, arm, objects_max_age, on_joints
        self._sight = sight
        self._names = [*arm.arm.joints, arm.gripper.joint]
        self._joints: JointSnapshot | None = None
        self._seen: tuple[SceneObject, ...] = ()
        self._seen_at = -1e9

    def joints(self) -> JointSnapshot | None:
        """The latest joint states."""
        return self._joints

    def scene(self) -> Scene:
        """What is seen or known otherwise, and the arm's poses."""
        is_recent = time.monotonic() - self._seen_at <= self._objects_max_age
        return self._sight.scene(self._seen if is_recent else ())

    def missing(self, timeout_s: float, meanwhile: Callable[[], None]) -> str:
        """Wait for the arm's joints, while the executor stands still.

        Returns:
            What is missing after that time, or "".
        """
        deadline = time.monotonic() + timeout_s
        known: set[str] = set()
        while self._joints is None and time.monotonic() < deadline:
            meanwhile()
            is_here, message = wait_for_message(JointState, self._node, "joint_states", time_to_wait=POLL_S)
            if is_here:
                known.update(message.name)
                self.on_joint_states(message)
        if self._joints is not None:
            return ""
        if not known:
            return "Nobody publishes joint_states: start joint_state_broadcaster."
        missing = ", ".join(name for name in self._names if name not in known)
        if not missing:
            return (
                f"No message on joint_states has all of {', '.join(self._names)} with numbers for them: let one "
                "joint_state_broadcaster publish them together."
            )
        return f"joint_states lack {missing}, named in the arm file; they have {', '.join(sorted(known))}."

    def on_joint_states(self, message: JointState) -> None:
        """New joint states, of the arm or of others."""
        index = {name: position for position, name in enumerate(message.name)}
        if any(name not in index for name in self._names) or len(message.position) != len(index):
            return  # another broadcaster's joints
        order = [index[name] for name in self._arm.arm.joints]
        position = np.array(message.position)[order]
        gripper = message.position[index[self._arm.gripper.joint]]
        now = time.monotonic()
        has_velocity = len(message.velocity) == len(index)
        velocity = np.array(message.velocity)[order] if has_velocity else self._rate(position, now)
        if not np.all(np.isfinite([*position, *velocity, gripper])):
            return  # not felt: the last good one grows old, and nothing moves without a recent one
        self._joints = JointSnapshot(position, velocity, gripper, now)
        self._on_joints(self._joints)

    def _rate(self, position: Vector, now: float) -> Vector:
        """Velocity of an arm whose driver does not tell it: an arm that moves must not seem to stand."""
        before = self._joints
        if before is None:
            return np.zeros_like(position)
        return (position - before.arm) / max(now - before.at, MIN_PERIOD_S)

    def on_objects(self, message: Detection3DArray) -> None:
        """What a camera sees."""
        frame = message.header.frame_id
        if frame != self._arm.base_frame:
            text = f"Ignoring objects in the frame {frame!r}: they must be in {self._arm.base_frame}."
            self._node.get_logger().warning(text, throttle_duration_sec=10.0)
            return
        self._sight.has_seen = True
        self._seen, self._seen_at = objects_of(message), time.monotonic()
