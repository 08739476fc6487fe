# SPDX-License-Identifier: Apache-2.0
"""The plans of skills that only move the arm, on the model of the simulated one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from voice_agent_ros.intent.skills import SkillError, parse_call
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.plan import Grip, Held, Move, Plan, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import RobotModel


def planned(planner: Planner, situation: Situation, skill: str, **arguments: object) -> Plan:
    return planner.plan([parse_call(skill, arguments)], situation)


def end(plan: Plan) -> np.ndarray:
    return [step.trajectory.end for step in plan.steps if isinstance(step, Move)][-1]


def test_move_joint_turns_one_joint_only(planner: Planner, situation: Situation) -> None:
    q = end(planned(planner, situation, "move_joint", joint=2, angle=0.2))
    assert q - situation.joints == pytest.approx([0, 0.2, 0, 0, 0, 0], abs=1e-6)


def test_a_joint_that_the_arm_has_not_is_refused(planner: Planner, situation: Situation) -> None:
    with pytest.raises(Refusal, match="unknown_joint"):
        planned(planner, situation, "move_joint", joint=9, angle=0.2)


def test_an_angle_beyond_the_joint_limit_is_refused(planner: Planner, situation: Situation) -> None:
    with pytest.raises(Refusal, match=r"joint_limit|joint_step|workspace|table"):
        planned(planner, situation, "move_joint", joint=2, angle=3.0)


@pytest.mark.parametrize("angle", [math.pi / 4, -math.pi / 3])
def test_rotate_gripper_turns_the_hand_as_seen_from_above(
    planner: Planner, situation: Situation, model: RobotModel, angle: float
) -> None:
    q = end(planned(planner, situation, "rotate_gripper", angle=angle))
    before, after = model.tool_pose(situation.joints), model.tool_pose(q)
    assert after.position == pytest.approx(before.position, abs=1e-3)
    turned = after.rotation @ before.rotation.T
    about_up = math.atan2(turned[1, 0] - turned[0, 1], turned[0, 0] + turned[1, 1])
    assert about_up == pytest.approx(angle, abs=0.05)


def test_wave_ends_where_it_began(planner: Planner, situation: Situation) -> None:
    plan = planned(planner, situation, "wave")
    assert len(plan.steps) == 5
    assert end(plan) == pytest.approx(situation.joints, abs=1e-6)


def test_look_at_points_the_hand_at_the_object(
    planner: Planner, situation: Situation, model: RobotModel
) -> None:
    here = model.tool_pose(situation.joints).position
    q = end(planned(planner, situation, "look_at", target="red cube"))
    pose = model.tool_pose(q)
    assert pose.position == pytest.approx(here, abs=1e-3)
    thing = situation.scene.find("red cube")
    assert thing is not None
    sight = np.array(thing.position) - pose.position
    assert float(pose.rotation[:, 2] @ sight / np.linalg.norm(sight)) > 0.999


def test_hand_over_takes_the_object_and_does_not_let_go(planner: Planner, situation: Situation) -> None:
    plan = planned(planner, situation, "hand_over", object="red cube")
    grips = [step for step in plan.steps if isinstance(step, Grip)]
    assert [grip.holds for grip in grips] == ["red cube"]
    assert isinstance(plan.promises[-1], Held)


def test_hand_over_needs_something_in_the_hand(planner: Planner, situation: Situation) -> None:
    with pytest.raises(Refusal, match="hand_empty"):
        planned(planner, situation, "hand_over")
    held = replace(situation, held=situation.scene.find("green cube"), gripper=0.018)
    with pytest.raises(Refusal, match="holds_other"):
        planned(planner, held, "hand_over", object="red cube")


def test_a_sequence_is_read_back_step_by_step(situation: Situation) -> None:
    steps = [{"skill": "open_gripper"}, {"skill": "move_to", "arguments": {"pose": "home"}}]
    call = parse_call("sequence", {"steps": steps})
    assert sentences.question([call], "en", situation.scene) == "Shall I open the gripper and move to home?"


@pytest.mark.parametrize(
    "steps",
    [
        [{"skill": "open_gripper"}],
        [{"skill": "open_gripper"}, {"skill": "resume"}],
        [{"skill": "open_gripper"}, {"skill": "sequence", "arguments": {"steps": []}}],
        [
            {"skill": "open_gripper"},
            {"skill": "move_by", "arguments": {"direction": "up", "distance": 1e308}},
        ],
        [{"skill": "open_gripper"}] * 100,
    ],
)
def test_a_sequence_takes_only_whole_valid_steps(steps: list[dict]) -> None:
    with pytest.raises(SkillError):
        parse_call("sequence", {"steps": steps})


@pytest.mark.parametrize(
    ("skill", "arguments", "english", "chinese"),
    [
        (
            "move_joint",
            {"joint": 2, "angle": -0.5236},
            "I'll turn joint 2 by minus 30 degrees.",
            "我来把关节2转动负30度。",
        ),
        (
            "rotate_gripper",
            {"angle": 1.5708},
            "I'll turn the gripper by 90 degrees counter-clockwise.",
            "我来把夹爪逆时针旋转90度。",
        ),
        (
            "set_speed",
            {"factor": 0.5},
            "I'll move at 50 percent of the allowed speed.",
            "我来以允许速度的百分之50移动。",
        ),
        ("look_at", {"target": "bowl"}, "I'll point at the bowl.", "我来指向碗。"),
        ("wave", {}, "I'll wave.", "我来挥手。"),
    ],
)
def test_what_is_announced(
    skill: str, arguments: dict, english: str, chinese: str, situation: Situation
) -> None:
    call = parse_call(skill, arguments)
    assert sentences.announcement([call], "en", situation.scene) == english
    assert sentences.announcement([call], "zh-CN", situation.scene) == chinese
