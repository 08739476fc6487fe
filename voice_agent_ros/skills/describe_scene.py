# SPDX-License-Identifier: Apache-2.0
"""Say what is on the table."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class DescribeScene(SkillArguments):
    """Say what is on the table."""

    skill = "describe_scene"
    moves = False


SKILL = Skill(
    DescribeScene,
    sentences={
        "en": [
            {
                "sentences": [
                    "(what|what else) (do|can) (we|you) have [<in_view>]",
                    "what else is [there] [<in_view>]",
                    "what else is there",
                    "(is|are) there (anything|something|any objects|any things) <in_view>",
                    "(what|what all|which things) (is|are) [lying|sitting|there|currently|now] [on|in] [the|your] (table|desk|scene|workspace)",
                    "(what|which things|which objects) [things|objects] (is|are) [there] <in_view>",
                    "(what's|whats) [there|lying|sitting] <in_view>",
                    "what (is|things are|objects are) (on|upon) [the|your] (table|desk|workspace)",
                    "(what|which objects|which things|what objects|what things|what else|what all) (do|can) you [currently|actually] <see> [<in_view>]",
                    "(what|which) (objects|things|items) (are there|do you have|can i use|are [there] <in_view>) [<in_view>]",
                    "what do you have [<in_view>]",
                    "what have (you|we) got [<in_view>]",
                    "what are you (seeing|looking at) [<in_view>]",
                    "(describe|name|list|report|give me|enumerate|tell me about) (what you [can] see|the scene|the table|[all] [of] [the] objects|[all] [of] [the] things|everything|what is on the table|your surroundings|what's there|your workspace|your view|a list of [the] objects|what is there) [that] [you [can] see|<in_view>]",
                    "(tell|show|let) me [know] (what you [can|are able to] [see|seeing]|what (is|you have) <in_view>|(what's|whats|what is) <in_view>|what is there|what objects you [can] see|what things you [can] see|what objects (are|you have) <in_view>) [<in_view>]",
                    "(look|have a look|take a look) around [and tell me what (you see|is there)]",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[现在][目前][你](桌子上|桌上|桌面上|台面上|面前|前面|眼前|台子上|这里|工作台上|视野里|视野中|场景里|场景中)[现在][都][现在]有[些|点](什么|啥|哪些|哪几样)[东西|物体|物品|呀|啊]",
                    "[现在][目前][你][都][现在](看到|看见|能看到|能看见|看得到|看得见|可以看到|可以看见|瞧见)[了][些|的是](什么|啥|哪些)[东西|物体|物品]",
                    "有[些](什么|哪些|啥)(东西|物体|物品)[在桌上|在桌子上]",
                    "(描述|介绍|说说|说一下|说一说|讲讲|讲一下|报告|列出|列举|列一下|报一下|念一下|告诉我)[现在的|当前的|当前|目前的|眼前的|你看到的|所有|你能看到的|你看见的](场景|桌面|画面|情况|桌上的东西|桌子上的东西|看到的东西|看到的|环境|周围环境|物体|东西|物品)",
                    "[跟我|给我|对我|和我](告诉我|说说|说一下|讲讲|讲一下|说一说|说|看看|看一下|瞧瞧)[你][桌上|桌子上|桌面上|前面|面前|眼前][都]有[些](什么|啥|哪些)[东西|物体]",
                    "[跟我|给我|对我|和我](告诉我|说说|说一下|讲讲|讲一下|说一说|说)[你][现在][都][能](看到|看见|瞧见)[了|的][些|是](什么|啥|哪些)[东西|物体]",
                ],
            },
        ],
    },
)
