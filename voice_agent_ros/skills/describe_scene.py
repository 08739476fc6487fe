# SPDX-License-Identifier: Apache-2.0
"""Say what is on the table."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class DescribeScene(SkillArguments):
    """Say what is on the table."""

    skill = "describe_scene"
    moves = False


SKILL = Skill(
    DescribeScene,
)
