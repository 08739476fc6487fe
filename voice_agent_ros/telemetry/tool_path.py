# SPDX-License-Identifier: Apache-2.0
"""The way of the tool under a trajectory of the joints, for viewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from voice_agent_ros.motion.arm_config import ArmConfig

if TYPE_CHECKING:
    from voice_agent_ros.motion.robot_model import RobotModel

MAX_POINTS = 100


class ToolPath:
    """Knows the arm once somebody has described it; the kinematics are loaded with the first path."""

    def __init__(self, arm: ArmConfig) -> None:
        self._arm = arm
        self._urdf = ""
        self._model: RobotModel | None = None

    def describe(self, urdf: str) -> None:
        """The robot description."""
        if urdf != self._urdf:
            self._urdf, self._model = urdf, None

    def points(
        self, joint_names: Sequence[str], positions: Sequence[Sequence[float]]
    ) -> list[tuple[float, float, float]]:
        """Where the tool will be, in the arm's base frame, m; nothing as long as the arm is not described.

        Raises:
            ConfigurationError: the description does not fit the arm file.
            ImportError: there is no pinocchio.
        """
        if not self._urdf or set(joint_names) != set(self._arm.arm.joints):
            return []
        import numpy as np

        from voice_agent_ros.motion.robot_model import RobotModel

        if self._model is None:
            self._model = RobotModel(self._urdf, self._arm)
        order = [list(joint_names).index(name) for name in self._arm.arm.joints]
        step = max(1, -(-len(positions) // MAX_POINTS))
        chosen = [*positions[:-1:step], *positions[-1:]]
        found = (self._model.tool_position(np.array([joints[index] for index in order])) for joints in chosen)
        return [(float(x), float(y), float(z)) for x, y, z in found]
