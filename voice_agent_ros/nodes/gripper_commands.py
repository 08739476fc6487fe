# SPDX-License-Identifier: Apache-2.0
"""The two actions by which grippers are commanded, behind one function each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import control_msgs.action

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.motion.arm_config import Gripper


def gripper_action(gripper: Gripper) -> Any:
    """Type of the gripper's action.

    Raises:
        ConfigurationError: this ROS distribution has none of that name.
    """
    action = getattr(control_msgs.action, gripper.command, None)
    if action is None:
        raise ConfigurationError(
            f"This ROS distribution's control_msgs has no {gripper.command}.",
            "Use a gripper controller that takes GripperCommand, or a newer distribution.",
        )
    return action


def gripper_goal(gripper: Gripper) -> Callable[[float, float], Any]:
    """A function that makes a goal of a position of the gripper's joint and an effort, N or Nm."""
    action = gripper_action(gripper)

    def single(position: float, max_effort: float) -> Any:
        goal = action.Goal()
        goal.command.position, goal.command.max_effort = position, max_effort
        return goal

    def parallel(position: float, max_effort: float) -> Any:
        goal = action.Goal()
        goal.command.name = [gripper.joint]
        goal.command.position, goal.command.effort = [position], [max_effort]
        return goal

    return parallel if gripper.command == "ParallelGripperCommand" else single
