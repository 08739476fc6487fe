# SPDX-License-Identifier: Apache-2.0
"""The gate's rules and what of them the policy decides, one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from room import SAID_UP, UP, Room

from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.audit_chain import verify
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy

Make = Callable[..., Room]
GUESSED = "Let the gripper yawn open for me."
OPEN = parse_call("open_gripper", {})


@pytest.fixture
def make(
    planner: Planner, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any, tmp_path: Path
) -> Iterator[Make]:
    made: list[Room] = []

    def make(**sections: Any) -> Room:
        changed = Policy.model_validate({**policy.model_dump(), **sections})
        made.append(Room(planner, controllers, arm, changed, clock, tmp_path / f"{len(made)}.jsonl"))
        return made[-1]

    yield make
    for room in made:
        room.close()


# Read-back.


def is_asked(room: Room, call: Any, text: str) -> bool:
    asked: list[str] = []

    def no(nonce: str) -> None:
        asked.append(nonce)
        room.bridge.confirm(False, room.bridge.pending_nonce)

    room.progress.clear()
    turn = room.hear(text)
    thread = threading.Thread(target=lambda: room.propose(call, turn), daemon=True)
    thread.start()
    while thread.is_alive():
        if room.bridge.pending_nonce:
            no(room.bridge.pending_nonce)
        thread.join(0.002)
    return bool(asked)


@pytest.mark.parametrize(
    ("confirmation", "plain", "guessed"),
    [
        ({}, False, True),
        ({"by_risk": {"low": "never"}}, False, False),
        ({"by_risk": {"low": "always"}}, True, True),
        ({"skills": {"open_gripper": "always"}}, True, True),
        ({"by_risk": {"low": "always"}, "skills": {"open_gripper": "llm"}}, False, True),
        ({"by_risk": {"medium": "always", "high": "always"}}, False, True),
    ],
)
def test_what_is_read_back(make: Make, confirmation: dict[str, Any], plain: bool, guessed: bool) -> None:
    room = make(confirmation=confirmation)
    assert is_asked(room, OPEN, "Open the gripper.") is plain
    assert is_asked(room, OPEN, GUESSED) is guessed


def test_a_risk_class_can_be_moved(make: Make) -> None:
    room = make(skills={"allowed": ["open_gripper"], "risk": {"open_gripper": "high"}})
    assert is_asked(room, OPEN, "Open the gripper.")


# Confidence.


@pytest.mark.parametrize(
    ("confidence", "refused"),
    [(0.39, True), (0.41, False), (float("nan"), True), (-1.0, True)],
)
def test_confidence(make: Make, confidence: float, refused: bool) -> None:
    room = make()
    result = room.propose(UP, room.hear(SAID_UP, confidence=confidence))
    assert (result.rule == "low_confidence") is refused


def test_more_risk_needs_more_confidence(make: Make) -> None:
    room = make(transcripts={"min_confidence": {"low": 0.3, "medium": 0.6, "high": 0.9}})
    pick = parse_call("pick", {"object": "green cube"})
    assert room.propose(UP, room.hear(SAID_UP, confidence=0.5)).outcome == "done"
    assert room.propose(pick, room.hear("Pick up the green cube.", confidence=0.5)).rule == "low_confidence"
    room.bridge.stop("test")
    room.clock.now += 1.0
    assert (
        room.propose(parse_call("resume", {}), room.hear("Resume.", confidence=0.8)).rule == "low_confidence"
    )
    steps = [{"skill": "move_to", "arguments": {"pose": "home"}}] * 2
    sequence = parse_call("sequence", {"steps": steps})
    assert room.propose(sequence, room.hear("Go home and go home.", confidence=0.5)).rule == "low_confidence"


# Interrupted, too often, used twice.


def test_what_a_model_makes_of_a_sentence_that_was_spoken_over_is_refused(make: Make) -> None:
    room = make()
    turn = room.hear(GUESSED)
    room.bridge.on_speaking("a later turn")  # a partial transcript
    assert room.propose(OPEN, turn).rule == "interrupted"
    assert room.sent == []


def test_plain_words_are_quicker_than_the_next_ones(make: Make) -> None:
    room = make()
    turn = room.hear(SAID_UP)
    room.bridge.on_speaking("a later turn")
    assert room.propose(UP, turn).outcome == "done"


def test_its_own_partials_interrupt_nothing(make: Make) -> None:
    room = make(confirmation={"by_risk": {"low": "never"}})
    turn = room.hear(GUESSED)
    room.bridge.on_speaking(turn)
    assert room.propose(OPEN, turn).outcome == "done"


def test_so_many_in_a_minute(make: Make) -> None:
    room = make(rate={"per_minute": 3}, confirmation={"of_unspoken": False})
    rules = [room.propose(OPEN, "nobody", f"key {n}").rule for n in range(5)]
    assert rules == ["", "", "", "too_often", "too_often"]
    room.clock.now += 60.0
    assert room.propose(OPEN, "nobody", "later").outcome == "done"


def test_a_key_is_for_one_thing(make: Make) -> None:
    room = make(confirmation={"of_unspoken": False})
    assert room.propose(OPEN, "nobody", "key").outcome == "done"
    assert room.propose(UP, "nobody", "key").rule == "key_reused"
    assert room.propose(OPEN, "somebody", "key").rule == "key_reused"
    assert len(room.sent) == 1


@pytest.mark.parametrize("skill", ["resume", "repeat", "undo", "continue", "set_speed", "remember_place"])
def test_what_only_a_person_may_ask_for(make: Make, skill: str) -> None:
    arguments = {"set_speed": {"factor": 0.5}, "remember_place": {"name": "tray"}}.get(skill, {})
    room = make(confirmation={"of_unspoken": False})
    call = parse_call(skill, arguments)
    assert room.propose(call, "nobody").rule == "not_allowed"
    assert room.propose(call, room.hear("The weather is lovely, is it not?")).rule == "not_allowed"


@pytest.mark.parametrize("after", ["No, don't do that!", "Open the gripper.", "别动"])
def test_what_was_said_before_something_else_is_not_acted_on_any_more(make: Make, after: str) -> None:
    room = make()
    turn = room.hear(SAID_UP)
    room.clock.now += 0.5
    room.hear(after)
    assert room.propose(UP, turn).rule == "interrupted"
    assert not room.sent


def test_a_certainty_above_one_is_none(make: Make) -> None:
    room = make()
    for confidence in (1e308, float("inf"), float("nan"), -1.0):
        assert room.propose(UP, room.hear(SAID_UP, confidence=confidence)).rule == "low_confidence"


def test_what_is_wanted_slowly_is_done_slowly_and_only_that(make: Make) -> None:
    room = make()
    for words in (SAID_UP, "Slowly move the arm up five centimeters.", SAID_UP):
        assert room.propose(UP, room.hear(words)).outcome == "done"
    plain, slow, again = (one.duration for one in room.sent)
    assert slow > 1.4 * plain
    assert again < 0.8 * slow


# The record.


def test_one_turn_on_record(make: Make) -> None:
    room = make()
    room.controllers.endings = []
    room.propose(UP, room.hear(SAID_UP))
    proposed, judged, executing, goal, ended = (
        room.entries(event)[0] for event in ("proposed", "judged", "executing", "goal", "ended")
    )
    assert {entry["key"] for entry in (proposed, judged, executing, goal, ended)} == {"turn-1"}
    assert {entry["turn"] for entry in (proposed, judged, executing, goal, ended)} == {"turn-1"}
    assert len(proposed["words"]) == 64
    assert proposed["calls"] == [{"skill": "move_by", "arguments": {"direction": "up", "distance": 0.05}}]
    assert (judged["engine"], judged["risk"], judged["ask"]) == ("grammar", "low", False)
    assert len(executing["plan"]) == 64
    assert (goal["controller"], goal["status"], goal["step"]) == ("arm", "succeeded", 0)
    assert (ended["outcome"], len(ended["joints"])) == ("done", 6)
    numbers = [entry["n"] for entry in (proposed, judged, executing, goal, ended)]
    assert numbers == sorted(numbers)
    assert verify([room.log]).lines >= 5


def test_what_people_say_is_not_kept_unless_the_policy_keeps_it(make: Make) -> None:
    room = make()
    secret = parse_call("pick", {"object": "grandmothers will"})
    room.propose(secret, room.hear("Pick up the grandmothers will."))
    assert "grandmother" not in room.log.read_text()
    assert room.entries("refused")[0]["rule"] == "unknown_object"
    room.propose(parse_call("pick", {"object": "red cube"}), room.hear("Don't pick up the red cube."))
    assert "red cube" in room.log.read_text()  # it is on the table for everybody to see
    keeping = make(audit={"store_text": True})
    keeping.propose(secret, keeping.hear("Pick up the grandmothers will."))
    assert keeping.entries("proposed")[0]["text"] == "Pick up the grandmothers will."


def test_question_and_answer_are_on_record(make: Make) -> None:
    room = make()

    def yes(nonce: str) -> None:
        room.bridge.on_played(nonce, at=50.0)
        room.hear("Yes.", began=51.0)

    assert room.ask(OPEN, room.hear(GUESSED), yes).outcome == "done"
    asked, answered = room.entries("asked")[0], room.entries("answered")[0]
    assert asked["nonce"] == answered["nonce"]
    assert asked["plan"] == room.entries("executing")[0]["plan"]
    assert (answered["answer"], len(answered["words"])) == ("yes", 64)
