# SPDX-License-Identifier: Apache-2.0
"""Each way in which a plan can end, with scripted controllers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.controllers import Completion, JointSnapshot
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.plan import Plan, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy


@pytest.fixture
def executor(controllers, arm: ArmConfig, policy: Policy, clock) -> Executor:
    return Executor(controllers, controllers, arm, policy, clock)


@pytest.fixture
def plan(planner: Planner, situation: Situation) -> Plan:
    return planner.plan([parse_call("pick_and_place", {"object": "red cube", "target": "bowl"})], situation)


def put_into_bowl(controllers) -> None:
    moved = dataclasses.replace(controllers.seen.find("red cube"), position=(0.30, -0.28, 0.03))
    others = [thing for thing in controllers.seen.objects if thing.name != "red cube"]
    controllers.seen = dataclasses.replace(controllers.seen, objects=(moved, *others))


def run(executor: Executor, plan: Plan):
    phases: list[str] = []
    ending = executor.run(plan, lambda phase, step, fraction: phases.append(phase), executor.epoch)
    return ending, phases


def test_done_when_the_object_is_seen_where_it_should_be(executor, plan, controllers) -> None:
    put_into_bowl(controllers)
    ending, phases = run(executor, plan)
    assert (ending.outcome, ending.sentence) == ("done", "done.rests")
    assert phases.count("goal_accepted") == len(plan.steps)
    assert executor.held == ""


@pytest.fixture
def passing(executor, clock, controllers) -> None:
    """Time passes whenever somebody looks at the clock, and joint states keep coming."""

    def look() -> float:
        clock.now += 0.2
        controllers.snapshot = dataclasses.replace(controllers.snapshot, at=clock.now)
        return clock.now

    executor._clock = look


@pytest.mark.usefixtures("passing")
def test_success_is_not_believed_when_the_object_is_elsewhere(executor, plan) -> None:
    ending, _ = run(executor, plan)
    assert (ending.outcome, ending.rule) == ("failed", "not_there")


@pytest.mark.usefixtures("passing")
def test_success_is_not_believed_when_the_arm_is_elsewhere(executor, plan, controllers) -> None:
    stays = controllers.snapshot.arm
    controllers.joints = lambda: dataclasses.replace(controllers.snapshot, arm=stays)
    ending, _ = run(executor, plan)
    assert (ending.outcome, ending.rule) == ("failed", "not_reached")


@pytest.mark.usefixtures("passing")
def test_a_pick_is_believed_when_the_object_is_seen_in_the_hand(
    executor, planner, situation, controllers, model
) -> None:
    plan = planner.plan([parse_call("pick", {"object": "red cube"})], situation)
    assert run(executor, plan)[0].rule == "not_held"
    assert executor.held == ""
    lifted = dataclasses.replace(
        controllers.seen.find("red cube"),
        position=tuple(model.tool_pose(plan.steps[-1].trajectory.end).position),
    )
    others = [thing for thing in controllers.seen.objects if thing.name != "red cube"]
    controllers.seen = dataclasses.replace(controllers.seen, objects=(lifted, *others))
    controllers.snapshot = dataclasses.replace(controllers.snapshot, arm=plan.start)
    assert run(executor, plan)[0].sentence == "done.holds"
    assert executor.held == "red cube"


def test_closed_fingers_hold_nothing(executor, plan, controllers) -> None:
    controllers.grips_on = 0.0
    ending, _ = run(executor, plan)
    assert (ending.outcome, ending.rule) == ("failed", "not_held")


def test_an_object_that_slips_on_the_way_is_noticed(executor, plan, controllers) -> None:
    grips = {"count": 0}

    def slip() -> None:
        grips["count"] += 1
        if grips["count"] == 4:  # during the lift
            controllers.snapshot = dataclasses.replace(controllers.snapshot, gripper=0.0)

    controllers.during = slip
    ending, _ = run(executor, plan)
    assert (ending.outcome, ending.rule) == ("failed", "dropped")


@pytest.mark.parametrize("status", ["rejected", "aborted", "timeout", "absent"])
def test_a_controller_that_fails(executor, plan, controllers, status: str) -> None:
    controllers.endings = [Completion("succeeded", "arm"), Completion(status, "arm", "some reason")]
    ending, _ = run(executor, plan)
    assert (ending.outcome, ending.rule) == ("failed", status)
    assert len(controllers.sent) == 2
    assert controllers.cancels == (status in ("timeout", "absent"))  # it may be moving all the same


def test_stop_in_mid_motion(executor, plan, controllers) -> None:
    controllers.during = executor.stop
    ending, _ = run(executor, plan)
    assert ending.outcome == "stopped"
    assert len(controllers.sent) == 1
    assert controllers.cancels >= 1
    controllers.during = lambda: None
    controllers.snapshot = dataclasses.replace(controllers.snapshot, arm=plan.start)
    put_into_bowl(controllers)
    assert run(executor, plan)[0].outcome == "done"  # what is asked for afterwards


def test_a_plan_from_before_a_stop_is_not_carried_out_after_it(executor, plan, controllers) -> None:
    epoch = executor.epoch
    executor.stop()
    assert executor.run(plan, lambda *_: None, epoch).outcome == "stopped"
    assert controllers.sent == []


def test_a_stop_while_the_goal_is_on_its_way_cancels_it_when_it_arrives(executor, plan, controllers) -> None:
    seen: list[int] = []
    follow = controllers.follow

    def late(trajectory, timeout_s, on_accepted):
        executor.stop()
        seen.append(controllers.cancels)
        result = follow(trajectory, timeout_s, on_accepted)
        seen.append(controllers.cancels)
        return result

    controllers.follow = late
    run(executor, plan)
    assert seen == [1, 2]


def test_an_arm_that_was_moved_is_not_moved_from_elsewhere(executor, plan, controllers) -> None:
    controllers.snapshot = dataclasses.replace(controllers.snapshot, arm=controllers.snapshot.arm + 0.2)
    ending, _ = run(executor, plan)
    assert (ending.outcome, ending.rule) == ("failed", "arm_moved")
    assert controllers.sent == []


def test_stale_joint_states_stop_the_plan(executor, plan, clock) -> None:
    clock.now += 10.0
    assert run(executor, plan)[0].rule == "no_joint_states"


def test_first_motion_is_what_the_joints_show(executor, plan, controllers) -> None:
    put_into_bowl(controllers)

    def moving() -> None:
        speed = np.full(6, 0.5)
        executor.on_joints(JointSnapshot(controllers.snapshot.arm, speed, 0.0, 0.0))

    controllers.during = moving
    _, phases = run(executor, plan)
    assert phases.count("first_motion") == 1
