# SPDX-License-Identifier: Apache-2.0
"""Turn the gripper about its own axis."""

from __future__ import annotations

import math

from pydantic import Field

from voice_agent_ros.intent.skills import Radians, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft

DEFAULT_ANGLE_RAD = math.pi / 2


class RotateGripper(SkillArguments):
    """Turn the gripper about its own axis."""

    skill = "rotate_gripper"
    angle: Radians = Field(description="in radians, counter-clockwise as seen from above")


def plan(draft: Draft, arguments: RotateGripper) -> None:
    """The last joint alone: the tool stays where it is."""
    target = draft.q.copy()
    target[-1] += arguments.angle if draft.turns_counter_clockwise() else -arguments.angle
    draft.move_joints(target)


SKILL = Skill(
    RotateGripper,
    plan=plan,
    intention={"en": "turn the gripper by {angle} {sense}", "zh": "把夹爪{sense}旋转{angle}"},
    defaults={"angle": DEFAULT_ANGLE_RAD},
)
