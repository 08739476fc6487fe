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
                    "(let go of|release) <det> <thing>",
                    "(open|opening|release|releasing|loosen|loosening|unclench|relax|spread|spreading|widen|unlock|undo|unclamp|ungrip) [up] <gripper> [up] [wide|apart|open|wide open|fully|all the way|completely]",
                    "(have|get|make|keep) <gripper> (open|opened)",
                    "<gripper> (open|wide open|opened)",
                    "(release|drop|let go of|releasing|dropping|loosen|free|unhand|ungrip) <it>",
                    "let (it|that|this) (go|drop|fall)",
                    "let go [of it|of that]",
                    "letting go",
                    "(unclamp|unclench|ungrip|open wide|open up|release|loosen up|loosen your grip|let loose|open sesame)",
                    "<wish> <gripper> (open|opened)",
                    "<gripper> (should|needs to|must|has to|could) be (open|opened)",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(张开|打开|松开|放开|张|张大|撑开|分开)<gripper>",
                    "(把|将)<gripper>(张开|打开|松开|放开|张大|撑开|分开|开开|张一张|张开来)",
                    "<gripper>[给我](张开|打开|松开|放开|张大|张|分开|撑开|松一松)",
                    "(松手|放手|撒手|松开它|放开它|松开|放开|张开手|放了它|松爪|松一松|松夹|开爪|开夹|放掉它|放下它|撒开)",
                    "(把|将)(它|这个|那个|东西|<held>)(松开|放开|放掉|放了)",
                ],
            },
        ],
    },
    intention={"en": "open the gripper", "zh": "张开夹爪"},
)
