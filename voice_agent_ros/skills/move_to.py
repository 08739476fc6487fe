# SPDX-License-Identifier: Apache-2.0
"""Move the arm to a named pose."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft


class MoveTo(SkillArguments):
    """Move the arm to a named pose."""

    skill = "move_to"
    pose: Name = Field(description="the pose's name")


def plan(draft: Draft, arguments: MoveTo) -> None:
    """All joints at once."""
    draft.move_joints(draft.pose(arguments.pose))


SKILL = Skill(
    MoveTo,
    plan=plan,
    intention={"en": "move to {pose}", "zh": "移动到{pose}"},
)
