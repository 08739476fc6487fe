# SPDX-License-Identifier: Apache-2.0
"""Give the place under the hand a name."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments


class RememberPlace(SkillArguments):
    """Give the place where the hand is a name."""

    skill = "remember_place"
    moves = False
    offered_to_llm = False
    name: Name = Field(description="what to call it")


SKILL = Skill(
    RememberPlace,
    sentences={
        "en": [
            {
                "sentences": [
                    "(remember|save|store|memorize|memorise|mark|label|record|learn|note|keep) (this|here|where you are|the current (place|spot|position|pose|location)|your (position|place)|this (place|spot|position|point|location|pose)|the (place|spot|position)) [here] (as|under the name|under the name of|by the name|by the name of|and call it|and name it|called|named) [the|a|my] {name}",
                    "(call|name|label) (this|here|this (place|spot|position|point|location|pose)) [here] [the|a|my] {name} [and (save|remember|store|keep) it]",
                    "let's call this [place|spot|position|point|location] [the|a|my] {name}",
                    "(remember|save|store|memorize|memorise|mark) (this|here|this (place|spot|position|point|location)|the (place|spot|position)) as [the|a|my] {name}",
                    "(call|name) (this|this (place|spot|position|point|location)) [the|a|my] {name}",
                    "this (place|spot|position|point|location|) is (called|named) [the|a|my] {name}",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(记住|保存|记下|存下|标记)(这里|这儿|这个位置|这个地方|这个点|当前位置|现在的位置)(为|叫做|叫|作为|是|名字叫|名叫){name}",
                    "(把|将)(这里|这儿|这个位置|这个地方|这个点|当前位置|现在的位置|现在这个位置)(记住叫|记为|记作|记成|叫做|叫|命名为|保存为|保存成|存为|存成|设为|设成|标记为|标为|定为){name}",
                    "(这里|这儿|这个位置|这个地方)(叫|叫做|就叫|以后叫|以后就叫){name}[记住[了]]",
                    "(记住|保存|记下|存下)(这里|这儿|这个位置|这个地方|当前位置|现在的位置)(为|叫做|叫|作为|是){name}",
                    "(把|将)(这里|这儿|这个位置|这个地方|当前位置|现在的位置)(记为|记作|记成|叫做|叫|命名为|保存为|存为|存成|设为){name}",
                ]
            },
        ],
    },
    intention={"en": "remember this place as {name}", "zh": "记住这里叫{name}"},
)
