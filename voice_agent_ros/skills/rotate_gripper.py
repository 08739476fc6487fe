# SPDX-License-Identifier: Apache-2.0
"""Turn the gripper about its own axis."""

from __future__ import annotations

import math

from pydantic import Field

from voice_agent_ros.intent.skills import Radians, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft

DEFAULT_ANGLE_RAD = math.pi / 2


class RotateGripper(SkillArguments):
    """Turn the gripper about its own axis."""

    skill = "rotate_gripper"
    angle: Radians = Field(description="in radians, counter-clockwise as seen from above")


def plan(draft: Draft, arguments: RotateGripper) -> None:
    """The last joint alone: the tool stays where it is."""
    target = draft.q.copy()
    target[-1] += arguments.angle if draft.turns_counter_clockwise() else -arguments.angle
    draft.move_joints(target)


SKILL = Skill(
    RotateGripper,
    plan=plan,
    sentences={
        "en": [
            {
                "sentences": [
                    "(rotate|turn|twist|spin|swivel|roll|revolve|pivot) <gripper> [by|about|through] [{angle}]",
                    "(rotate|turn|twist|spin|swivel|roll|revolve|pivot) <gripper> {turn} [by|about|through] [{angle}]",
                    "(rotate|turn|twist|spin|swivel|roll|revolve|pivot) <gripper> [by|about|through] {angle} {turn}",
                    "(rotate|turn|twist|spin|swivel|roll) [it] [by] {angle} {turn}",
                    "(rotate|turn|twist|spin|swivel|roll) [it] {turn} [by] {angle}",
                    "give <gripper> [a] {angle} {turn}",
                    "give <gripper> [a] {turn} {angle}",
                    "give <gripper> [a] {angle} [turn|twist|rotation] [{turn}]",
                    "<gripper> {angle} {turn}",
                    "<gripper> {turn} [by] {angle}",
                    "{angle} {turn} with <gripper>",
                    "(do|make) [a] {angle} {turn} with <gripper>",
                    "give <gripper> [a] (turn|twist|spin|rotation) [{turn}] [of] {angle}",
                    "(rotate|turn|twist|spin) <gripper> [by] [{angle}]",
                    "(rotate|turn|twist|spin) <gripper> {turn} [by] [{angle}]",
                    "(rotate|turn|twist|spin) <gripper> [by] {angle} {turn}",
                    "(rotate|turn|twist|spin) [by] {angle} {turn}",
                ]
            }
        ],
        "zh": [
            {
                "sentences": [
                    "[手腕上的](旋转|转动|转一下|转|拧|扭|扭转|转个)<gripper>[{turn}][{angle}]",
                    "(把|将|让)[手腕上的]<gripper>[再|给我][{turn}](旋转|转动|转|拧|扭|扭转|拧转)[个|了|上]{angle}",
                    "(把|将|让)[手腕上的]<gripper>{turn}(旋转|转动|转|拧|扭|扭转)[{angle}]",
                    "[手腕上的]<gripper>[再|给我][{turn}](旋转|转动|转|拧|扭|扭转)[个|上]{angle}",
                    "<gripper>{turn}(旋转|转动|转|拧|扭|扭转)",
                    "[<gripper>]{turn}{angle}",
                    "{turn}(旋转|转动|转|拧|扭)<gripper>[{angle}]",
                    "{turn}(旋转|转动|转|拧|扭){angle}<gripper>",
                    "(旋转|转动|转一下|转)<gripper>[{turn}][{angle}]",
                    "(把|将)<gripper>[{turn}](旋转|转动|转)[{angle}]",
                    "<gripper>[{turn}](旋转|转动|转)[{angle}]",
                ]
            }
        ],
    },
    intention={"en": "turn the gripper by {angle} {sense}", "zh": "把夹爪{sense}旋转{angle}"},
    defaults={"angle": DEFAULT_ANGLE_RAD},
)
