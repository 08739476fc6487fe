# SPDX-License-Identifier: Apache-2.0
"""Put what is in the hand into, onto or beside something."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.handling import put_at
from voice_agent_ros.motion.refusal import Refusal


class Place(SkillArguments):
    """Put the held object into or onto a target."""

    skill = "place"
    object: Name | None = Field(default=None, description="the held object's name, if it was said")
    target: Name = Field(description="name of what to put it into or onto")


def plan(draft: Draft, arguments: Place) -> None:
    """Put it down, if the hand holds it."""
    if draft.held is None:
        raise Refusal("hand_empty")
    wanted = arguments.object
    if wanted and draft.find(wanted).name != draft.held.name:
        raise Refusal("holds_other", object=draft.held.name, wanted=wanted)
    put_at(draft, draft.held, arguments.target)


SKILL = Skill(
    Place,
    plan=plan,
    intention={"en": "put {held} {relation} {place}", "zh": "把{held}放到{place}{relation}"},
)
