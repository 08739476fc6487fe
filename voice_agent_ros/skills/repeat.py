# SPDX-License-Identifier: Apache-2.0
"""Do the last thing again."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Repeat(SkillArguments):
    """Do the last thing again."""

    skill = "repeat"
    offered_to_llm = False


SKILL = Skill(
    Repeat,
    sentences={
        "en": [
            {
                "sentences": [
                    "(repeat|redo) [(that|it|the last (move|movement|motion|thing|action|command|one))]",
                    "(do|try) (that|it|the same [thing]) (again|once more|one more time)",
                    "(once more|one more time|again|same again|encore)",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(重复|重做)[一遍|一次|一下|刚才的动作|上一个动作]",
                    "再(来|做)(一次|一遍|一下)",
                    "(再一次|再来)",
                ]
            },
        ],
    },
    intention={"en": "do that again", "zh": "再做一次"},
)
