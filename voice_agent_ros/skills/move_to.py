# SPDX-License-Identifier: Apache-2.0
"""Move the arm to a named pose."""

from __future__ import annotations

from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft


class MoveTo(SkillArguments):
    """Move the arm to a named pose."""

    skill = "move_to"
    pose: Name = Field(description="the pose's name")


def plan(draft: Draft, arguments: MoveTo) -> None:
    """All joints at once."""
    draft.move_joints(draft.pose(arguments.pose))


SKILL = Skill(
    MoveTo,
    plan=plan,
    sentences={
        "en": [
            {
                "sentences": [
                    "(move|go|drive|return|come|moving|going|returning|travel|swing|retreat|run|fly|navigate) [<arm>] [back|over|on|off] [to|into] [the|your|its] {pose} [pose|position|again|now]",
                    "(bring|take|send|drive|moving|have|get|move|return|let) <arm> [go|move|come|return|head] [back] [to|into|in|at] [the|your|its] {pose} [pose|position|configuration]",
                    "(head|park [yourself|the arm]|retreat|withdraw|position yourself) [on|off] [back] [at|to|in|for] [the|your|its] {pose} [pose|position]",
                    "(assume|take|take up|adopt|strike|get in|get into|go into|resume|be in|stand in) [the|your|its|a] {pose} (pose|position|stance|configuration)",
                    "[<arm>] [back] [to|at|in|into] [the|your|its] {known_pose:pose} [pose|position]",
                    "<wish> <arm> [to be|to go] [back] (at|in|to) [the|your|its] {known_pose:pose} [pose|position]",
                    "[go] back home [you go]",
                    "[go] home you go",
                    "home time",
                ],
            },
            {
                "sentences": [
                    "(get|be|make yourself|get yourself) ready",
                    "(stand|get set) by",
                ],
                "slots": {"pose": "ready"},
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[<arm>](移动到|移到|回到|返回到|返回|去到|去|走到|运动到|回|到|归到|摆到|来到|转到|退到|摆成|摆出|摆个|摆|做个|做出|进入|切换到){pose}[的][位置|姿势|姿态|状态|位][去|来|吧]",
                    "(把|将|让)<arm>(移动到|移到|放到|回到|摆到|收到|摆成|送到|回|去){pose}[的][位置|姿势|姿态|位][去]",
                    "[<arm>]{known_pose:pose}[位置|姿势|姿态]",
                ],
            },
            {
                "sentences": [
                    "[<arm>](复位|归位|回零|回家|归零|归原位|回原位)[去|休息|歇着|歇着去|歇歇|待着]",
                ],
                "slots": {"pose": "home"},
            },
            {
                "sentences": [
                    "(准备好|做好准备|就位|准备就绪)",
                ],
                "slots": {"pose": "ready"},
            },
        ],
    },
    intention={"en": "move to {pose}", "zh": "移动到{pose}"},
)
