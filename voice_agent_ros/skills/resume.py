# SPDX-License-Identifier: Apache-2.0
"""Release the stop latch."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Resume(SkillArguments):
    """Allow motion again after a stop. Only a person can ask for it; it never restarts a motion."""

    skill = "resume"
    moves = False
    offered_to_llm = False


SKILL = Skill(
    Resume,
    intention={"en": "allow motion again", "zh": "恢复运动"},
)
