# SPDX-License-Identifier: Apache-2.0
"""Wave with the hand."""

from __future__ import annotations

import numpy as np

from voice_agent_ros.intent.skills import Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft

SWING_RAD = 0.35
SWINGS = 2


class Wave(SkillArguments):
    """Wave with the hand."""

    skill = "wave"


def plan(draft: Draft, _: Wave) -> None:
    """To and fro about where the arm stands, with the joint before the last, and back."""
    here = draft.q.copy()
    aside = np.zeros_like(here)
    aside[max(len(here) - 2, 0)] = SWING_RAD
    for _swing in range(SWINGS):
        draft.move_joints(here + aside)
        draft.move_joints(here - aside)
    draft.move_joints(here)


SKILL = Skill(
    Wave,
    plan=plan,
    intention={"en": "wave", "zh": "挥手"},
)
