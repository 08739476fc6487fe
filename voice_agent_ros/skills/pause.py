# SPDX-License-Identifier: Apache-2.0
"""Interrupt the motion; `continue` goes on with it."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Pause(SkillArguments):
    """Interrupt the motion for a while."""

    skill = "pause"
    moves = False
    offered_to_llm = False


SKILL = Skill(
    Pause,
    sentences={
        "en": [
            {
                "sentences": [
                    "pause [the] [motion|movement|arm|robot]",
                    "(hold on|wait|wait a (moment|second|minute|bit)|one moment|just a (moment|second)|hang on)",
                ]
            },
        ],
        "zh": [
            {"sentences": ["暂停[一下|运动|动作]", "(等一下|等一等|等等|稍等|稍等一下|等会儿|等会)"]},
        ],
    },
    intention={"en": "pause", "zh": "暂停"},
)
