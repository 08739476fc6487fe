# SPDX-License-Identifier: Apache-2.0
"""What of a scenario's expectation is not met, in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from scenario_file import Expectation
from scenario_world import FakeWorld

from voice_agent_ros.tts.speakable import speakable

if TYPE_CHECKING:
    from scenario_run import Stage


def differences(stage: Stage, wanted: Expectation) -> list[str]:
    """Everything that is not as wanted."""
    goals, questions, said, tool = stage.marked
    new, words = stage.world.goals[goals:], " ".join(stage.said[said:])
    report = stage.latest_report
    outcome, rule, engine, calls = "nothing", "", "none", ()
    if stage.result is not None:
        outcome, rule, calls = stage.result.outcome, stage.result.rule, stage.result.calls
        words = f"{words} {stage.result.message}".strip()
    elif report is not None:
        outcome, rule, engine, calls = report.outcome, report.rule, report.engine, report.calls
    actual: dict[str, Any] = {
        "outcome": outcome,
        "rule": rule,
        "arm_goals": new.count("arm"),
        "gripper_goals": new.count("gripper"),
        "questions": stage.questions - questions,
        "engine": engine,
        "latched": stage.bridge.latched,
        "moving": stage.bridge.is_moving,
    }
    wrong = [
        f"{key} is {value!r}, not {asked!r}"
        for key, value in actual.items()
        if (asked := getattr(wanted, key)) is not None and asked != value
    ]
    if wanted.goals is not None and (not new if wanted.goals == "some" else len(new) != wanted.goals):
        wrong.append(f"{len(new)} goals reached the controllers ({new}), not {wanted.goals}")
    if wanted.says is not None and not re.search(wanted.says, words):
        wrong.append(f"it said {words!r}, not {wanted.says!r}")
    if wanted.never_says is not None and re.search(wanted.never_says, speakable(words)):
        wrong.append(f"it said {words!r}")
    if wanted.calls is not None and [flat(c.as_dict()) for c in calls] != [
        dict(c.arguments, skill=c.skill) for c in wanted.calls
    ]:
        wrong.append(f"calls are {[flat(c.as_dict()) for c in calls]}")
    return [*wrong, *_places(stage, wanted, tool)]


def _places(stage: Stage, wanted: Expectation, tool: np.ndarray) -> list[str]:
    wrong = []
    for name, where in (wanted.objects or {}).items():
        found = _where(stage.world, name)
        if isinstance(where, str):
            wrong += [] if found == where else [f"the {name} is in/on the {found}, not {where}"]
        elif name not in stage.world.objects or not np.allclose(
            stage.world.objects[name].position, where, atol=0.01
        ):
            wrong.append(f"the {name} is at {getattr(stage.world.objects.get(name), 'position', None)}")
    if wanted.pose is not None and not np.allclose(
        stage.world.q, stage.arm_config.poses[wanted.pose], atol=0.01
    ):
        wrong.append(f"the arm is not in the pose {wanted.pose}")
    if wanted.tool_moved is not None:
        moved = stage.world.tool - tool
        if not np.allclose(moved, wanted.tool_moved, atol=0.003):
            wrong.append(f"the hand moved by {np.round(moved, 3).tolist()}")
    return wrong


def _where(world: FakeWorld, name: str) -> str:
    thing = world.objects.get(name)
    if thing is None:
        return "nowhere"
    if world.held == name:
        return "hand"
    for other in world.objects.values():
        apart = np.hypot(*(np.array(other.position[:2]) - thing.position[:2]))
        if other.name != name and apart < other.size[0] / 2 and thing.position[2] < 0.2:
            return other.name
    return "table"


def flat(call: dict[str, Any]) -> dict[str, Any]:
    """A call with its arguments beside its name."""
    return dict(call["arguments"], skill=call["skill"])
