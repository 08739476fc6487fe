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
                    "<move> [<arm>] [to the] {direction} [by|for|about] {distance}",
                    "<move> [<arm>] [by|for|about] {distance} [to the] {direction}",
                    "<move> [<arm>] [<a_bit>] [to the] {direction} [<a_bit>]",
                    "[<arm>] [to the] {direction} [by] {distance}",
                    "{distance} [to the] {direction}",
                    "<a_bit> [to the] {direction}",
                ],
            },
            {
                "sentences": [
                    "(raise|lift|raising|lifting) <arm> [up] [by|for] [{distance}|<a_bit>]",
                    "(raise|lift) [up] by {distance}",
                    "(rise|ascend|higher) [by] [{distance}|<a_bit>]",
                    "[<a_bit>] higher",
                ],
                "slots": {"direction": "up"},
            },
            {
                "sentences": [
                    "(lower|lowering) [<arm>] [down] [by|for] [{distance}|<a_bit>]",
                    "(descend|sink) [by] [{distance}|<a_bit>]",
                    "<a_bit> lower",
                ],
                "slots": {"direction": "down"},
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[<arm>][向|往|朝]{direction}[边|面|方][<move>]{distance}",
                    "[<arm>](向|往|朝){direction}[边|面|方][<move>][<a_bit>]",
                    "(把|将)<arm>(向|往|朝){direction}[边|面|方][<move>][{distance}|<a_bit>]",
                    "[<arm>]<move>{distance}[向|往|朝]{direction}",
                    "[<arm>]{direction}移[{distance}|<a_bit>]",
                ],
            },
            {
                "sentences": [
                    "(抬高|升高|上升|抬起|举高|升起)[<arm>][{distance}|<a_bit>]",
                    "(把|将)<arm>(抬高|升高|抬起|举高|升起来|抬起来)[{distance}|<a_bit>]",
                ],
                "slots": {"direction": "up"},
            },
            {
                "sentences": [
                    "(降低|下降|放低|压低)[<arm>][{distance}|<a_bit>]",
                    "(把|将)<arm>(降低|放低|降下来)[{distance}|<a_bit>]",
                ],
                "slots": {"direction": "down"},
            },
            {
                "sentences": [
                    "[<arm>](前进|前移|前伸)[{distance}|<a_bit>]",
                ],
                "slots": {"direction": "forward"},
            },
            {
                "sentences": [
                    "[<arm>](后退|后移|退后|后缩)[{distance}|<a_bit>]",
                ],
                "slots": {"direction": "back"},
            },
        ],
    },
    intention={"en": "move {direction} by {distance}", "zh": "向{direction}移动{distance}"},
    defaults={"distance": DEFAULT_DISTANCE_M},
)
