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
                    "(do|try|run|play|perform|make) (that|it|the same [thing|move|motion]|that thing|that move|the last (one|thing|move)|what you just did) [all] [over] (again|once more|one more time|another time)",
                    "(once more|one more time|again|once again|another time|same again|encore) [the] [same] [thing] [again]",
                    "[the] same [thing|move] (again|once more|one more time)",
                    "(repeat|redo) [(what you just did|what you did|your last move|the previous (move|movement|one|action))]",
                    "(repeat|redo) [(that|it|the last (move|movement|motion|thing|action|command|one))]",
                    "(do|try) (that|it|the same [thing]) (again|once more|one more time)",
                    "(once more|one more time|again|same again|encore)",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(重复|重做|重来)[一遍|一次|一下|一回|刚才的动作|上一个动作|刚才那个动作|刚才的|上一步]",
                    "(再来|再做|再重复|重新来|来)(一次|一遍|一下|一回|个)",
                    "[把](刚才的动作|刚才那个动作|上一个动作|刚才的|同样的动作)(再做|再来|重复|重做)[一次|一遍]",
                    "(重复|重做)[一遍|一次|一下|刚才的动作|上一个动作]",
                    "再(来|做)(一次|一遍|一下)",
                    "(再一次|再来)",
                ]
            },
        ],
    },
    intention={"en": "do that again", "zh": "再做一次"},
)
