# SPDX-License-Identifier: Apache-2.0
"""Close the gripper."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft


class CloseGripper(SkillArguments):
    """Close the gripper."""

    skill = "close_gripper"


def plan(draft: Draft, _: CloseGripper) -> None:
    """On whatever is between the fingers."""
    draft.close()


SKILL = Skill(
    CloseGripper,
    plan=plan,
    intention={"en": "close the gripper", "zh": "合上夹爪"},
)
