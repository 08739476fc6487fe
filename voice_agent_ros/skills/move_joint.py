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
    intention={"en": "turn joint {joint} by {angle}", "zh": "把关节{joint}转动{angle}"},
)
