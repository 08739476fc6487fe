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
                    "(go|move|drive|return|come|travel|head) [<arm>] [back|over] to (the|your|its|named) {pose} [pose|position]",
                    "(go|move|drive|return|come|travel|head) [<arm>] [back|over] [to] [the|your|its] {pose} (pose|position)",
                ],
            },
            {
                "sentences": [
                    "(get|be|make yourself|get yourself|stand) ready",
                    "stand by",
                    "get set",
                ],
                "slots": {"pose": "ready"},
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[<arm>](移动到|移到|回到|返回到|返回|去到|去|走到|运动到|回|到|来到|转到|前往)[<det>]{pose}[的](位置|姿势|姿态|位|点|那里)",
                ],
            },
        ],
    },
    intention={"en": "move to {pose}", "zh": "移动到{pose}"},
)
