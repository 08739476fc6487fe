# SPDX-License-Identifier: Apache-2.0
"""Go on with what was paused."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Continue(SkillArguments):
    """Go on with the motion that was paused."""

    skill = "continue"
    offered_to_llm = False


SKILL = Skill(
    Continue,
    intention={"en": "go on", "zh": "继续"},
)
