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
                    "(move|go|drive|return|come|moving|going|returning) [<arm>] [back|over] [to] [the|your|its] {pose} [pose|position|again]",
                    "(bring|take|send|drive|put|moving) <arm> [back] [to|into|in] [the|your|its] {pose} [pose|position]",
                    "(head|park [yourself|the arm]|retreat) [back] [at|to|in] [the|your|its] {pose} [pose|position]",
                    "(assume|take|take up) [the|your] {pose} (pose|position)",
                ],
            },
            {
                "sentences": [
                    "get ready",
                ],
                "slots": {"pose": "ready"},
            },
        ],
        "zh": [
            {
                "sentences": [
                    "[<arm>](移动到|移到|回到|返回到|返回|去到|去|走到|运动到|回){pose}[的][位置][去]",
                    "(把|将)<arm>(移动到|移到|放到|回到){pose}",
                ],
            },
            {
                "sentences": [
                    "[<arm>](复位|归位|回零|回家)",
                ],
                "slots": {"pose": "home"},
            },
        ],
    },
    intention={"en": "move to {pose}", "zh": "移动到{pose}"},
)
