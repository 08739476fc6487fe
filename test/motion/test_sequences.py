# SPDX-License-Identifier: Apache-2.0
"""Sequences: planned, checked and recorded step by step, asked about once, ended by whatever goes wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
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
    return lambda nonce: room.bridge.confirm(True, room.bridge.pending_nonce) and None


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


FAR_STEP = {"skill": "move_by", "arguments": {"direction": "up", "distance": 1.5}}
PICK_STEP = {"skill": "pick", "arguments": {"object": "red cube"}}
PLACE_STEP = {"skill": "place", "arguments": {"target": "bowl"}}


@pytest.mark.parametrize(
    ("steps", "rule", "said"),
    [
        (
            [UP_STEP, {"skill": "pick", "arguments": {"object": "purple elephant"}}, HOME_STEP],
            "unknown_object",
            "Step 2: I can't see a purple elephant. I see the red cube, the green cube, the blue cube and the bowl.",
        ),
        ([UP_STEP, HOME_STEP, FAR_STEP], "unreachable", "Step 3: I can't reach that far."),
        ([PICK_STEP, PICK_STEP], "hand_full", "Step 2: I'm already holding the red cube."),
        (
            [UP_STEP, PLACE_STEP],
            "hand_empty",
            "Step 2: I'm not holding anything.",
        ),
        (
            [PICK_STEP, PLACE_STEP, {"skill": "hand_over", "arguments": {}}],
            "hand_empty",
            "Step 3: I'm not holding anything.",
        ),
        (
            [UP_STEP, {"skill": "move_to", "arguments": {"pose": "tray"}}],
            "unknown_pose",
            "Step 2: I don't know a pose called tray. I know home, ready.",
        ),
    ],
)
def test_a_step_that_will_be_impossible_is_told_before_anything_moves(
    room: Room, steps: list[Any], rule: str, said: str
) -> None:
    result = room.propose(sequence(*steps), "nobody")
    assert (result.outcome, result.rule, result.message) == ("refused", rule, said)
    assert room.sent == []
    assert not [p for p in room.progress if p.nonce]


def test_a_step_that_has_become_impossible_ends_it(room: Room) -> None:
    def take_away() -> None:
        seen = room.controllers.seen
        left = tuple(thing for thing in seen.objects if thing.name != "red cube")
        room.controllers.seen = dataclasses.replace(seen, objects=left)

    at_goal(room, 1, take_away)
    result = room.ask(sequence(UP_STEP, PICK_STEP, HOME_STEP), "nobody", yes_by_service(room))
    assert (result.outcome, result.rule) == ("failed", "unknown_object")
    assert [step.outcome for step in result.steps] == ["done", "failed"]
    assert len(room.sent) == 1


def test_an_object_of_a_later_step_that_was_moved_while_asking_is_left_alone(room: Room) -> None:
    def move_and_agree(nonce: str) -> None:
        seen = room.controllers.seen
        moved = tuple(
            dataclasses.replace(thing, position=(0.35, 0.1, 0.02)) if thing.name == "green cube" else thing
            for thing in seen.objects
        )
        room.controllers.seen = dataclasses.replace(seen, objects=moved)
        room.bridge.confirm(True, room.bridge.pending_nonce)

    steps = (UP_STEP, {"skill": "pick", "arguments": {"object": "green cube"}})
    result = room.ask(sequence(*steps), "nobody", move_and_agree)
    assert (result.rule, room.sent) == ("scene_changed", [])


def test_the_question_is_bound_to_all_plans_of_the_sequence(room: Room) -> None:
    hashes = []
    for last in (HOME_STEP, DOWN_STEP):
        room.progress.clear()
        room.ask(
            sequence(UP_STEP, last),
            f"nobody {last}",
            lambda _: room.bridge.confirm(False, room.bridge.pending_nonce) and None,
        )
        hashes.append(room.entries("asked")[-1]["plan"])
    assert hashes[0] != hashes[1]


# Slower on the way.


def slower(factor: float) -> dict[str, Any]:
    return {"skill": "set_speed", "arguments": {"factor": factor}}


def spoken_yes(room: Room) -> Callable[[str], None]:
    def agree(nonce: str) -> None:
        room.bridge.on_played(nonce, 10.0)
        room.hear("Yes.", began=11.0)

    return agree


def test_a_sequence_may_get_slower_on_the_way(room: Room) -> None:
    result = room.propose(
        sequence(UP_STEP, slower(0.5), UP_STEP),
        room.hear("Move up five centimeters, then slow down, then move up five centimeters."),
    )
    assert result.outcome == "done", result
    first, second = room.sent
    assert second.duration > 1.8 * first.duration
    assert room.bridge.memory.speed == 0.5
    assert [entry["factor"] for entry in room.entries("speed")] == [0.5]


@pytest.mark.parametrize(
    ("said", "steps", "rule"),
    [
        (
            "Slow down, then go at eighty percent speed, then move up five centimeters.",
            [slower(0.5), slower(0.8), UP_STEP],
            "faster_on_the_way",
        ),
        (
            "Move up five centimeters and then move at 1 percent speed.",
            [UP_STEP, slower(0.01)],
            "too_slow",
        ),
    ],
)
def test_a_sequence_never_gets_faster_nor_too_slow(
    room: Room, said: str, steps: list[Any], rule: str
) -> None:
    result = room.propose(sequence(*steps), room.hear(said))
    assert (result.outcome, result.rule, room.sent) == ("refused", rule, [])
    assert result.message.startswith("Step 2: ")
    assert room.bridge.memory.speed == 1.0


def test_a_sequence_cannot_undo_a_slow_down_that_was_said_meanwhile(room: Room) -> None:
    at_goal(room, 1, lambda: room.say("Move at 20 percent speed.", "set_speed", factor=0.2))
    said = "Move up five centimeters, then slow down, then move up five centimeters."
    assert room.propose(sequence(UP_STEP, slower(0.5), UP_STEP), room.hear(said)).outcome == "done"
    assert room.bridge.memory.speed == 0.2


def test_a_client_that_nobody_talked_to_sets_no_speed(room: Room) -> None:
    assert room.propose(sequence(slower(0.5), UP_STEP), "nobody").rule == "not_allowed"
    assert room.bridge.memory.speed == 1.0


def test_what_moves_nothing_is_done_at_its_turn_and_told(room: Room) -> None:
    steps = (UP_STEP, {"skill": "describe_scene", "arguments": {}})
    result = room.ask(sequence(*steps), "nobody", yes_by_service(room))
    assert result.outcome == "done"
    assert result.message.startswith("I see the red cube")


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
