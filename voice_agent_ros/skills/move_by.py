# SPDX-License-Identifier: Apache-2.0
"""Move the hand some distance in a direction."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.quantities import DEFAULT_DISTANCE_M
from voice_agent_ros.intent.skills import Direction, Metres, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft


class MoveBy(SkillArguments):
    """Move the hand some distance in a direction."""

    skill = "move_by"
    direction: Direction
    distance: Metres = Field(description="in metres")


def plan(draft: Draft, arguments: MoveBy) -> None:
    """Along a straight line."""
    draft.move_line(draft.tool_pose().position + draft.direction(arguments.direction) * arguments.distance)


SKILL = Skill(
    MoveBy,
    plan=plan,
    sentences={
        "en": [
            {
                "sentences": [
                    "(translate|move|shift|advance) <arm> {distance} <side> {direction}",
                    "<move> [<arm>|it] [over|back|on] <side> {direction} <by> {distance} <more>",
                    "<move> [<arm>|it] [over] <by> {distance} <more> <side> {direction}",
                    "<move> [<arm>] [<a_bit>] [over] <side> {direction} [<a_bit>] [more|further]",
                    "<move> [<arm>] [over] <side> {direction} <more>",
                    "[<arm>] <side> {direction} <by> {distance} <more>",
                    "{distance} <more> <side> {direction} <more>",
                    "<a_bit> <more> [over] <side> {direction}",
                    "[over] <side> {direction} <a_bit> <more>",
                    "<arm> <side> {direction} <a_bit>",
                    "<move> [<arm>] <by> {distance} (further|farther) <side> {direction}",
                    "<wish> <arm> [to (be|go|move)] {distance} <more> <side> {direction}",
                    "<wish> <arm> [to (go|move)] [<a_bit>] <more> <side> {direction}",
                ],
            },
            {
                "sentences": [
                    "(raise|lift|raising|lifting|elevate|hoist) [<arm>|it|yourself] [up] <by> ({distance}|<a_bit>) <more>",
                    "(raise|lift|elevate|raising|lifting) <arm> [up]",
                    "(rise|ascend|climb|elevate|rising|lift up) [up] <by> [{distance}|<a_bit>] <more>",
                    "([<a_bit>] higher|higher [<by>] ({distance}|<a_bit>)|{distance} higher)",
                ],
                "slots": {"direction": "up"},
            },
            {
                "sentences": [
                    "(lower|lowering) [<arm>|it|yourself] [down] <by> [{distance}|<a_bit>] <more>",
                    "(descend|sink|dip|drop|duck|drop down|descending|dip down) [down] <by> [{distance}|<a_bit>] <more>",
                    "(<a_bit> lower|lower <a_bit>|{distance} lower)",
                ],
                "slots": {"direction": "down"},
            },
            {
                "sentences": [
                    "(back up|back off|pull back|draw back|step back|move back|retreat|retract|withdraw|reverse|come back|back away|pull away) [<arm>] <by> ({distance}|<a_bit>) <more>",
                    "(retreat|retract|withdraw|back up|pull back|back off) [<arm>] [a bit|a little]",
                ],
                "slots": {"direction": "back"},
            },
            {
                "sentences": [
                    "(advance|extend|reach out|reach forward|stretch out|reach) [<arm>] [forward|forwards|out] <by> ({distance}|<a_bit>) <more>",
                    "(advance|reach out|stretch out) [<arm>]",
                ],
                "slots": {"direction": "forward"},
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[<arm>][再|稍微|略微][向|往|朝|靠]{direction}[边|面|方|侧|部][再|稍微][<move>]<go>{distance}[<about>]",
                    "[<arm>][再|稍微|略微](向|往|朝|靠){direction}[边|面|方|侧|部][再|稍微][<move>]<go>[<a_bit>]",
                    "(把|将)(<arm>|它)[再|稍微](向|往|朝|靠){direction}[边|面|方|侧][再|稍微][<move>]<go>[{distance}|<a_bit>][<about>]",
                    "[<arm>]<move><go>{distance}[<about>][向|往|朝]{direction}[边|面|方]",
                    "[<arm>]{direction}移<go>[{distance}|<a_bit>]",
                    "[<arm>]{direction}[边|面](<a_bit>|{distance})",
                ],
            },
            {
                "sentences": [
                    "[<arm>][再|稍微|往上](抬高|升高|上升|抬起|举高|升起|提高|抬|升|上抬|上提)[<arm>]<go>({distance}|<a_bit>)[<about>]",
                    "[<arm>][再|稍微](抬高|升高|上升|抬起来|举高|升起|提高)[<arm>]",
                    "(把|将)<arm>[再|稍微](抬高|升高|抬起|举高|升起来|抬起来|提高|抬)[{distance}|<a_bit>]",
                    "[<arm>][再|稍微|往]高({distance}|<a_bit>)",
                    "[<arm>](再|稍微)高<go>({distance}|<a_bit>)",
                    "[往]高[处|了]去[高]<go>({distance}|<a_bit>)",
                ],
                "slots": {"direction": "up"},
            },
            {
                "sentences": [
                    "[<arm>][再|稍微|往下](降低|下降|放低|压低|下移|下压|降|落|降下)[<arm>]<go>({distance}|<a_bit>)[<about>]",
                    "[<arm>][再|稍微](降低|下降|放低|压低|降下来)[<arm>]",
                    "(把|将)<arm>[再|稍微](降低|放低|降下来|压低|降)[{distance}|<a_bit>]",
                    "[<arm>][再|稍微]低<go>({distance}|<a_bit>)",
                ],
                "slots": {"direction": "down"},
            },
            {
                "sentences": [
                    "[<arm>][再](前进|前移|前伸|伸出|往前|向前)<go>[{distance}|<a_bit>][<about>]",
                ],
                "slots": {"direction": "forward"},
            },
            {
                "sentences": [
                    "[<arm>][再](后退|后移|退后|后缩|后撤|撤|退|缩回|缩回来|往后|向后|回缩|收回)<go>[{distance}|<a_bit>][<about>]",
                ],
                "slots": {"direction": "back"},
            },
        ],
    },
    intention={"en": "move {direction} by {distance}", "zh": "向{direction}移动{distance}"},
    defaults={"distance": DEFAULT_DISTANCE_M},
)
