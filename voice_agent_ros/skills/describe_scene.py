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
                    "(what|what all) (is|are) [lying|sitting|there] [on|in] [the|your] (table|desk|scene|workspace)",
                    "what (is|things are|objects are) (on|upon) [the|your] (table|desk|workspace)",
                    "what's (on|upon) [the|your] (table|desk|workspace)",
                    "(what|which objects|which things|what objects|what things|what else) (do|can) you [currently|actually] (see|detect|recognize|recognise)",
                    "(what|which) (objects|things|items) (are there|do you have|are on the table|are in front of you|can i use)",
                    "(what is|what's) [there|here] (in front of you|around you|there|here)",
                    "what do you have [in front of you|on the table]",
                    "what have (you|we) got [there|here|in front of you|on the table]",
                    "what are you (seeing|looking at)",
                    "(describe|name|list) (what you [can] see|the scene|the table|the objects|everything [that] you [can] see|what is on the table|your surroundings|all [the] objects)",
                    "(describe|name|list) [all] [the] (objects|things|items) (on the table|[that] you [can] see|in front of you)",
                    "(tell|show) me (what you [can] see|what is on the table|what's on the table|what is there|what objects you [can] see)",
                    "look around",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[现在][你](桌子上|桌上|桌面上|台面上|面前|前面|眼前)[都][现在]有[些](什么|啥|哪些)[东西|物体|物品]",
                    "[现在][都](看到|看见|能看到|能看见|看得到|看得见)[了][些](什么|啥|哪些)[东西|物体|物品]",
                    "有(什么|哪些)(东西|物体|物品)[在桌上|在桌子上]",
                    "(描述|介绍|说说|说一下|说一说|描述一下)[现在的|你看到的](场景|桌面|桌上的东西|桌子上的东西|看到的东西|看到的)",
                    "(告诉我|说说|说一下)[桌上|桌子上|桌面上][都]有[些](什么|哪些)[东西|物体]",
                    "(告诉我|说说|说一下)[你](看到|看见)[了](什么|啥)",
                ],
            },
        ],
    },
)
