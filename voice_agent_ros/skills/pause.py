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
                    "pause [for] [a|one] [moment|second|minute|bit|sec|while|little while] [there|here]",
                    "(hold on|wait|wait up|hang on|one moment|hold fire|hold your horses) [for] [a|one|just a] [moment|second|minute|bit|sec|mo]",
                    "pause (what you're doing|it|that|everything|for now|there|here)",
                    "(take a break|take five|have a break)",
                    "pause [the] [motion|movement|arm|robot]",
                    "(hold on|wait|wait a (moment|second|minute|bit)|one moment|just a (moment|second)|hang on)",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[先](暂停|停顿)[一下|下|片刻|运动|动作|一会儿|一会][等会儿|等会|等一下]",
                    "[先](等一下|等一等|等等|稍等|稍等一下|等会儿|等会|等一会儿|等下|缓一缓|歇一下)[再|先][别动]",
                    "暂停[一下|运动|动作]",
                    "(等一下|等一等|等等|稍等|稍等一下|等会儿|等会)",
                ]
            },
        ],
    },
    intention={"en": "pause", "zh": "暂停"},
)
