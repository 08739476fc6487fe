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
                    "(close|closing|shut|shutting|clench|tighten|squeeze) <gripper>",
                    "<wish> <gripper> (closed|shut)",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(合上|闭合|关闭|夹紧|收紧|握紧|合拢|关上|收拢|闭上)<gripper>",
                    "(把|将)<gripper>(合上|闭合|关闭|夹紧|收紧|握紧|合拢|关上|收拢|闭上|合起来)",
                    "<gripper>(合上|闭合|关闭|夹紧|收紧|合拢|关上)",
                ],
            },
        ],
    },
    intention={"en": "close the gripper", "zh": "合上夹爪"},
)
