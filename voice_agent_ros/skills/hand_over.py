# SPDX-License-Identifier: Apache-2.0
"""Hold something out for a person to take."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.handling import take
from voice_agent_ros.motion.plan import Held
from voice_agent_ros.motion.refusal import Refusal

POSE = "hand_over"
FALLBACK_REACH_M = 0.35  # in front of the user's side of the base
FALLBACK_HEIGHT_M = 0.25


class HandOver(SkillArguments):
    """Hold an object out for a person to take."""

    skill = "hand_over"
    object: Name | None = Field(default=None, description="the object's name, if it was said")


def plan(draft: Draft, arguments: HandOver) -> None:
    """Take it if need be, and carry it to the pose `hand_over`. The gripper opens only when it is told to."""
    if arguments.object is not None:
        thing = draft.find(arguments.object)
        if draft.held is None:
            take(draft, thing)
        elif draft.held.name != thing.name:
            raise Refusal("holds_other", object=draft.held.name, wanted=thing.name)
    if draft.held is None:
        raise Refusal("hand_empty")
    if draft.has_pose(POSE):
        draft.move_joints(draft.pose(POSE))
    else:
        place = FALLBACK_REACH_M * draft.direction("forward") + np.array([0.0, 0.0, FALLBACK_HEIGHT_M])
        yaws = [quarter * math.pi / 4 for quarter in range(8)]
        draft.move_joints(draft.reaches(place, yaws)[0][0])
    draft.promises.append(Held(draft.held.name, draft.tool_pose().position, draft.call))


SKILL = Skill(
    HandOver,
    plan=plan,
    sentences={
        "en": [
            {
                "sentences": [
                    "(give|hand|pass|bring|get|fetch) (it|that|this|what you're holding|what you have) [over] [here] [to (me|us)]",
                    "(hand|pass|give) (it|that|this) over [to (me|us)]",
                    "(hand|pass|give) over (it|that|this)",
                    "(give|hand|pass|bring) (me|us) (it|that|this|what you're holding|what you have)",
                    "(let me|i'd like to|i want to|may i|can i) (have|take) (it|that|this)",
                    "(give|hand|pass|bring) (me|us) <det> {object} [over]",
                    "(give|hand|pass|bring) <det> {object} [over] to (me|us)",
                    "(hand|pass) [over] <det> {object}",
                    "hand <det> {object} over [to (me|us)]",
                    "(let me have|i will take|i'll take) <det> {object}",
                ]
            },
            {
                "sentences": [
                    "(give|hand|pass) (it|that|this) [over] [to (me|us)]",
                    "(give|hand|pass) (me|us) (it|that|this)",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(递过来|递给我|交给我|拿给我|给我递过来|传过来|拿过来给我|递一下|递我|给我吧)",
                    "(把|将)[<det>]{object}(递给|交给|给|拿给|传给|递|拿来给|送给|递交给)(我|我们)",
                    "(把|将)[<det>]{object}(递过来|拿过来|传过来|送过来|递来|交过来)",
                    "(给|递)(我|我们)(递|拿|递一下|拿一下|传)[<det>]{object}[过来]",
                    "(把|将)<held>(递给|交给|给|拿给|传给)(我|我们)",
                    "(把|将)<held>(递过来|拿过来|传过来|交过来)",
                    "(把|将)[<det>]{object}(递给|交给|给|拿给|传给|递)(我|我们)",
                    "(递给|给|拿给|传给)(我|我们)[<det>]{object}",
                ]
            },
            {
                "sentences": [
                    "(把|将)(它|这个|那个|东西|手里的东西)(递给|交给|给|拿给|传给)(我|我们)",
                    "(递给|交给|给)(我|我们)",
                ]
            },
        ],
    },
    intention={"en": "hold {held} out to you", "zh": "把{held}递给您"},
)
