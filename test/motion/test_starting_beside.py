# SPDX-License-Identifier: Apache-2.0
"""An arm stands a little beside where a movement begins: what the controller makes of it stays inside the limits."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.plan import Move, Plan
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import KeepOut, Policy, load_policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Pose, RobotModel, pointing_down
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


# What is in the way of an arm beside its plan.

LEFT = parse_call("move_by", {"direction": "left", "distance": 0.2})
LOW = np.array([0.0, 0.045, 0.0, 0.0, 0.0, 0.0])  # rad; the hand is more than a centimetre lower
BOX = SceneObject("box", (0.36, 0.25, 0.107), size=(0.3, 0.36, 0.214))  # just below the planned way


def the_move(planner: Planner, situation: Any, *things: SceneObject) -> Move:
    (move,) = planner.plan([LEFT], dataclasses.replace(situation, scene=Scene(things))).steps
    assert isinstance(move, Move)
    return move


def test_it_is_checked_again_for_what_is_in_the_way(planner: Planner, situation: Any) -> None:
    move = the_move(planner, situation, BOX)
    with pytest.raises(Refusal, match="obstacle"):
        move.beginning_at(situation.joints + LOW)
    assert the_move(planner, situation).beginning_at(situation.joints + LOW)
    assert move.beginning_at(situation.joints - LOW)  # higher


def test_a_keep_out_box_counts_too(model: RobotModel, arm: ArmConfig, policy: Policy, situation: Any) -> None:
    low, high = (0.215, 0.075, 0.0), (0.505, 0.425, 0.219)  # and 5 mm are kept from it
    limits = policy.limits.model_copy(update={"keep_out": [KeepOut(name="shelf", low=low, high=high)]})
    move = the_move(Planner(model, arm, policy.model_copy(update={"limits": limits})), situation)
    with pytest.raises(Refusal, match="keep_out"):
        move.beginning_at(situation.joints + LOW)


def test_the_executor_does_not_send_it(
    planner: Planner, situation: Any, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any
) -> None:
    plan = planner.plan([LEFT], dataclasses.replace(situation, scene=Scene((BOX,))))
    executor = Executor(controllers, controllers, arm, policy, clock)
    controllers.snapshot = dataclasses.replace(controllers.snapshot, arm=situation.joints + LOW)
    ending = executor.run(plan, lambda *_: None, executor.epoch)
    assert (ending.outcome, ending.rule, controllers.sent) == ("failed", "obstacle", [])
    assert ending.refusal is not None


def test_limits_of_a_slower_plan_hold_for_it(planner: Planner, policy: Policy, situation: Any) -> None:
    slow = the_move(planner.at_speed(0.2), situation)
    sent = slow.beginning_at(situation.joints + 0.01)
    _, velocity, _ = sent.spline.samples(np.linspace(0.0, sent.duration, 500))
    assert np.abs(velocity).max() <= 0.2 * policy.limits.joint_velocity


@pytest.fixture
def near_the_table(model: RobotModel, arm: ArmConfig, policy: Policy) -> Any:
    """Joints with the finger tips just above what is kept between them and the table."""
    lowest = policy.limits.table_clearance + arm.gripper.tip_length + 0.001
    place, home = np.array([0.39, -0.06, lowest]), np.array(arm.poses["home"])
    poses = (Pose(place, pointing_down(eighth * np.pi / 4)) for eighth in range(8))
    return next(q for pose in poses if (q := model.inverse(pose, home)) is not None)


def test_an_arm_that_sags_may_come_up_and_not_go_lower(
    model: RobotModel, arm: ArmConfig, policy: Policy, near_the_table: Any
) -> None:
    check = PathCheck(model, policy.limits, arm.gripper.tip_length)
    sagging = near_the_table + np.array([0.0, 0.006, 0.0, 0.0, 0.0, 0.0])
    assert model.tool_position(sagging)[2] < policy.limits.table_clearance + arm.gripper.tip_length
    height = model.tool_position(sagging) + np.array([0.0, 0.0, 0.05])
    up = line_move(model, near_the_table, height, policy.limits)
    with pytest.raises(Refusal, match=r"table|workspace"):
        check(up.starting_at(sagging, policy.limits))
    check.from_beside()(up.starting_at(sagging, policy.limits))
    down = joint_move(model, sagging, sagging + np.array([0.0, 0.004, 0.0, 0.0, 0.0, 0.0]), policy.limits)
    with pytest.raises(Refusal, match=r"table|workspace"):
        check.from_beside()(down)


def test_an_arm_outside_a_wall_may_come_back_and_not_go_further(
    model: RobotModel, arm: ArmConfig, policy: Policy
) -> None:
    home = np.array(arm.poses["home"])
    reach = float(model.tool_position(home)[0])
    limits = policy.limits.model_copy(update={"workspace_high": (reach + 0.06, 0.6, 1.0)})
    check = PathCheck(model, limits, arm.gripper.tip_length)
    low, high = 0.0, 0.4  # turn the hand out until its volume is a little beyond the wall

    def stands(out: float) -> np.ndarray:
        return home + np.array([0.0, 0.0, -out, 0.0, -out, 0.0])

    def passes(begin: np.ndarray, end: np.ndarray, used: PathCheck) -> bool:
        try:
            used(joint_move(model, begin, end, limits))
        except Refusal as refusal:
            return refusal.rule != "workspace"
        return True

    for _ in range(20):
        middle = (low + high) / 2
        if passes(stands(middle), stands(middle - 0.01), check):
            low = middle
        else:
            high = middle
    outside = high + 0.02
    assert not passes(stands(outside), stands(low - 0.05), check)
    assert passes(stands(outside), stands(low - 0.05), check.from_beside())
    assert not passes(stands(outside), stands(outside + 0.02), check.from_beside())


# An arm that still moves.


def test_a_movement_waits_until_the_arm_stands_still(
    planner: Planner, situation: Any, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any
) -> None:
    plan = planner.plan([LEFT], situation)
    executor = Executor(controllers, controllers, arm, policy, clock)
    looks: list[float] = []

    def joints() -> Any:
        clock.now += 0.2
        speed = 0.0 if len(looks) > 2 else 0.3
        looks.append(speed)
        snapshot = controllers.snapshot
        return dataclasses.replace(snapshot, at=clock.now, arm_velocity=np.full_like(snapshot.arm, speed))

    controllers.joints = joints
    follow = controllers.follow
    controllers.follow = lambda *rest: (looks[-1] == 0.0) and follow(*rest)
    assert executor.run(plan, lambda *_: None, executor.epoch).outcome == "done"
    assert len(controllers.sent) == 1


@pytest.mark.parametrize("speed", [0.05, -3.0, float("nan")])
def test_an_arm_that_does_not_come_to_rest_gets_no_goal(
    planner: Planner,
    situation: Any,
    controllers: Any,
    arm: ArmConfig,
    policy: Policy,
    clock: Any,
    speed: float,
) -> None:
    plan = planner.plan([LEFT], situation)
    executor = Executor(controllers, controllers, arm, policy, clock)

    def joints() -> Any:
        clock.now += 0.2
        velocity = np.full_like(controllers.snapshot.arm, speed)
        return dataclasses.replace(controllers.snapshot, at=clock.now, arm_velocity=velocity)

    controllers.joints = joints
    ending = executor.run(plan, lambda *_: None, executor.epoch)
    assert (ending.outcome, ending.rule, controllers.sent) == ("failed", "still_moving", [])


def test_a_stop_ends_the_wait(
    planner: Planner, situation: Any, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any
) -> None:
    plan = planner.plan([LEFT], situation)
    executor = Executor(controllers, controllers, arm, policy, clock)

    def joints() -> Any:
        clock.now += 0.2
        if clock.now > 100.5:
            executor.stop()
        velocity = np.ones_like(controllers.snapshot.arm)
        return dataclasses.replace(controllers.snapshot, at=clock.now, arm_velocity=velocity)

    controllers.joints = joints
    epoch = executor.epoch
    plan_ended = executor.run(plan, lambda *_: None, epoch)
    assert (plan_ended.outcome, controllers.sent) == ("stopped", [])
