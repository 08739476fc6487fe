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
                    "<put> <det> {object} <where> <into> <det> {target}",
                    "<take> <det> {object} [<from_table>] [and] [then] <put> <it> <where> <into> <det> {target}",
                    "(pick|picking|lift|take|get) <det> {object} up [<from_table>] [and] [then] <put> <it> <where> <into> <det> {target}",
                    "<wish> [to see] <det> {object} [sitting|lying|put|placed|moved|dropped|stacked|balanced|safely|to (be|go|sit|rest|lie)|resting] <where> <into> <det> {target}",
                    "(have|let|make|let's have|get) <det> {object} [to] (go|be|sit|rest|land|fall|drop|lie|sitting|resting) <where> <into> <det> {target}",
                    "<det> {known_object:object} <belongs> <where> [be] <into> <det> {known_target:target} [so] [(put|place|move|drop) <it> (there|in there|in|on it|in it)]",
                    "<into> <det> {known_target:target} [with|goes|go|should go|put|place] <det> {known_object:object}",
                    "<det> {known_target:target} (should|needs to|must|has to|ought to) (have|hold|contain|get) <det> {known_object:object} [in it|inside|on it|on top|inside it]",
                    "<det> {known_target:target} (needs|wants|could use|gets) <det> {known_object:object} [in it|inside|on it|on top]",
                    "(load|fill) <det> {target} with <det> {object}",
                    "[(make|build) (a|me a) (tower|stack|pile) [with|of|out of]] <det> {known_object:object} (onto|into|on top of|on to) <det> {known_target:target}",
                    "(make|build) (a|me a) (tower|stack|pile) [with|of|out of] <det> {known_object:object} (on|over) <det> {known_target:target}",
                    "<put> <det> {object} <where> <into> <det> {target} (on top|inside|on it|in it)",
                    "<take> <det> {known_object:object} <where> <into> <det> {known_target:target}",
                    "<det> {known_object:object} <put> <it> <where> <into> <det> {known_target:target}",
                    "(use|have) <det> {known_target:target} (for|to (store|hold|keep)) <det> {known_object:object}",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(把|将)[<det>]{object}<put>[<det>]{target}[<inside>]",
                    "[<det>]{object}<put>[<det>]{target}<inside>",
                    "[<det>]{known_object:object}[给我|帮我]<put>[<det>]{known_target:target}[<inside>]",
                    "<take>[<det>]{object}[起来][然后|再|接着|并|并且|之后|后][(把|将)(它|这个|那个)]<put>[<det>]{target}[<inside>]",
                    "(把|将)[<det>]{object}(<take>|<take>起来|<take>起)[然后|再|接着|并|并且][(把|将)它]<put>[<det>]{target}[<inside>]",
                    "<wish>[把|让|将][<det>]{object}(<put>|在|进|到|去|待在|呆在|躺在|坐在|留在)[<det>]{target}[<inside>]",
                    "(让|叫)[<det>]{object}(<put>|进|到|去|待在|呆在|躺在)[<det>]{target}[<inside>]",
                    "[<det>]{known_object:object}(应该|该|要|得|必须|最好)(<put>|进|到|去)[<det>]{known_target:target}[<inside>]",
                    "[往|在|给|朝][<det>]{known_target:target}<inside>[给我|帮我](放|丢|扔|搁|装|摆|加|塞)[一个|个|一块|块|上|进去|入|进]{known_object:object}",
                    "[搭个塔|堆个塔|搭一个塔|叠个塔|搭塔][<det>]{known_object:object}<put>[<det>]{known_target:target}[<inside>]",
                ],
            },
        ],
    },
    intention={"en": "put the {object} {relation} the {target}", "zh": "把{object}放到{target}{relation}"},
)
