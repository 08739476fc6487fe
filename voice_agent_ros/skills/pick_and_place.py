# SPDX-License-Identifier: Apache-2.0
"""Pick up an object and put it into or onto something."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.handling import put_down, take
from voice_agent_ros.motion.refusal import Refusal


class PickAndPlace(SkillArguments):
    """Pick up an object and put it into or onto a target."""

    skill = "pick_and_place"
    object: Name = Field(description="the object's name")
    target: Name = Field(description="name of what to put it into or onto")


def plan(draft: Draft, arguments: PickAndPlace) -> None:
    """Take it unless the hand holds it already, and put it down."""
    thing, target = draft.find(arguments.object), draft.find(arguments.target)
    if thing.name == target.name:
        raise Refusal("same_object", object=thing.name)
    if draft.held is None or draft.held.name != thing.name:
        take(draft, thing)
    put_down(draft, thing, target)


SKILL = Skill(
    PickAndPlace,
    plan=plan,
    intention={"en": "put the {object} {relation} the {target}", "zh": "把{object}放到{target}{relation}"},
)
