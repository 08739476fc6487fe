# SPDX-License-Identifier: Apache-2.0
"""Forget a place that was taught."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments


class ForgetPlace(SkillArguments):
    """Forget a place that was taught."""

    skill = "forget_place"
    moves = False
    offered_to_llm = False
    name: Name = Field(description="what it is called")


SKILL = Skill(
    ForgetPlace,
    sentences={
        "en": [
            {
                "sentences": [
                    "(forget|delete|remove|erase|drop|clear) [the|that|my] [saved|stored] (place|spot|position|location|point) [which is|that is] [called|named|known as] [the] {name}",
                    "(forget|delete|erase|remove) [the|my|about the|about] {name} (place|spot|position|location|point)",
                    "(forget|delete|remove|erase) [the] (place|spot|position|location) [called|named] {name}",
                    "(forget|delete|erase) [the|my|about the] {name}",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(忘记|忘掉|忘了|删除|删掉|清除)[<det>][位置|地方|地点]{name}(这个|那个)(位置|地方|地点|点)",
                    "(把|将){name}(这个|那个)[位置|地方|地点|点](忘记|忘掉|忘了|删除|删掉|清除)",
                    "(忘记|忘掉|删除|删掉)[<det>][位置|地方|地点][叫]{name}",
                    "(把|将){name}(忘记|忘掉|删除|删掉|忘了)",
                ]
            },
        ],
    },
    intention={"en": "forget the place called {name}", "zh": "忘记叫{name}的地方"},
)
