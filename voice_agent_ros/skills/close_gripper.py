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
                    "(grip|clamp) (it|this|that) [tight|tightly|firmly]",
                    "(close|closing|shut|shutting|clench|clenching|tighten|squeeze|squeezing|pinch|pinching|press|clamp|bring|draw|put|snap) [up] <gripper> [together|shut|closed|tight|tightly|up|down|firmly|all the way|fully|completely]",
                    "<wish> <gripper> (closed|shut)",
                    "(have|get|make|keep) <gripper> (closed|shut)",
                    "<gripper> (closed|shut|close|together)",
                    "<gripper> (should|needs to|must|has to|could) be (closed|shut)",
                    "(clamp|clamp down|clamp shut|clench|make a fist|close up|grip tight|grip tightly|squeeze|squeeze tight|pinch|close tight|squeeze together)",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(合上|闭合|关闭|夹紧|收紧|握紧|合拢|关上|收拢|闭上|并拢|合住|闭紧|收起)<gripper>",
                    "(把|将)<gripper>(合上|闭合|关闭|夹紧|收紧|握紧|合拢|关上|收拢|闭上|合起来|并拢|合住|闭紧|收起来|收一收|捏紧|并起来|闭起来|夹起来)",
                    "<gripper>[给我](合上|闭合|关闭|夹紧|收紧|合拢|关上|并拢|收拢|闭上|合起来|收一收|捏紧|收起来)[闭上|合上|夹紧|收紧]",
                    "(夹紧|收紧|握紧|合拢|捏紧|夹住它|抓紧|闭合|握拳|合爪|合夹|闭爪|夹牢)",
                ],
            },
        ],
    },
    intention={"en": "close the gripper", "zh": "合上夹爪"},
)
