# SPDX-License-Identifier: Apache-2.0
"""From calls to checked plans, against the URDF of the simulated arm."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SkillCall, parse_call
from voice_agent_ros.motion.plan import Grip, Move, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import RobotModel


def call(skill: str, **arguments: object) -> SkillCall:
    return parse_call(skill, arguments)


def test_pick_and_place_ends_at_home_with_a_promise(planner: Planner, situation: Situation, arm) -> None:
    plan = planner.plan([call("pick_and_place", object="red cube", target="bowl")], situation)
    grips = [step for step in plan.steps if isinstance(step, Grip)]
    assert [bool(grip.holds) for grip in grips] == [True, False]  # it was open already
    assert np.allclose(plan.steps[-1].trajectory.end, arm.poses["home"])
    assert (plan.promises[0].object, plan.promises[0].target, plan.promises[0].relation) == (
        "red cube",
        "bowl",
        "in",
    )


def test_a_closed_gripper_is_opened_first(planner: Planner, situation: Situation) -> None:
    closed = dataclasses.replace(situation, gripper=0.0)
    plan = planner.plan([call("pick", object="red cube")], closed)
    assert isinstance(plan.steps[0], Grip)
    assert plan.steps[0].releases


def test_movements_follow_each_other_without_a_gap(planner: Planner, situation: Situation) -> None:
    plan = planner.plan([call("pick_and_place", object="blue cube", target="green cube")], situation)
    at = plan.start
    for step in plan.steps:
        if isinstance(step, Move):
            assert np.allclose(step.trajectory.start, at)
            at = step.trajectory.end
    assert plan.promises[0].relation == "on"


def test_move_by_is_a_straight_line_of_the_distance(
    planner: Planner, situation: Situation, model: RobotModel
) -> None:
    plan = planner.plan([call("move_by", direction="left", distance=0.1)], situation)
    trajectory = plan.steps[0].trajectory
    begin = model.tool_pose(trajectory.start).position
    points = [
        model.tool_pose(trajectory.spline.sample(t)[0]).position
        for t in np.linspace(0, trajectory.duration, 30)
    ]
    offsets = np.array(points) - begin
    assert np.allclose(offsets[-1], [0.0, 0.1, 0.0], atol=1e-3)
    assert np.abs(offsets[:, [0, 2]]).max() < 2e-3


@pytest.mark.parametrize(
    ("wanted", "rule"),
    [
        (call("pick", object="purple elephant"), "unknown_object"),
        (call("pick", object="bowl"), "too_wide"),
        (call("place", target="bowl"), "hand_empty"),
        (call("pick_and_place", object="red cube", target="red cube"), "same_object"),
        (call("move_to", pose="the moon"), "unknown_pose"),
        (call("move_by", direction="down", distance=0.5), "workspace"),
        (call("move_by", direction="forward", distance=1.0), "unreachable"),
    ],
)
def test_refusals_name_their_rule(
    planner: Planner, situation: Situation, wanted: SkillCall, rule: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        planner.plan([wanted], situation)
    assert refusal.value.rule == rule


def test_out_of_reach_object_is_refused(planner: Planner, situation: Situation) -> None:
    far = SceneObject("far cube", (1.5, 0.0, 0.02))
    with pytest.raises(Refusal) as refusal:
        planner.plan([call("pick", object="far cube")], dataclasses.replace(situation, scene=Scene((far,))))
    assert refusal.value.rule == "unreachable"


@pytest.mark.parametrize(
    "words", [call("pick", object="odd cube"), call("pick_and_place", object="red cube", target="odd cube")]
)
@pytest.mark.parametrize(
    "odd",
    [
        {"size": (1e300, 0.04, 0.04)},
        {"size": (0.04, 0.04, 1e-300)},
        {"position": (1e300, 0.0, 0.02)},
        {"position": (0.4, 0.0, -1e300)},
    ],
)
def test_what_cannot_be_is_not_handled(
    planner: Planner, situation: Situation, odd: dict[str, Any], words: SkillCall
) -> None:
    thing = dataclasses.replace(SceneObject("odd cube", (0.4, 0.2, 0.02)), **odd)
    scene = Scene((thing, SceneObject("red cube", (0.39, -0.06, 0.02))))
    with pytest.raises(Refusal) as refusal:
        planner.plan([words], dataclasses.replace(situation, scene=scene))
    assert refusal.value.rule == "senseless_object"


@pytest.mark.parametrize("orientation", [(0.0, 0.0, 0.0, 0.0), (1e300, 1e300, 0.0, 1e300)])
@pytest.mark.parametrize("position", [(0.4, 0.0, -0.3), (0.4, 0.0, 5.0), (0.0, 0.0, 0.1)])
def test_strange_detections_are_refused_or_reached_for_within_the_limits(
    planner: Planner, situation: Situation, orientation: Any, position: Any
) -> None:
    thing = SceneObject("odd cube", position, orientation)
    try:
        plan = planner.plan(
            [call("pick", object="odd cube")], dataclasses.replace(situation, scene=Scene((thing,)))
        )
    except Refusal:
        return
    assert all(np.all(np.isfinite(step.trajectory.end)) for step in plan.steps if isinstance(step, Move))


def test_fingers_avoid_neighbours(planner: Planner, situation: Situation) -> None:
    target = SceneObject("red cube", (0.39, 0.0, 0.02))
    walls = [SceneObject(f"wall {sign}", (0.39, sign * 0.052, 0.02)) for sign in (-1, 1)]
    crowded = dataclasses.replace(situation, scene=Scene((target, *walls)))
    plan = planner.plan([call("pick", object="red cube")], crowded)
    assert plan.steps
    ends = [SceneObject(f"end {sign}", (0.39 + sign * 0.052, 0.0, 0.02)) for sign in (-1, 1)]
    with pytest.raises(Refusal) as refusal:
        planner.plan(
            [call("pick", object="red cube")],
            dataclasses.replace(situation, scene=Scene((target, *walls, *ends))),
        )
    assert refusal.value.rule == "no_clearance"


def test_a_second_object_goes_beside_the_first(
    planner: Planner, situation: Situation, model: RobotModel
) -> None:
    inside = dataclasses.replace(situation.scene.find("red cube"), position=(0.30, -0.28, 0.025))
    others = [thing for thing in situation.scene.objects if thing.name != "red cube"]
    scene = dataclasses.replace(situation.scene, objects=(inside, *others))
    plan = planner.plan(
        [call("pick_and_place", object="blue cube", target="bowl")],
        dataclasses.replace(situation, scene=scene),
    )
    release = next(i for i, step in enumerate(plan.steps) if isinstance(step, Grip) and step.releases)
    spot = model.tool_pose(plan.steps[release - 1].trajectory.end).position[:2]
    assert np.linalg.norm(spot - np.array([0.30, -0.28])) > 0.03


def test_the_hash_depends_on_everything_that_is_sent(planner: Planner, situation: Situation) -> None:
    up = planner.plan([call("move_by", direction="up", distance=0.05)], situation)
    again = planner.plan([call("move_by", direction="up", distance=0.05)], situation)
    more = planner.plan([call("move_by", direction="up", distance=0.06)], situation)
    assert up.digest() == again.digest() != more.digest()
