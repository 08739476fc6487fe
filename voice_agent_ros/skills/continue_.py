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
                    "(continue|go on|carry on|proceed|keep going|resume what you were doing) [with (it|that|the motion|the movement|what you were doing)]"
                ]
            },
        ],
        "zh": [
            {"sentences": ["(继续|接着做|接着来|继续做|继续吧|继续运动|继续移动|往下做)"]},
        ],
    },
    intention={"en": "go on", "zh": "继续"},
)
