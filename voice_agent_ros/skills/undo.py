# SPDX-License-Identifier: Apache-2.0
"""Go back along the last path."""

from __future__ import annotations

from voice_agent_ros.intent.skills import Skill, SkillArguments


class Undo(SkillArguments):
    """Go back along the last movement."""

    skill = "undo"
    offered_to_llm = False


SKILL = Skill(
    Undo,
    sentences={
        "en": [
            {
                "sentences": [
                    "(undo|reverse|revert|take back) [(that|it|the last (move|movement|motion|thing|action|step|one)|what you (did|just did))]",
                    "(go|move) back [to] where you (were|came from) [before]",
                    "(go|move) back the way you came",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(撤销|撤回|还原|取消上一步)[刚才的动作|上一个动作|上一步|动作]",
                    "(回到|退回到|退回)(刚才|之前|原来)的(位置|地方)",
                    "退回(去|来)",
                ]
            },
        ],
    },
    intention={"en": "go back along the last movement", "zh": "沿原路退回"},
)
