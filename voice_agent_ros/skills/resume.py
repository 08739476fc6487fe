# SPDX-License-Identifier: Apache-2.0
"""Release the stop latch."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Resume(SkillArguments):
    """Allow motion again after a stop. Only a person can ask for it; it never restarts a motion."""

    skill = "resume"
    moves = False
    offered_to_llm = False


SKILL = Skill(
    Resume,
    sentences={
        "en": [
            {
                "sentences": [
                    "resume [motion|moving|movement|operation|work|working]",
                    "[you (can|may)] (move|continue moving) again",
                    "(release|lift|reset|clear|unlock|undo) the [emergency] (stop|latch|lock)",
                    "(unlock|enable) [the] (arm|robot|motion)",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(恢复|重新开始)[运动|移动|工作|动作|运行]",
                    "(解除|取消)(停止|急停|锁定)",
                    "可以[继续]动了",
                ],
            },
        ],
    },
    intention={"en": "allow motion again", "zh": "恢复运动"},
)
