# SPDX-License-Identifier: Apache-2.0
"""The report of a demonstration, and whether it succeeded: judged from the physics, not from claims."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

Position = tuple[float, float, float]
Poses = Mapping[str, Mapping[str, float]]  # joints by name, rad, of each named pose
TIMINGS = ("final_transcript", "intent", "goal_accepted", "first_motion", "first_audio", "done")
MOVED_M = 0.01
MOVED_RAD = 0.01
AT_POSE_RAD = 0.02
# What is done without a movement; see `moves` of the skills.
STILL_SKILLS = ("stop", "pause", "resume", "describe_scene", "set_speed", "remember_place", "forget_place")
RESTING_OUTCOMES = ("answered", "refused")


@dataclass(frozen=True)
class Thing:
    """An object of the simulation: where it is and how large, m."""

    position: Position
    size: Position

    def rests_in(self, other: Thing) -> bool:
        """Whether its centre is above the other's footprint and it does not hang in the air above it."""
        inside = all(abs(self.position[i] - other.position[i]) < other.size[i] / 2 for i in (0, 1))
        top = other.position[2] + other.size[2] / 2
        return inside and self.position[2] - self.size[2] / 2 < top + MOVED_M


@dataclass(frozen=True)
class World:
    """One look at the simulation: objects by name, joints by name (rad, finger m)."""

    things: Mapping[str, Thing] = field(default_factory=dict)
    joints: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """One utterance and what became of it.

    Attributes:
        goals: controller goals that were accepted during the turn.
        timings_s: seconds from the end of speech, None for what did not happen.
        engines: who recognized, thought and spoke, and in whose place.
        before: the world when the turn began.
        after: the world when it ended.
    """

    heard: str
    calls: Sequence[Mapping[str, Any]]
    engine: str
    outcome: str
    reply: str
    timings_s: Mapping[str, float | None]
    goals: int = 0
    before: World = World()
    after: World = World()
    engines: Sequence[str] = ()

    def as_dict(self) -> dict[str, Any]:
        """The form of `report.json`."""
        return {
            "heard": self.heard,
            "calls": list(self.calls),
            "engine": self.engine,
            "engines": list(self.engines),
            "outcome": self.outcome,
            "reply": self.reply,
            "timings_s": {name: self.timings_s.get(name) for name in TIMINGS},
        }


def write(path: Path, turns: Sequence[Turn], world: World) -> None:
    """Write `report.json`."""
    objects = {name: [round(value, 4) for value in thing.position] for name, thing in world.things.items()}
    document = {"turns": [turn.as_dict() for turn in turns], "objects": objects}
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def shortcoming(
    turns: Sequence[Turn], promised: Sequence[str] = (), poses: Poses = MappingProxyType({})
) -> str:
    """Why the demonstration did not succeed, or "" if it did.

    It did if every command that was to be carried out shows in the physics, and everything else (answers,
    refusals) left the arm without a goal. Who is told to go where they are has nothing to do, and has done it.

    Args:
        promised: the outcomes of a conversation that is known beforehand, turn by turn.
        poses: of the arm.
    """
    if not turns:
        return "Nothing was understood: no turn came to an end."
    for turn in turns:
        problem = _turn_shortcoming(turn, poses, is_last=turn is turns[-1])
        if problem:
            return f'"{turn.heard}": {problem}'
    for turn, outcome in zip(turns, promised, strict=False):
        if turn.outcome != outcome:
            return f'"{turn.heard}": it was to end {outcome} and ended {turn.outcome}: {turn.reply}'
    if len(turns) < len(promised):
        return f"{len(promised)} things were said, and {len(turns)} were understood."
    return ""


def _turn_shortcoming(turn: Turn, poses: Poses, *, is_last: bool) -> str:
    if turn.outcome in RESTING_OUTCOMES:
        return f"{turn.outcome}, and yet {turn.goals} goals were sent." if turn.goals else ""
    if turn.outcome == "asked":
        return 'the robot asked back and got no answer (SAY="… | yes" answers it).' if is_last else ""
    if turn.outcome == "stopped" and any(call["skill"] == "stop" for call in turn.calls):
        return ""
    if turn.outcome != "done":
        return f"it ended {turn.outcome}: {turn.reply}"
    return next((problem for call in turn.calls if (problem := _not_shown(call, turn, poses))), "")


def _not_shown(call: Mapping[str, Any], turn: Turn, poses: Poses) -> str:
    """What of a call that is reported as done the physics does not show."""
    skill, arguments = call["skill"], call["arguments"]
    if skill in STILL_SKILLS or (skill == "move_to" and _is_at(poses.get(arguments["pose"]), turn.after)):
        return ""
    if not turn.goals:
        return f"{skill} is reported as done, but no controller got a goal."
    name = arguments.get("object", "")
    thing, was = turn.after.things.get(name), turn.before.things.get(name)
    if skill in ("place", "pick_and_place"):
        target = turn.after.things.get(arguments["target"])
        shown = not name or (thing is not None and target is not None and thing.rests_in(target))
        return "" if shown else f"the {name} is not in or on the {arguments['target']}."
    if skill == "pick":
        lifted = thing is not None and was is not None and thing.position[2] - was.position[2] > MOVED_M
        return "" if lifted else f"the {name} was not lifted."
    if skill in ("move_to", "move_by"):
        moved = any(
            abs(value - turn.before.joints.get(joint, value)) > MOVED_RAD
            for joint, value in turn.after.joints.items()
        )
        return "" if moved else "no joint has moved."
    return ""


def _is_at(pose: Mapping[str, float] | None, world: World) -> bool:
    return pose is not None and all(
        abs(world.joints.get(joint, math.inf) - value) < AT_POSE_RAD for joint, value in pose.items()
    )
