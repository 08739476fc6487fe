# SPDX-License-Identifier: Apache-2.0
"""Point the hand at something."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Matrix, Vector

ROLLS = 12  # turns about the line of sight that are tried
MIN_DISTANCE_M = 0.02


class LookAt(SkillArguments):
    """Point the hand at an object."""

    skill = "look_at"
    target: Name = Field(description="the object's name")


def plan(draft: Draft, arguments: LookAt) -> None:
    """The hand stays where it is and turns its axis to the object; if it cannot, the arm swings round to face it."""
    thing = draft.find(arguments.target)
    place = np.array(thing.position)
    for hand in (draft.tool_pose(), draft.swung_towards(place)):
        sight = place - hand.position
        if float(np.linalg.norm(sight)) < MIN_DISTANCE_M:
            return  # it is there
        rolls = (roll * 2 * math.pi / ROLLS for roll in range(ROLLS))
        rotations = [turned_to(hand.rotation, sight), *(facing(sight, roll) for roll in rolls)]
        joints = draft.turned(rotations, hand.position)
        if joints is not None:
            draft.move_joints(joints)
            return
    raise Refusal("cannot_look", object=thing.name)


def turned_to(rotation: Matrix, sight: Vector) -> Matrix:
    """A rotation turned the shortest way until its z axis points along `sight`."""
    z, wanted = rotation[:, 2], sight / np.linalg.norm(sight)
    axis, cosine = np.cross(z, wanted), float(z @ wanted)
    if cosine < -0.999:
        return facing(sight, 0.0)  # behind it: no way is the shortest
    x, y, w = axis
    k = np.array([[0.0, -w, y], [w, 0.0, -x], [-y, x, 0.0]])
    return (np.eye(3) + k + k @ k / (1.0 + cosine)) @ rotation  # Rodrigues' formula


def facing(sight: Vector, roll: float) -> Matrix:
    """Rotation of a tool whose z axis points along `sight`, turned about it by `roll`, rad."""
    z = sight / np.linalg.norm(sight)
    aside = np.cross(z, [0.0, 0.0, 1.0] if abs(z[2]) < 0.9 else [1.0, 0.0, 0.0])
    x = aside / np.linalg.norm(aside)
    y = np.cross(z, x)
    x, y = x * math.cos(roll) + y * math.sin(roll), y * math.cos(roll) - x * math.sin(roll)
    return np.column_stack([x, y, z])


SKILL = Skill(
    LookAt,
    plan=plan,
    intention={"en": "point at the {target}", "zh": "指向{target}"},
)
