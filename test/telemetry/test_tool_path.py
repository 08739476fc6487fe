# SPDX-License-Identifier: Apache-2.0
"""The way of the tool under a trajectory."""

from pathlib import Path

import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.motion.arm_config import load_arm
from voice_agent_ros.telemetry.tool_path import MAX_POINTS, ToolPath

pytest.importorskip("pinocchio")
ROOT = Path(__file__).resolve().parents[2]
ARM = load_arm(ROOT / "config" / "arms" / "prim6.yaml")
URDF = (ROOT / "urdf" / "prim6.urdf").read_text(encoding="utf-8")
JOINTS = list(ARM.arm.joints)


def turning(count):
    """The first joint turns by one radian."""
    return [[index / (count - 1), *[0.3] * (len(JOINTS) - 1)] for index in range(count)]


def test_a_turn_about_the_base_is_an_arc():
    path = ToolPath(ARM)
    path.describe(URDF)
    points = path.points(JOINTS, turning(1000))
    assert 2 < len(points) <= MAX_POINTS + 1
    assert {round(z, 6) for _, _, z in points} == {round(points[0][2], 6)}
    assert points[0] != points[-1]


def test_joints_may_come_in_another_order():
    path = ToolPath(ARM)
    path.describe(URDF)
    backwards = path.points(JOINTS[::-1], [row[::-1] for row in turning(5)])
    assert backwards == path.points(JOINTS, turning(5))


def test_without_a_description_or_with_other_joints_there_is_none():
    path = ToolPath(ARM)
    assert path.points(JOINTS, turning(5)) == []
    path.describe(URDF)
    assert path.points(["other"], [[0.0]]) == []
    assert path.points(JOINTS, []) == []


def test_a_description_of_another_arm_is_told():
    path = ToolPath(ARM)
    path.describe("<robot name='other'><link name='base'/></robot>")
    with pytest.raises(ConfigurationError):
        path.points(JOINTS, turning(5))
