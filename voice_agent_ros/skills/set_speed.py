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
                    "(move|go|drive|work|run|operate|continue|travel|proceed) [<arm>] (at|with) {factor} [of] [the|your|its] [full|maximum|max|normal|top] [speed|pace] [from now on]",
                    "(set|reduce|lower|change|drop|cut|turn|bring|limit|adjust|put|raise|increase) [down] [the|your] [arm] (speed|pace|velocity) [down] (to|at|by) {factor} [of] [the] [maximum|full] [speed]",
                    "(slow|slow down|speed up) [down] [to] {factor} [of] [the|your] [full|maximum] [speed|pace]",
                    "[use|at] {factor} [of] [the|your|full|normal] (speed|pace|velocity)",
                    "[the|your] speed [to|at|should be] {factor}",
                    "speed {factor}",
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
                    "(halve|cut in half) [the|your] speed",
                ],
                "slots": {"factor": 0.5},
            },
            {
                "sentences": [
                    "(full|normal|maximum|top|regular|usual|max) speed [again|ahead]",
                    "(set|put|change|turn|bring|reset) [up|back] [the|your] speed [back] [up] (to|at) [the] (full|normal|maximum|max|top|a hundred percent)",
                    "(go|move|run|work|back) [back] (at|to) [your|the] (full|normal|maximum|top|regular|usual) (speed|pace)",
                    "(go|move|back) (at|to) (full|normal|maximum|top|regular|usual) speed",
                ],
                "slots": {"factor": 1.0},
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[用|以|按|按照]{factor}[的]速度[移动|运动|运行|工作|走|干活|来|动]",
                    "[把|将][你的|运动|移动|手臂]速度[给我](调到|设为|设成|设置为|设置成|设置到|降到|减到|改成|改为|调成|调整到|调整为|降为|减为|放到|提到|变成|调低到|降低到|减慢到)[原来的|全速的|最大的|正常的]{factor}",
                    "[速度](慢到|减速到|降速到|减到|降到){factor}",
                    "[降到|减到|用]{factor}[的]速",
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
