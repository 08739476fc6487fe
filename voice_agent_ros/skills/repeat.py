# SPDX-License-Identifier: Apache-2.0
"""Do the last thing again."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Repeat(SkillArguments):
    """Do the last thing again."""

    skill = "repeat"
    offered_to_llm = False


SKILL = Skill(
    Repeat,
    intention={"en": "do that again", "zh": "再做一次"},
)
