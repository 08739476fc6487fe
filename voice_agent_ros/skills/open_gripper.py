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
    sentences={
        "en": [
            {
                "sentences": [
                    "(open|opening|release|releasing|loosen|unclench) [up] <gripper>",
                    "(open|have|get) <gripper> (open|opened)",
                    "(release|drop|let go of) (it|that|this|the object)",
                    "let (it|that) go",
                    "let go",
                    "<wish> <gripper> (open|opened)",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(张开|打开|松开|放开)<gripper>",
                    "(把|将)<gripper>(张开|打开|松开|放开)",
                    "<gripper>(张开|打开|松开)",
                    "(松手|放手|松开它|放开它|松开|放开|张开手)",
                ],
            },
        ],
    },
    intention={"en": "open the gripper", "zh": "张开夹爪"},
)
