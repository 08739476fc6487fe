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
    sentences={
        "en": [
            {
                "sentences": [
                    "<take> <det> {object} [<from_table>]",
                    "(pick|picking|lift|lifting|raise|hold|take|snatch|get) <det> {object} up [<from_table>]",
                    "<wish> <det> {object} (picked up|lifted|grabbed|taken|held up|picked|in (your|the) (hand|gripper|claw|grip)|off the table)",
                    "<det> {known_object:object} (pick|lift|take|get|grab|fetch) (it|that|this|that one) [up] [<from_table>]",
                    "(you see|see|look at|there is|there's|about) <det> {known_object:object} [over there|there] [yeah|right|ok|well|and] (pick|lift|take|get|grab) (it|that|this) [up] [<from_table>]",
                    "<det> {known_object:object} (should|must|needs to|has to|ought to) be (picked up|lifted|taken|grabbed|held|in (your|the) (hand|gripper|claw))",
                    "have <det> {known_object:object} (off the table|picked up|in (your|the) (hand|gripper|claw))",
                    "<det> {known_object:object} (off|up from) the table",
                    "do [the] picking [up] of <det> {object}",
                    "(have|get) <det> {known_object:object} <from_table>",
                    "(may|can|could) i [please] (have|get) <det> {known_object:object}",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "<take>[<det>]{object}[起来|上来|过来]",
                    "(把|将)[<det>]{object}(<take>[起|住]|<take>)[来|起来|上来|过来|好]",
                    "[<det>]{known_object:object}[给我|帮我|你]<take>[起来|上来|过来]",
                    "<wish>[你]<take>[<det>]{object}[起来]",
                    "(去|来|快去|快)<take>[<det>]{object}[起来|过来]",
                ],
            },
        ],
    },
    intention={"en": "pick up the {object}", "zh": "拿起{object}"},
)
