# SPDX-License-Identifier: Apache-2.0
"""Go back along the last path."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Undo(SkillArguments):
    """Go back along the last movement."""

    skill = "undo"
    offered_to_llm = False


SKILL = Skill(
    Undo,
    intention={"en": "go back along the last movement", "zh": "沿原路退回"},
)
