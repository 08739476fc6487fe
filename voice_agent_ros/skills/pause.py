# SPDX-License-Identifier: Apache-2.0
"""Interrupt the motion; `continue` goes on with it."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Pause(SkillArguments):
    """Interrupt the motion for a while."""

    skill = "pause"
    moves = False
    offered_to_llm = False


SKILL = Skill(
    Pause,
    intention={"en": "pause", "zh": "暂停"},
)
