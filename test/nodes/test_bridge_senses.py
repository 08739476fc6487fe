# SPDX-License-Identifier: Apache-2.0
"""What the bridge takes for felt: whole and finite joint states of its own joints, and nothing else."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
from sensor_msgs.msg import JointState

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.motion.arm_config import load_arm
from voice_agent_ros.motion.controllers import JointSnapshot
from voice_agent_ros.nodes import bridge_senses
from voice_agent_ros.nodes.bridge_senses import BridgeSenses
from voice_agent_ros.share import shared_file

pytestmark = pytest.mark.ros
ARM = load_arm(shared_file("config/arms/prim6.yaml"))
NAMES = [*ARM.arm.joints, ARM.gripper.joint]


class Blind:
    """Sees nothing."""

    def scene(self, seen: Any) -> Scene:
        return Scene(seen)


@pytest.fixture
def felt() -> list[JointSnapshot]:
    return []


@pytest.fixture
def senses(felt: list[JointSnapshot]) -> BridgeSenses:
    return BridgeSenses(None, ARM, 1.0, felt.append, Blind())  # type: ignore[arg-type]


def states(**others: Any) -> JointState:
    values = {"name": NAMES, "position": [0.1] * 7, "velocity": [0.0] * 7} | others
    return JointState(**values)


def test_whole_ones_are_felt(senses: BridgeSenses, felt: list[JointSnapshot]) -> None:
    senses.on_joint_states(states())
    assert len(felt) == 1
    assert senses.joints() is felt[0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("at", [0, 5, 6])  # the last one is the gripper
def test_one_number_that_is_none_and_the_last_good_one_grows_old(
    senses: BridgeSenses, felt: list[JointSnapshot], bad: float, at: int
) -> None:
    senses.on_joint_states(states())
    values = [0.2] * 7
    values[at] = bad
    senses.on_joint_states(states(position=values))
    if at < 6:
        senses.on_joint_states(states(velocity=values))
    assert len(felt) == 1
    assert senses.joints() is felt[0]


def test_joints_of_others_and_halves_are_not_felt(senses: BridgeSenses, felt: list[JointSnapshot]) -> None:
    for message in (
        states(name=[*NAMES[:-1], "lid"]),
        states(name=NAMES[:-1], position=[0.1] * 6),
        states(position=[0.1] * 6),
        states(position=[]),
    ):
        senses.on_joint_states(message)
    assert felt == []


def test_an_arm_that_does_not_tell_its_speed_is_not_at_rest_for_that(
    senses: BridgeSenses, felt: list[JointSnapshot]
) -> None:
    for position in (0.1, 0.3):
        senses.on_joint_states(states(position=[position] * 7, velocity=[]))
    assert abs(felt[-1].arm_velocity).max() > 0.1


def test_joints_that_never_come_together_are_said_to(
    senses: BridgeSenses, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = itertools.cycle(
        (
            JointState(name=NAMES[:6], position=[0.1] * 6),
            JointState(name=NAMES[6:], position=[0.1]),
        )
    )
    monkeypatch.setattr(bridge_senses, "wait_for_message", lambda *_, **__: (True, next(parts)))
    text = senses.missing(0.05, lambda: None)
    assert "together" in text
    assert ARM.gripper.joint in text
