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
                    "resume [motion|moving|movement|operation|operations|work|working|normal operation] [after the [emergency] stop] [again]",
                    "[you (can|may)] (move|continue moving|start moving) again",
                    "(release|lift|reset|clear|unlock|undo|cancel|end) the [emergency|safety] (stop|latch|lock)",
                    "(unlock|enable|re-enable|reenable) [the] (arm|robot|motion|motors)",
                    "(allow|permit) (motion|movement|moving) again",
                ],
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(恢复|重新开始)[运动|移动|工作|动作|运行|正常|活动]",
                    "(解除|取消|复位|释放)(停止|急停|锁定|停止状态|急停状态)[恢复[运动|移动|工作|动作|运行]]",
                    "可以[继续]动了",
                    "(可以|能)(恢复|继续)(运动|移动|工作|动作|运行)[了]",
                ],
            },
        ],
    },
    intention={"en": "allow motion again", "zh": "恢复运动"},
)
