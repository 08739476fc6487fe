# SPDX-License-Identifier: Apache-2.0
"""Pick up an object and put it into, onto or beside something."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.handling import put_at, require_target, take


class PickAndPlace(SkillArguments):
    """Pick up an object and put it into or onto a target."""

    skill = "pick_and_place"
    object: Name = Field(description="the object's name")
    target: Name = Field(description="name of what to put it into or onto")


def plan(draft: Draft, arguments: PickAndPlace) -> None:
    """Take it unless the hand holds it already, and put it down."""
    thing = draft.find(arguments.object)
    require_target(draft, thing, arguments.target)
    if draft.held is None or draft.held.name != thing.name:
        take(draft, thing)
    put_at(draft, thing, arguments.target)


SKILL = Skill(
    PickAndPlace,
    plan=plan,
    intention={"en": "put the {object} {relation} {place}", "zh": "把{object}放到{place}{relation}"},
)
