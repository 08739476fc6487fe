# SPDX-License-Identifier: Apache-2.0
"""Open the gripper."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft


class OpenGripper(SkillArguments):
    """Open the gripper."""

    skill = "open_gripper"


def plan(draft: Draft, _: OpenGripper) -> None:
    """What it holds is let go."""
    draft.open()


SKILL = Skill(
    OpenGripper,
    plan=plan,
    intention={"en": "open the gripper", "zh": "张开夹爪"},
)
