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
    sentences={
        "en": [
            {
                "sentences": [
                    "(make|form|do) a fist",
                    "(grip|clamp|hold) (it|this|that) [tight|tightly|firmly|tighter]",
                    "hold (on tight|tight)",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "握[个|成]拳[头]",
                ],
            },
        ],
    },
    intention={"en": "close the gripper", "zh": "合上夹爪"},
)
