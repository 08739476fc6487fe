# SPDX-License-Identifier: Apache-2.0
"""Forget a place that was taught."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments


class ForgetPlace(SkillArguments):
    """Forget a place that was taught."""

    skill = "forget_place"
    moves = False
    offered_to_llm = False
    name: Name = Field(description="what it is called")


SKILL = Skill(
    ForgetPlace,
    intention={"en": "forget the place called {name}", "zh": "忘记叫{name}的地方"},
)
