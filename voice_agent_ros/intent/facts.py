# SPDX-License-Identifier: Apache-2.0
"""What the robot knows about itself and its scene, and the same as a few lines of data for a language model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.vocabulary import spoken_name
from voice_agent_ros.llm.budget import as_many, within
from voice_agent_ros.llm.fences import as_data

MAX_NAMES = 12
MAX_PROBLEMS = 3
MAX_PROBLEM_CHARACTERS = 80
# Of each fact, at most; all of them, a conversation and the fixed words fit into what the prompt may cost.
SEEN_TOKENS, HELD_TOKENS, REASON_TOKENS, WISH_TOKENS, PROBLEM_TOKENS = 100, 15, 25, 40, 35
_REST_TOLERANCE_M = 0.01

Grip = Literal["", "open", "closed", "partly open"]


@dataclass(frozen=True)
class RobotState:
    """How the robot is.

    Attributes:
        held: name of what is in the hand; "" nothing; None: not known.
        pose: the named pose that the arm is in, or "".
        joints: where the arm's joints are, rad; (): not felt.
        grip: how the gripper stands; "": not known.
        is_latched: motion is refused until somebody resumes; None: the bridge says nothing.
        latch_reason: why.
        problems: what diagnostics complain about, worst first.
    """

    held: str | None = None
    pose: str = ""
    joints: tuple[float, ...] = ()
    grip: Grip = ""
    is_latched: bool | None = None
    latch_reason: str = ""
    is_moving: bool = False
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Deed:
    """What was asked of the bridge last, and how that ended.

    Attributes:
        message: the bridge's own sentence about it, in `language`.
    """

    calls: tuple[SkillCall, ...]
    outcome: str
    rule: str
    message: str
    language: str


@dataclass(frozen=True)
class Knowledge:
    """All of it."""

    scene: Scene = field(default_factory=Scene)
    robot: RobotState = field(default_factory=RobotState)
    deed: Deed | None = None


def container_of(thing: SceneObject, scene: Scene) -> SceneObject | None:
    """What a thing lies in or on: something larger under its centre, whose rim it is not far above."""
    for other in scene.objects:
        is_larger = max(other.size[:2]) > max(thing.size[:2])
        is_over = all(abs(thing.position[i] - other.position[i]) < other.size[i] / 2 for i in (0, 1))
        top = other.position[2] + other.size[2] / 2
        if (
            other is not thing
            and is_larger
            and is_over
            and thing.position[2] - thing.size[2] / 2 < top + _REST_TOLERANCE_M
        ):
            return other
    return None


def as_facts(knowledge: Knowledge) -> str:
    """What a model is told, as data: nothing that a camera or another node wrote can end the fence around it."""
    robot, deed = knowledge.robot, knowledge.deed
    lines = [f"seen: {_seen(knowledge.scene)}"]
    if robot.held is not None:
        lines.append(f"in the hand: {within(as_data(robot.held), HELD_TOKENS) or 'nothing'}")
    if robot.grip:
        lines.append(f"gripper: {robot.grip}")
    if robot.pose:
        lines.append(f"arm pose: {as_data(robot.pose)}")
    elif robot.joints:
        degrees = (f"{math.degrees(joint):.0f}" for joint in robot.joints)
        lines.append(f"arm joints: {' '.join(degrees)} degrees")
    if robot.is_latched:
        reason = within(as_data(robot.latch_reason, MAX_PROBLEM_CHARACTERS), REASON_TOKENS)
        lines.append(f"motion: stopped, {reason}")
    elif robot.is_moving:
        lines.append("motion: moving now")
    if deed is not None:
        lines.append(f"last wish: {_wish(deed.calls)}: {deed.outcome} {as_data(deed.rule)}".rstrip())
    problems = [
        within(as_data(problem, MAX_PROBLEM_CHARACTERS), PROBLEM_TOKENS)
        for problem in robot.problems[:MAX_PROBLEMS]
    ]
    if problems:
        lines.append(f"problems: {', '.join(problems)}")
    return "\n".join(lines)


def _seen(scene: Scene) -> str:
    facts = []
    for thing in scene.objects[:MAX_NAMES]:
        name = as_data(thing.name)
        container = container_of(thing, scene)
        if name:
            facts.append(f"{name} (in the {as_data(container.name)})" if container is not None else name)
    return ", ".join(as_many(facts, SEEN_TOKENS)) or "nothing"


def _wish(calls: Sequence[SkillCall]) -> str:
    """ "pick_and_place red cube bowl"."""
    told = " then ".join(
        " ".join(
            [call.skill, *(as_data(str(v)) for v in call.arguments.model_dump(exclude_none=True).values())]
        )
        for call in calls
    )
    return within(told[:MAX_PROBLEM_CHARACTERS], WISH_TOKENS)


def said_name(name: str, language: str) -> str:
    """`the red cube`, 红色方块."""
    spoken = spoken_name(name, language)
    return spoken if language == "zh" else f"the {spoken}"
