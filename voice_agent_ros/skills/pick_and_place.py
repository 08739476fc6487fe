# SPDX-License-Identifier: Apache-2.0
"""Pick up an object and put it into or onto something."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.handling import put_down, take
from voice_agent_ros.motion.refusal import Refusal


class PickAndPlace(SkillArguments):
    """Pick up an object and put it into or onto a target."""

    skill = "pick_and_place"
    object: Name = Field(description="the object's name")
    target: Name = Field(description="name of what to put it into or onto")


def plan(draft: Draft, arguments: PickAndPlace) -> None:
    """Take it unless the hand holds it already, and put it down."""
    thing, target = draft.find(arguments.object), draft.find(arguments.target)
    if thing.name == target.name:
        raise Refusal("same_object", object=thing.name)
    if draft.held is None or draft.held.name != thing.name:
        take(draft, thing)
    put_down(draft, thing, target)


SKILL = Skill(
    PickAndPlace,
    plan=plan,
    sentences={
        "en": [
            {
                "sentences": [
                    "<put> <det> {object} [down|back] <into> <det> {target}",
                    "<take> <det> {object} [<from_table>] [and] [then] <put> <it> [down|back] <into> <det> {target}",
                    "(pick|picking|lift) <det> {object} up [<from_table>] [and] [then] <put> <it> [down|back] <into> <det> {target}",
                    "(take|taking|bring|bringing|carry|carrying|transfer|transferring) <det> {object} <into> <det> {target}",
                    "<wish> <det> {object} [sitting|lying|put|placed|moved|dropped|to (be|go)] <into> <det> {target}",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(把|将)[<det>]{object}<put>[<det>]{target}[<inside>]",
                    "[<det>]{object}<put>[<det>]{target}<inside>",
                    "<take>[<det>]{object}[起来][然后|再|接着|并|并且|之后|后][(把|将)(它|这个|那个)]<put>[<det>]{target}[<inside>]",
                    "(把|将)[<det>]{object}(<take>|拿起来|抓起来|捡起来|夹起来)[然后|再|接着|并|并且][(把|将)它]<put>[<det>]{target}[<inside>]",
                    "<wish>[<det>]{object}(在|放在|进|到)[<det>]{target}<inside>",
                ],
            },
        ],
    },
    intention={"en": "put the {object} {relation} the {target}", "zh": "把{object}放到{target}{relation}"},
)
