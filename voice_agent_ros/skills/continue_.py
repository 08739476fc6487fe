# SPDX-License-Identifier: Apache-2.0
"""Go on with what was paused."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Continue(SkillArguments):
    """Go on with the motion that was paused."""

    skill = "continue"
    offered_to_llm = False


SKILL = Skill(
    Continue,
    sentences={
        "en": [
            {
                "sentences": [
                    "(continue|go on|carry on|proceed|keep going|keep on|pick up|resume|get going again) (where|from where) you (paused|left off|were|stopped|had paused) [it|things]",
                    "(continue|carry on|go on|keep going) [with] (it|that|the motion|the movement|what you were doing|your work|the task|moving|as you were|as before)",
                    "(unpause|as you were|keep at it|off you go again)",
                    "(continue|go on|carry on|proceed|keep going) [with (it|that|the motion|the movement|what you were doing)]",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "可以继续",
                    "[接着|继续](刚才|之前)[的]继续",
                    "(继续|接着)(做|干|动|走|来|刚才的|之前的|运行|工作|干活|往下做|往下)[动作|事|活|任务]",
                    "(继续|接着做|接着来|继续做|继续吧|继续运动|继续移动|往下做)",
                ]
            },
        ],
    },
    intention={"en": "go on", "zh": "继续"},
)
