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
    intention={"en": "hold {held} out to you", "zh": "把{held}递给您"},
)
