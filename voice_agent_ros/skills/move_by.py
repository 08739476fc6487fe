# SPDX-License-Identifier: Apache-2.0
"""Move the hand some distance in a direction."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.quantities import DEFAULT_DISTANCE_M
from voice_agent_ros.intent.skills import Direction, Metres, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft


class MoveBy(SkillArguments):
    """Move the hand some distance in a direction."""

    skill = "move_by"
    direction: Direction
    distance: Metres = Field(description="in metres")


def plan(draft: Draft, arguments: MoveBy) -> None:
    """Along a straight line."""
    draft.move_line(draft.tool_pose().position + draft.direction(arguments.direction) * arguments.distance)


SKILL = Skill(
    MoveBy,
    plan=plan,
    intention={"en": "move {direction} by {distance}", "zh": "向{direction}移动{distance}"},
    defaults={"distance": DEFAULT_DISTANCE_M},
)
