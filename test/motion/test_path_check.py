# SPDX-License-Identifier: Apache-2.0
"""Whatever passes the check is inside every limit at every moment, however the trajectory was made."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.arm_volume import Box
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import Trajectory, joint_move

JOINTS = arrays(float, (6,), elements=st.floats(-3.2, 3.2))
SMALL = arrays(float, (6,), elements=st.floats(-0.4, 0.4))


def is_inside(trajectory: Trajectory, model: RobotModel, policy: Policy, tip: float) -> bool:
    """The limits once more, sampled ten times as finely, by other code than the check's."""
    limits = policy.limits
    tool = []
    moments = np.linspace(0.0, trajectory.duration, 800)
    for t in moments:
        q, v, a = trajectory.spline.sample(t)
        pose = model.tool_pose(q)
        tool.append(pose.position)
        low_point = pose.position + pose.rotation[:, 2] * tip
        if np.any(q < model.lower) or np.any(q > model.upper) or low_point[2] < -1e-4:
            return False
        if np.any(np.abs(v) > limits.joint_velocity * 1.02) or np.any(
            np.abs(a) > limits.joint_acceleration * 1.05
        ):
            return False
    speed = np.linalg.norm(np.diff(tool, axis=0), axis=1) / np.diff(moments)
    return bool(speed.max() < limits.tool_speed * 1.03)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(SMALL, min_size=1, max_size=4), pace=st.floats(0.1, 2.0), data=st.data())
def test_accepted_means_inside(
    steps: list[np.ndarray],
    pace: float,
    data: st.DataObject,
    model: RobotModel,
    policy: Policy,
    arm: ArmConfig,
) -> None:
    start = np.array(arm.poses["home"])
    positions = start + np.cumsum(steps, axis=0)
    velocities = np.array([data.draw(SMALL) for _ in steps])
    velocities[-1] = 0.0
    times = pace * np.arange(1, len(steps) + 1)
    trajectory = Trajectory(model.joint_names, start, times, positions, velocities, np.zeros_like(positions))
    try:
        PathCheck(model, policy.limits, arm.gripper.tip_length)(trajectory)
    except Refusal:
        return
    assert is_inside(trajectory, model, policy, arm.gripper.tip_length)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target=JOINTS)
def test_our_own_joint_moves_keep_the_rates(
    target: np.ndarray, model: RobotModel, policy: Policy, arm: ArmConfig
) -> None:
    move = joint_move(
        model, np.array(arm.poses["home"]), np.clip(target, model.lower, model.upper), policy.limits
    )
    broken = ""
    try:
        PathCheck(model, policy.limits, arm.gripper.tip_length)(move)
    except Refusal as refusal:
        broken = refusal.rule
    assert broken not in ("joint_velocity", "joint_acceleration", "tool_speed", "not_finite")


@pytest.mark.parametrize(
    ("change", "pace", "rule"),
    [
        ({0: 3.04}, 5.0, "joint_limit"),
        ({0: 1.0}, 0.4, "joint_velocity"),
        ({5: 0.2}, 0.25, "joint_acceleration"),
        ({1: 1.4}, 5.0, "workspace"),
        ({0: 1.0}, 60.0, "duration"),
        ({0: float("nan")}, 2.0, "not_finite"),
    ],
)
def test_each_rule_refuses(
    change: dict[int, float], pace: float, rule: str, model: RobotModel, policy: Policy, arm: ArmConfig
) -> None:
    start = np.array(arm.poses["home"])
    end = start.copy()
    for joint, value in change.items():
        end[joint] = value if np.isnan(value) or abs(value) > 2 else end[joint] + value
    zero = np.zeros((1, 6))
    trajectory = Trajectory(model.joint_names, start, np.array([pace]), end[None, :], zero, zero)
    with pytest.raises(Refusal) as refusal:
        PathCheck(model, policy.limits, arm.gripper.tip_length)(trajectory)
    assert refusal.value.rule == rule


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda t: {"velocities": t.velocities * np.nan}, "not_finite"),
        (lambda t: {"accelerations": t.accelerations + np.inf}, "not_finite"),
        (lambda t: {"start": t.start * np.nan}, "not_finite"),
        (lambda t: {"times": -t.times}, "malformed"),
        (lambda t: {"times": t.times * 0.0}, "malformed"),
        (lambda t: {"velocities": t.velocities + 0.1}, "malformed"),
        (lambda t: {"positions": t.positions[:, :5]}, "malformed"),
        (lambda t: {"joint_names": tuple(reversed(t.joint_names))}, "malformed"),
    ],
)
def test_what_no_controller_should_get(
    change, rule: str, model: RobotModel, policy: Policy, arm: ArmConfig
) -> None:
    start = np.array(arm.poses["home"])
    move = joint_move(model, start, start + 0.1, policy.limits)
    with pytest.raises(Refusal) as refusal:
        PathCheck(model, policy.limits, arm.gripper.tip_length)(dataclasses.replace(move, **change(move)))
    assert refusal.value.rule == rule


def test_a_peak_between_the_points_is_seen(model: RobotModel, policy: Policy, arm: ArmConfig) -> None:
    """Points that are all inside, with velocities that swing the joint out in between."""
    start = np.array(arm.poses["home"])
    times, positions = np.array([0.05, 0.1]), np.array([start, start])
    velocities = np.zeros((2, 6))
    velocities[0, 0] = policy.limits.joint_velocity * 0.9
    accelerations = np.zeros((2, 6))
    move = Trajectory(model.joint_names, start, times, positions, velocities, accelerations)
    with pytest.raises(Refusal) as refusal:
        PathCheck(model, policy.limits, arm.gripper.tip_length)(move)
    assert refusal.value.rule == "joint_acceleration"


def test_an_obstacle_is_in_the_way(model: RobotModel, policy: Policy, arm: ArmConfig) -> None:
    start = np.array(arm.poses["home"])
    end = start + np.array([0.8, 0, 0, 0, 0, 0])
    move = joint_move(model, start, end, policy.limits)
    middle = model.tool_pose(move.spline.sample(move.duration / 2)[0]).position
    check = PathCheck(model, policy.limits, 0.0, [Box("post", middle, np.array([0.02, 0.02, 0.02]))])
    with pytest.raises(Refusal) as refusal:
        check(move)
    assert refusal.value.details["object"] == "post"
