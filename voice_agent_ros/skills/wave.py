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
    sentences={
        "en": [
            {
                "sentences": [
                    "wave [<gripper>|<arm>] [hello|hi|goodbye|bye] [(to|at) [the|our|your|my] (me|us|everybody|everyone|them|camera|audience|people|kids|children|crowd|guests|visitors|class|room|folks|lady|gentleman|him|her|team|public|viewers)]",
                    "(wave|say) (hello|hi|goodbye|bye|good bye|bye bye|hey) [with <arm>] [to [the|our|my] (me|us|everybody|everyone|them|kids|children|guests|visitors|audience|people|camera|class)]",
                    "[say (hi|hello|goodbye) with <arm>] [and] (give|do) [(me|us|them|everybody|everyone|him|her|the kids|the children|the audience|the camera)] a [little|big|friendly|nice] wave",
                    "do a [little] wave",
                    "wave <arm> [around|about|to and fro]",
                    "wave [<gripper>|<arm>] [(to|at) (me|us|everybody|everyone|them|the (camera|audience|people))]",
                    "(wave|say) (hello|hi|goodbye|bye|good bye|bye bye) [to (me|us|everybody|everyone|them)]",
                    "give (me|us|them|everybody|everyone) a (wave|little wave)",
                ]
            }
        ],
        "zh": [
            {
                "sentences": [
                    "[给|向|跟|和|对|冲|朝][我|我们|大家|小朋友们|小朋友|孩子们|观众|客人|客人们|他|她|他们|镜头|各位|同学们|朋友们|大伙][打个招呼|打招呼|问个好]<waving>",
                    "<waving>[跟|和|向][大家|我们|我][打个招呼|再见|告别]",
                    "[给|向|跟|和|对|冲|朝][我|我们|大家|小朋友们|小朋友|孩子们|观众|客人|客人们|他|她|他们|镜头|各位|同学们|朋友们]打[个|一个|声]招呼",
                    "(挥手|招手|挥挥手|招招手|挥一挥手|摆摆手|挥下手)",
                    "打[个|一个]招呼",
                    "(向|跟|和|对)(我|我们|大家)(挥手|招手|挥挥手|打[个|一个]招呼)",
                ]
            }
        ],
    },
    intention={"en": "wave", "zh": "挥手"},
)
