# SPDX-License-Identifier: Apache-2.0
"""Both kinds of gripper action get the goal that they take."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.motion.arm_config import Gripper

pytest.importorskip("control_msgs")
from voice_agent_ros.nodes import gripper_commands


def gripper(command: str) -> Gripper:
    return Gripper(joint="jaw", open=1.0, closed=0.0, command=command)


def test_gripper_command() -> None:
    goal = gripper_commands.gripper_goal(gripper("GripperCommand"))(0.5, 7.0)
    assert (goal.command.position, goal.command.max_effort) == (0.5, 7.0)


def test_parallel_gripper_command() -> None:
    goal = gripper_commands.gripper_goal(gripper("ParallelGripperCommand"))(0.5, 7.0)
    assert list(goal.command.name) == ["jaw"]
    assert (list(goal.command.position), list(goal.command.effort)) == ([0.5], [7.0])


def test_a_distribution_without_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_of_humble = SimpleNamespace(GripperCommand=object)
    monkeypatch.setattr(gripper_commands, "control_msgs", SimpleNamespace(action=fake_of_humble))
    with pytest.raises(ConfigurationError, match="has no ParallelGripperCommand"):
        gripper_commands.gripper_action(gripper("ParallelGripperCommand"))
