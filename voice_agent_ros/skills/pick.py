# SPDX-License-Identifier: Apache-2.0
"""Pick up an object and hold it."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.handling import take
from voice_agent_ros.motion.plan import Held


class Pick(SkillArguments):
    """Pick up an object and hold it."""

    skill = "pick"
    object: Name = Field(description="the object's name")


def plan(draft: Draft, arguments: Pick) -> None:
    """Take it, and promise that it is in the hand in the end."""
    thing = draft.find(arguments.object)
    take(draft, thing)
    draft.promises.append(Held(thing.name, draft.tool_pose().position, draft.call))


SKILL = Skill(
    Pick,
    plan=plan,
    intention={"en": "pick up the {object}", "zh": "拿起{object}"},
)
