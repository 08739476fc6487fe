# SPDX-License-Identifier: Apache-2.0
"""An arm stands a little beside where a movement begins: what the controller makes of it stays inside the limits."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.plan import Plan
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy, load_policy
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import Trajectory, joint_move, line_move
from voice_agent_ros.share import shared_file


@pytest.fixture(params=["policy.simulation.yaml", "policy.yaml"])
def policy(request: pytest.FixtureRequest) -> Policy:
    return load_policy(shared_file(f"config/{request.param}"))


@pytest.fixture
def movements(model: RobotModel, arm: ArmConfig, policy: Policy) -> list[Trajectory]:
    home = np.array(arm.poses["home"])
    up = model.tool_pose(home).position + np.array([0.0, 0.0, 0.1])
    return [
        line_move(model, home, up, policy.limits),
        joint_move(model, home, np.array(arm.poses["ready"]), policy.limits),
    ]


@pytest.mark.parametrize("beside", [0.0, 1e-4, 0.003, -0.01, 0.05])
def test_rates_stay_inside_the_limits(movements: list[Trajectory], policy: Policy, beside: float) -> None:
    for movement in movements:
        moved = movement.starting_at(movement.start + beside, policy.limits)
        _, velocity, acceleration = moved.spline.samples(np.linspace(0.0, moved.duration, 3000))
        assert np.abs(velocity).max() <= policy.limits.joint_velocity * 1.001
        assert np.abs(acceleration).max() <= policy.limits.joint_acceleration * 1.005
        assert movement.model is not None
        moments = np.linspace(0.0, moved.duration, 2001)
        tool = np.array([movement.model.tool_position(q) for q in moved.spline.samples(moments)[0]])
        speed = np.linalg.norm(np.diff(tool, axis=0), axis=1).max() / moments[1]
        assert speed <= policy.limits.tool_speed * 1.002
        assert np.allclose(moved.end, movement.end)
        assert not np.any(moved.velocities[-1])
        assert moved.spline.samples(np.zeros(1))[0][0] == pytest.approx(movement.start + beside)


def test_an_arm_at_the_start_follows_the_plan_to_the_letter(
    movements: list[Trajectory], policy: Policy
) -> None:
    for movement in movements:
        assert movement.starting_at(movement.start.copy(), policy.limits) is movement


def test_the_executor_sends_it_from_where_the_arm_is(
    planner: Planner, situation: Any, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any
) -> None:
    plan: Plan = planner.plan([parse_call("move_by", {"direction": "up", "distance": 0.05})], situation)
    executor = Executor(controllers, controllers, arm, policy, clock)
    beside = situation.joints + 0.01
    controllers.snapshot = dataclasses.replace(controllers.snapshot, arm=beside)
    assert executor.run(plan, lambda *_: None, executor.epoch).outcome == "done"
    (sent,) = controllers.sent
    assert np.allclose(sent.start, beside)
