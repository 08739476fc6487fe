# SPDX-License-Identifier: Apache-2.0
"""Give the place under the hand a name."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments


class RememberPlace(SkillArguments):
    """Give the place where the hand is a name."""

    skill = "remember_place"
    moves = False
    offered_to_llm = False
    name: Name = Field(description="what to call it")


SKILL = Skill(
    RememberPlace,
    intention={"en": "remember this place as {name}", "zh": "记住这里叫{name}"},
)
