# SPDX-License-Identifier: Apache-2.0
"""Movements in joint space keep velocity, acceleration and jerk, with ruckig and without."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voice_agent_ros.motion import s_curve as module
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import Trajectory, joint_move

CHANGES = arrays(float, (6,), elements=st.floats(-1.0, 1.0))
WITHOUT = [False, True]


@pytest.fixture(params=WITHOUT, ids=["ruckig", "quintic"])
def solver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the solver and on a computer that has none."""
    if not request.param:
        pytest.importorskip("ruckig")
        return "ruckig"
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "ruckig":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    return "quintic"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=CHANGES)
def test_limits_hold_everywhere(
    solver: str, change: np.ndarray, model: RobotModel, policy: Policy, arm: ArmConfig
) -> None:
    if np.max(np.abs(change)) < 0.01:
        return
    limits = policy.limits
    start = np.array(arm.poses["home"])
    move = joint_move(model, start, start + change, limits)
    moments = np.linspace(0.0, move.duration, 2000)
    positions, velocities, accelerations = move.spline.samples(moments)
    assert positions[-1] == pytest.approx(start + change, abs=1e-9)
    assert np.max(np.abs(velocities)) <= limits.joint_velocity * 1.0001
    assert np.max(np.abs(accelerations)) <= limits.joint_acceleration * 1.0001
    jerk = np.diff(accelerations, axis=0) / np.diff(moments)[:, None]
    assert np.max(np.abs(jerk)) <= limits.joint_jerk * 1.01
    assert broken(move, model, policy, arm) in ("", "workspace", "table", "self_collision", "joint_limit")


def broken(move: Trajectory, model: RobotModel, policy: Policy, arm: ArmConfig) -> str:
    """The rule that a movement breaks, or ""."""
    try:
        PathCheck(model, policy.limits, arm.gripper.tip_length)(move)
    except Refusal as refusal:
        return refusal.rule
    return ""


def test_the_solver_is_the_faster_one(model: RobotModel, policy: Policy, arm: ArmConfig) -> None:
    pytest.importorskip("ruckig")
    start = np.array(arm.poses["home"])
    turn = np.array([0.8, 0, 0, 0, 0, 0.8])
    curve = module.s_curve(turn, np.full(6, 2.0), np.full(6, 10.0), 60.0)
    assert curve is not None
    assert joint_move(model, start, start + turn, policy.limits).duration <= 1.2 * curve.duration + 0.3


def test_the_solvers_service_on_the_internet_is_never_asked() -> None:
    sources = "".join(file.read_text() for file in Path(module.__file__).parent.glob("*.py"))
    assert "intermediate_positions" not in sources
    assert ".filter_intermediate" not in sources
