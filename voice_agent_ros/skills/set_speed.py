# SPDX-License-Identifier: Apache-2.0
"""Move slower from now on, or as fast as the policy allows again. The bridge does it; only a person may ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from voice_agent_ros.intent.skills import Skill, SkillArguments


class SetSpeed(SkillArguments):
    """Set how fast the arm moves, as a part of what is allowed."""

    skill = "set_speed"
    moves = False
    offered_to_llm = False
    factor: Annotated[float, Field(gt=0.0, le=1.0, description="1 is the allowed speed")]
    of_present: Annotated[bool | None, Field(description="a part of the present speed: a little slower")] = (
        None
    )


SKILL = Skill(
    SetSpeed,
    intention={"en": "move at {factor} of the {whole} speed", "zh": "以{whole}速度的{factor}移动"},
)
