# SPDX-License-Identifier: Apache-2.0
"""Turn one joint by an angle."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from voice_agent_ros.intent.skills import Radians, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.refusal import Refusal


class MoveJoint(SkillArguments):
    """Turn one joint by an angle."""

    skill = "move_joint"
    joint: Annotated[int, Field(ge=1, le=12, description="1 is the one at the base")]
    angle: Radians = Field(description="in radians, relative")


def plan(draft: Draft, arguments: MoveJoint) -> None:
    """The other joints stay."""
    if arguments.joint > len(draft.joint_names):
        raise Refusal("unknown_joint", number=arguments.joint, count=len(draft.joint_names))
    target = draft.q.copy()
    target[arguments.joint - 1] += arguments.angle
    draft.move_joints(target)


SKILL = Skill(
    MoveJoint,
    plan=plan,
    sentences={
        "en": [
            {
                "sentences": [
                    "(turn|rotate|move|bend|swing|drive|twist|spin|shift|tilt|flex|adjust) <det> {joint} [by|to|about] {angle} [more|further]",
                    "<det> {joint} [by|to] {angle}",
                    "<det> {joint} (turn|rotate|move|bend|forward) [by] {angle}",
                    "(turn|rotate|move) {angle} (at|in|on|around|about) <det> {joint}",
                    "(turn|rotate|move|bend|swing|drive) [the] {joint} [by] {angle}",
                    "[the] {joint} [by] {angle}",
                ]
            }
        ],
        "zh": [
            {
                "sentences": [
                    "[<det>]{joint}[再|给我|往前|正向](转动|旋转|转|移动|动|弯|弯曲|摆动|摆|拧|扭|走|运动|偏转)[了|个|到]{angle}",
                    "[<det>]{joint}{angle}",
                    "(把|将|让)[<det>]{joint}(转动|旋转|转|移动|动|弯|弯曲|摆动|摆|拧|扭|偏转){angle}",
                    "(转动|旋转|转|动|弯曲|拧|扭)[一下]{joint}{angle}",
                    "(把|将)[<det>]{joint}(转动|旋转|转|移动|动){angle}",
                    "[<det>]{joint}(转动|旋转|转|移动|动){angle}",
                    "(转动|旋转|转)[<det>]{joint}{angle}",
                ]
            }
        ],
    },
    intention={"en": "turn joint {joint} by {angle}", "zh": "把关节{joint}转动{angle}"},
)
