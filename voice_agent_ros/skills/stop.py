# SPDX-License-Identifier: Apache-2.0
"""Stop: needs no plan, no gate and no permission."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Stop(SkillArguments):
    """Stop moving at once."""

    skill = "stop"
    moves = False
    offered_to_llm = False


SKILL = Skill(
    Stop,
)
