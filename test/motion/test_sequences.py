# SPDX-License-Identifier: Apache-2.0
"""Sequences: planned, checked and recorded step by step, asked about once, ended by whatever goes wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from room import Room

from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.bridge import Result
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy


@pytest.fixture
def room(
    planner: Planner, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any, tmp_path: Path
) -> Iterator[Room]:
    room = Room(planner, controllers, arm, policy, clock, tmp_path / "audit.jsonl")
    yield room
    room.close()


def at_goal(room: Room, number: int, action: Callable[[], Any]) -> None:
    """Do something while the goal of that number, from 1, is being carried out."""
    start = len(room.sent)

    def during() -> None:
        if len(room.sent) == start + number:
            room.controllers.during = lambda: None
            action()

    room.controllers.during = during


def pause(room: Room) -> Result:
    return room.say("Pause.", "pause")


def go_on(room: Room) -> Result:
    return room.say("Continue.", "continue")


UP_STEP = {"skill": "move_by", "arguments": {"direction": "up", "distance": 0.05}}
DOWN_STEP = {"skill": "move_by", "arguments": {"direction": "down", "distance": 0.03}}
HOME_STEP = {"skill": "move_to", "arguments": {"pose": "home"}}


def sequence(*steps: dict[str, Any]) -> Any:
    return parse_call("sequence", {"steps": list(steps)})


def yes_by_service(room: Room) -> Callable[[str], None]:
    return lambda nonce: room.bridge.confirm(True) and None


def test_steps_are_planned_one_by_one_and_asked_about_once(room: Room) -> None:
    result = room.ask(sequence(UP_STEP, DOWN_STEP, HOME_STEP), "nobody", yes_by_service(room))
    assert (result.outcome, result.message) == ("done", "Done.")
    questions = [p.message for p in room.progress if p.phase == "awaiting_confirmation"]
    assert questions == ["Shall I move up by 5 centimetres and move down by 3 centimetres and move to home?"]
    assert [p.call_id for p in room.progress if p.phase == "executing"] == ["0", "1", "2"]
    fractions = [p.fraction for p in room.progress if p.phase == "executing"]
    assert fractions == pytest.approx([0.0, 1 / 3, 2 / 3])
    assert [(step.call.call_id, step.outcome) for step in result.steps] == [(n, "done") for n in "012"]
    assert len(room.entries("executing")) == 3
    assert len({entry["plan"] for entry in room.entries("executing")}) == 3


def test_each_step_begins_where_the_arm_really_is(room: Room) -> None:
    follow = room.controllers.follow

    def short(trajectory: Any, timeout_s: float, on_accepted: Any) -> Any:
        """The controller is content a little before the end."""
        result = follow(trajectory, timeout_s, on_accepted)
        snapshot = room.controllers.snapshot
        room.controllers.snapshot = dataclasses.replace(snapshot, arm=snapshot.arm + 0.01)
        return result

    room.controllers.follow = short
    room.ask(sequence(UP_STEP, DOWN_STEP), "nobody", yes_by_service(room))
    assert np.allclose(room.sent[1].start, room.sent[0].end + 0.01)


@pytest.mark.parametrize(
    ("steps", "rule", "begun"),
    [
        (
            [UP_STEP, {"skill": "pick", "arguments": {"object": "purple elephant"}}, HOME_STEP],
            "unknown_object",
            ["done", "failed"],
        ),
        (
            [UP_STEP, {"skill": "move_by", "arguments": {"direction": "up", "distance": 1.5}}, HOME_STEP],
            "unreachable",
            ["done", "failed"],
        ),
    ],
)
def test_a_step_that_fails_ends_it(room: Room, steps: list[Any], rule: str, begun: list[str]) -> None:
    result = room.ask(sequence(*steps), "nobody", yes_by_service(room))
    assert (result.outcome, result.rule) == ("failed", rule)
    assert [step.outcome for step in result.steps][: len(begun)] == begun
    assert len(room.sent) == 1


def test_a_stop_between_two_steps_ends_it(room: Room) -> None:
    at_goal(room, 1, lambda: room.bridge.stop("test"))
    result = room.ask(sequence(UP_STEP, HOME_STEP), "nobody", yes_by_service(room))
    assert result.outcome == "stopped"
    assert room.bridge.latched
    assert len(room.sent) == 1


def test_a_sequence_can_be_paused_and_gone_on_with(room: Room) -> None:
    at_goal(room, 2, lambda: pause(room))
    assert room.ask(sequence(UP_STEP, DOWN_STEP, HOME_STEP), "nobody", yes_by_service(room)).rule == "paused"
    before = len(room.sent)
    result = go_on(room)
    assert result.outcome == "done"
    assert len(room.sent) >= before + 1
    assert len(room.entries("executing")) == 2 + 2


def test_a_sequence_that_is_too_long(room: Room) -> None:
    result = room.propose(sequence(*[UP_STEP, DOWN_STEP] * 5), "nobody")
    assert (result.rule, room.sent) == ("too_many_steps", [])


def test_a_step_that_is_not_allowed(
    planner: Planner, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any, tmp_path: Path
) -> None:
    skills = policy.skills.model_copy(update={"allowed": ["sequence", "move_by"]})
    strict = policy.model_copy(update={"skills": skills})
    room = Room(planner, controllers, arm, strict, clock, tmp_path / "log")
    assert room.propose(sequence(UP_STEP, HOME_STEP), "nobody").rule == "not_allowed"
    room.close()


def test_a_sequence_is_on_record_step_by_step_or_ends(room: Room) -> None:
    at_goal(room, 1, room.audit.close)
    result = room.ask(sequence(UP_STEP, HOME_STEP), "nobody", yes_by_service(room))
    assert (result.outcome, result.rule) == ("failed", "audit")
    assert len(room.sent) == 1
