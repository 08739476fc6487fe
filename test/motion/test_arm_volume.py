# SPDX-License-Identifier: Apache-2.0
"""The arm's shapes touch neither themselves, nor walls, nor boxes, with or without something in the hand."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Sequence

import numpy as np
import pytest

from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.arm_volume import ArmVolume, Box, Carried, Clash, Surroundings
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.policy import KeepOut, Limits, Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Pose, RobotModel
from voice_agent_ros.motion.trajectory import joint_move
from voice_agent_ros.share import shared_file

WIDE = Surroundings((-2.0, -2.0, -2.0), (2.0, 2.0, 2.0))


@pytest.fixture(scope="module")
def urdf() -> str:
    return shared_file("urdf/prim6.urdf").read_text()


@pytest.fixture(scope="module")
def volume(urdf: str, arm: ArmConfig) -> ArmVolume:
    return ArmVolume(urdf, arm, arm.gripper.open)


@pytest.fixture
def home(arm: ArmConfig) -> np.ndarray:
    return np.array(arm.poses["home"])


def way(start: np.ndarray, change: Sequence[float], count: int = 60) -> np.ndarray:
    return np.linspace(start, start + np.array(change), count)


def test_an_arm_that_folds_onto_itself_is_stopped(volume: ArmVolume, home: np.ndarray) -> None:
    clash = volume.clash(way(home, [0, -0.6, 0.95, 0, 0.85, 0]), WIDE)
    assert clash is not None
    assert clash.kind == "self"


def test_named_poses_are_free(volume: ArmVolume, arm: ArmConfig) -> None:
    for pose in arm.poses.values():
        assert volume.clash(np.array([pose, pose]), WIDE) is None


def test_the_elbow_counts_and_not_only_the_hand(
    volume: ArmVolume, model: RobotModel, home: np.ndarray
) -> None:
    path = way(home + np.array([0, 0.8, 0, 0, 0, 0]), [1.2, 0, 0, 0, 0, 0])
    elbow = model.body(path[30], np.zeros(6)).links[2]
    clash = volume.clash(path, dataclasses.replace(WIDE, obstacles=[Box("shelf", elbow, np.full(3, 0.01))]))
    assert clash is not None
    assert (clash.kind, clash.other) == ("obstacle", "shelf")
    assert re.match(r"link_[23]", clash.what)


def test_a_box_may_be_left_but_not_entered_again(
    volume: ArmVolume, model: RobotModel, home: np.ndarray
) -> None:
    there = model.tool_pose(home).position
    around = dataclasses.replace(WIDE, obstacles=[Box("crate", there, np.full(3, 0.03))])
    out = way(home, [0.8, 0, 0, 0, 0, 0])
    assert volume.clash(out, around) is None
    clash = volume.clash(np.concatenate([out, out[::-1]]), around)
    assert clash is not None
    assert clash.other == "crate"


@pytest.mark.parametrize("kind", ["obstacles", "keep_out"])
def test_what_is_touched_at_the_start_is_not_gone_through(
    volume: ArmVolume, model: RobotModel, home: np.ndarray, kind: str
) -> None:
    def around(distance: float) -> Surroundings:
        vase = Box(
            "vase", there + distance * aside, np.array([0.02, 0.05, 0.08]), math.atan2(aside[1], aside[0])
        )
        return dataclasses.replace(WIDE, **{kind: [vase]})

    def touches(distance: float) -> bool:
        apart = way(home - np.array([0.8, 0, 0, 0, 0, 0]), [0.8, 0, 0, 0, 0, 0])
        return volume.clash(apart, around(distance)) is not None

    there, turned = (model.tool_pose(q).position for q in (home, home + np.array([0.4, 0, 0, 0, 0, 0])))
    aside = (turned - there) / np.linalg.norm(turned - there)
    touched = [distance for distance in np.arange(0.03, 0.12, 0.01) if touches(distance)]
    assert touched
    for distance in touched:
        clash = volume.clash(way(home, [0.4, 0, 0, 0, 0, 0]), around(distance))
        assert clash is not None
        assert clash.other == "vase"


def test_the_first_link_counts_too(urdf: str, arm: ArmConfig, home: np.ndarray) -> None:
    wing = '<collision><origin xyz="0.2 0 0"/><geometry><box size="0.3 0.04 0.04"/></geometry></collision>'
    winged = ArmVolume(re.sub('(<link name="link_1">)', rf"\1{wing}", urdf), arm, arm.gripper.open)
    post = Box("post", np.array([0.15, 0.2, 0.1]), np.array([0.05, 0.04, 0.1]))
    around = dataclasses.replace(WIDE, keep_out=[post])
    turn = way(home, [1.4, 0, 0, 0, 0, 0], 200)
    assert ArmVolume(urdf, arm, arm.gripper.open).clash(turn, around) is None
    clash = winged.clash(turn, around)
    assert clash is not None
    assert (clash.what.startswith("link_1"), clash.other) == (True, "post")


@pytest.mark.parametrize(
    ("axis", "side", "wall"), [(2, "high", 0.3), (0, "high", 0.2), (1, "low", -0.01), (2, "low", 0.2)]
)
def test_walls_hold_for_every_link(
    volume: ArmVolume, home: np.ndarray, axis: int, side: str, wall: float
) -> None:
    corner = list(WIDE.low if side == "low" else WIDE.high)
    corner[axis] = wall
    clash = volume.clash(way(home, [0.1] * 6), dataclasses.replace(WIDE, **{side: tuple(corner)}))
    assert clash is not None
    assert (clash.kind, clash.other) == ("wall", f"{'xyz'[axis]}.{side}")


def test_what_is_carried_counts(volume: ArmVolume, model: RobotModel, home: np.ndarray) -> None:
    path = way(home, [0.8, 0, 0, 0, 0, 0])
    below = model.tool_pose(path[30]).position - np.array([0.0, 0.0, 0.12])
    around = dataclasses.replace(WIDE, obstacles=[Box("vase", below, np.full(3, 0.02))])
    assert volume.clash(path, around) is None
    stick = Carried(np.array([0.01, 0.01, 0.12]), Pose(np.array([0.0, 0.0, 0.08]), np.eye(3)))
    clash = volume.clash(path, around, stick)
    assert clash == Clash("obstacle", "load", "vase", clash.depth if clash else 0.0)


def test_a_description_without_shapes_gets_capsules(urdf: str, arm: ArmConfig, home: np.ndarray) -> None:
    mesh = '<collision><geometry><mesh filename="package://nowhere/a.stl"/></geometry></collision>'
    bare = re.sub(r"<collision>.*?</collision>", mesh, urdf, flags=re.DOTALL)
    volume = ArmVolume(bare, arm, arm.gripper.open)
    assert volume.clash(np.array([home]), WIDE) is None
    floor = dataclasses.replace(WIDE, low=(-2.0, -2.0, 0.3))
    clash = volume.clash(np.array([home]), floor)
    assert clash is not None
    assert clash.other == "z.low"


def test_the_open_hand_does_not_straddle_what_it_should_not_grasp(
    volume: ArmVolume, model: RobotModel, home: np.ndarray
) -> None:
    tool = model.tool_pose(home).position
    clash = volume.clash(
        way(home, [0.5, 0, 0, 0, 0, 0])[::-1],
        dataclasses.replace(WIDE, obstacles=[Box("pen", tool, np.full(3, 0.005))]),
    )
    assert clash is not None
    assert clash.what == "grasp zone"


def test_a_keep_out_box_cannot_be_grazed_between_two_looks(
    volume: ArmVolume, model: RobotModel, home: np.ndarray
) -> None:
    tool = model.body(home, np.zeros(6)).tool.position
    half, aside = np.array([0.01, 0.02, 0.3]), home + np.array([1.0, 0, 0, 0, 0, 0])

    def nearest(kind: str) -> float:
        """How near, m, a wall of this kind may stand in front of the hand."""
        for near in np.arange(0.0, 0.3, 0.0005):
            around = dataclasses.replace(
                WIDE, clearance=0.0, **{kind: [Box("wall", tool + np.array([near + half[0], 0, 0]), half)]}
            )
            if volume.clash(np.array([aside, home]), around) is None:
                return float(near)
        raise AssertionError(kind)

    assert nearest("keep_out") - nearest("obstacles") == pytest.approx(0.005, abs=0.001)


def test_keep_out_boxes_of_the_policy_are_refused_by_name(
    model: RobotModel, policy: Policy, arm: ArmConfig, home: np.ndarray
) -> None:
    end = home + np.array([0.8, 0, 0, 0, 0, 0])
    move = joint_move(model, home, end, policy.limits)
    x, y, z = model.tool_pose(move.spline.sample(move.duration / 2)[0]).position
    box = KeepOut(name="window", low=(x - 0.02, y - 0.02, z - 0.02), high=(x + 0.02, y + 0.02, z + 0.02))
    limits: Limits = policy.limits.model_copy(update={"keep_out": [box]})
    with pytest.raises(Refusal) as refusal:
        PathCheck(model, limits, arm.gripper.tip_length)(move)
    assert (refusal.value.rule, refusal.value.details["zone"]) == ("keep_out", "window")
