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
                    "(undo|reverse|revert|take back|cancel out|roll back) [(that|the|your|my)] (last|previous) [(move|movement|motion|thing|action|step|one|command)]",
                    "(undo|reverse|revert|take back) (that move|this|that step|it all)",
                    "(go|move|put it|come) back [to] (where you were|how it was|the way it was|where it was) [before]",
                    "(undo|reverse|revert|take back) [(that|it|the last (move|movement|motion|thing|action|step|one)|what you (did|just did))]",
                    "(go|move) back [to] where you (were|came from) [before]",
                    "(go|move) back the way you came",
                ]
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(撤销|撤回|还原|取消|倒回|退回)(刚才的动作|刚才那一步|刚才那步|刚才的|上一个动作|上一步|上一步动作|上个动作|刚刚那一步|刚才的操作|上一步操作|前一步)",
                    "(退回|回到|倒回)(上一步|前一步|刚才的位置|原处)",
                    "(撤销|撤回|还原|取消上一步)[刚才的动作|上一个动作|上一步|动作]",
                    "(回到|退回到|退回)(刚才|之前|原来)的(位置|地方)",
                    "退回(去|来)",
                ]
            },
        ],
    },
    intention={"en": "go back along the last movement", "zh": "沿原路退回"},
)
