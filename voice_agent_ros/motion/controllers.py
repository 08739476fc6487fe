# SPDX-License-Identifier: Apache-2.0
"""What the executor needs of controllers and sensors, so that it knows neither ROS nor a simulator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.motion.robot_model import Vector
from voice_agent_ros.motion.trajectory import Trajectory

Status = Literal["succeeded", "rejected", "aborted", "canceled", "timeout", "absent"]


@dataclass(frozen=True)
class Completion:
    """How a controller's goal ended.

    Attributes:
        reason: the controller's words for anything but success.
        goal_id: of the goal, hexadecimal; "" if none was sent.
    """

    status: Status
    controller: str
    reason: str = ""
    goal_id: str = ""


class Controllers(Protocol):
    """The arm's and the gripper's controller. `follow` and `grip` block; `cancel_all` may be called meanwhile."""

    def follow(self, trajectory: Trajectory, timeout_s: float, on_accepted: Callable[[], None]) -> Completion:
        """Follow a trajectory to its end."""
        ...

    def grip(
        self, position: float, max_effort: float, timeout_s: float, on_accepted: Callable[[], None]
    ) -> Completion:
        """Move the gripper until it is there or stalls on something; both are success."""
        ...

    def cancel_all(self) -> None:
        """Ask every controller to cancel every goal. Returns at once."""
        ...


@dataclass(frozen=True)
class JointSnapshot:
    """Measured joints.

    Attributes:
        arm: positions in the order of the arm file, rad.
        gripper: position of the gripper's joint.
        at: when it was measured, s on the bridge's monotonic clock.
    """

    arm: Vector
    arm_velocity: Vector
    gripper: float
    at: float


class Senses(Protocol):
    """What is measured and seen right now."""

    def joints(self) -> JointSnapshot | None:
        """The latest joint states, or None if there were none yet."""
        ...

    def scene(self) -> Scene:
        """What is on the table, and the arm's poses."""
        ...
