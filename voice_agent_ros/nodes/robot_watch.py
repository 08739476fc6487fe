# SPDX-License-Identifier: Apache-2.0
"""What the dialogue may tell of the robot: joints, gripper, latch and diagnostics, as they come."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from sensor_msgs.msg import JointState

from voice_agent_ros.intent.facts import Grip, RobotState
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.msg import BridgeState
from voice_agent_ros.nodes import qos

FRESH_S = 2.0  # what is older is not known any more
DIAGNOSTICS_FRESH_S = 10.0
IN_POSE_RAD = 0.02
GRIP_TOLERANCE = 0.1  # of the gripper's range
MAX_PROBLEMS = 32
DIAGNOSTICS = "/diagnostics"


class RobotWatch:
    """Keeps the latest of each.

    Args:
        clock: monotonic time, s.
    """

    def __init__(self, node: Node, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.arm: ArmConfig | None = None
        self._joints: dict[str, float] = {}
        self._joints_at = self._bridge_at = -1e9
        self._bridge: BridgeState | None = None
        self._problems: OrderedDict[str, tuple[int, str, float]] = OrderedDict()
        node.create_subscription(JointState, "joint_states", self._on_joints, qos.EVENTS)
        node.create_subscription(BridgeState, "bridge/state", self._on_bridge, qos.EVENTS)
        node.create_subscription(DiagnosticArray, DIAGNOSTICS, self._on_diagnostics, qos.EVENTS)

    def state(self) -> RobotState:
        """How the robot is now."""
        now = self._clock()
        bridge = self._bridge if now - self._bridge_at <= FRESH_S else None
        joints = self._felt(now)
        return RobotState(
            held=bridge.held if bridge is not None else None,
            pose=self._pose(joints),
            joints=joints,
            grip=self._grip(now),
            is_latched=bridge.is_latched if bridge is not None else None,
            latch_reason=bridge.latch_reason if bridge is not None else "",
            is_moving=bridge.is_moving if bridge is not None else False,
            problems=self._complaints(now),
        )

    def _felt(self, now: float) -> tuple[float, ...]:
        if self.arm is None or now - self._joints_at > FRESH_S:
            return ()
        names = self.arm.arm.joints
        if any(name not in self._joints for name in names):
            return ()
        # Rounded, so that an arm at rest is at rest for who compares.
        return tuple(round(self._joints[name], 2) for name in names)

    def _pose(self, joints: tuple[float, ...]) -> str:
        if self.arm is None or not joints:
            return ""
        for name, values in self.arm.poses.items():
            if all(abs(a - b) <= IN_POSE_RAD for a, b in zip(joints, values, strict=True)):
                return name
        return ""

    def _grip(self, now: float) -> Grip:
        if self.arm is None or now - self._joints_at > FRESH_S:
            return ""
        gripper = self.arm.gripper
        position = self._joints.get(gripper.joint)
        if position is None:
            return ""
        part = (position - gripper.closed) / (gripper.open - gripper.closed or 1.0)
        if part > 1.0 - GRIP_TOLERANCE:
            return "open"
        return "closed" if part < GRIP_TOLERANCE else "partly open"

    def _complaints(self, now: float) -> tuple[str, ...]:
        fresh = [
            (level, text) for level, text, at in self._problems.values() if now - at <= DIAGNOSTICS_FRESH_S
        ]
        return tuple(text for _, text in sorted(fresh, reverse=True))

    def _on_joints(self, message: JointState) -> None:
        if len(message.name) == len(message.position):
            self._joints.update(zip(message.name, message.position, strict=True))
            self._joints_at = self._clock()

    def _on_bridge(self, message: BridgeState) -> None:
        self._bridge, self._bridge_at = message, self._clock()

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        """Keeps warnings and errors; what is well again is forgotten."""
        for status in message.status:
            level = (
                int.from_bytes(status.level, "little")
                if isinstance(status.level, bytes)
                else int(status.level)
            )
            self._problems.pop(status.name, None)
            if level > int.from_bytes(DiagnosticStatus.OK, "little"):
                self._problems[status.name] = (level, f"{status.name}: {status.message}", self._clock())
        while len(self._problems) > MAX_PROBLEMS:
            self._problems.popitem(last=False)
