# SPDX-License-Identifier: Apache-2.0
"""Move slower from now on, or as fast as the policy allows again. The bridge does it; only a person may ask."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from voice_agent_ros.intent.skills import Skill, SkillArguments


class SetSpeed(SkillArguments):
    """Set how fast the arm moves, as a part of what is allowed."""

    skill = "set_speed"
    moves = False
    offered_to_llm = False
    factor: Annotated[float, Field(gt=0.0, le=1.0, description="1 is the allowed speed")]


SKILL = Skill(
    SetSpeed,
    sentences={
        "en": [
            {
                "sentences": [
                    "(move|go|drive|work|run) [<arm>] (at|with) {factor} [of] [the] [speed|maximum speed|full speed]",
                    "(set|reduce|lower|change) [the|your] speed to {factor}",
                    "{factor} [of] [the] [maximum] speed",
                    "(at|with) {factor} speed",
                ]
            },
            {
                "sentences": [
                    "(slower|slow down|more slowly|not so fast|take it slow|take it slowly)",
                    "(move|go|work|drive) [a bit|a little|much] (slower|more slowly|slowly)",
                    "slow down [a bit|a little]",
                ],
                "slots": {"factor": 0.5},
            },
            {
                "sentences": [
                    "(full|normal|maximum|top|regular|usual) speed [again]",
                    "(go|move|back) (at|to) (full|normal|maximum|top|regular|usual) speed",
                ],
                "slots": {"factor": 1.0},
            },
        ],
        "zh": [
            {
                "sentences": [
                    "(用|以){factor}(的|)速度[移动|运动|运行|工作]",
                    "[把|将]速度(调到|设为|设成|设置为|降到|减到|改成|改为){factor}",
                    "{factor}速度",
                ]
            },
            {
                "sentences": [
                    "(慢一点|慢点|慢一些|慢些|减速|慢下来|放慢速度|放慢|再慢一点|再慢点)",
                    "(动作|速度|移动)(慢一点|慢点|慢一些|放慢)",
                ],
                "slots": {"factor": 0.5},
            },
            {
                "sentences": [
                    "[恢复](全速|正常速度|最大速度|原来的速度)[运行|移动]",
                    "[用|以](全速|正常速度|最大速度)(移动|运动|运行|工作)",
                ],
                "slots": {"factor": 1.0},
            },
        ],
    },
    intention={"en": "move at {factor} of the allowed speed", "zh": "以允许速度的{factor}移动"},
)
