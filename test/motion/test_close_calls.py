# SPDX-License-Identifier: Apache-2.0
"""What almost got past: settings and messages that are no numbers, words of nobody, fingers that do not move, failing disks."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from room import SAID_UP, UP, Room, until

from voice_agent_ros.intent.skill_frames import skill_words
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion import audit as audit_module
from voice_agent_ros.motion.arm_config import ArmConfig, Gripper, JointLimit
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.audit_chain import AuditError, entries, rotated_files, verify
from voice_agent_ros.motion.bridge import Proposal, Result
from voice_agent_ros.motion.confirmation import Confirmation
from voice_agent_ros.motion.controllers import Completion
from voice_agent_ros.motion.gate import Heard
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import KeepOut, Limits, Policy

NAN, INF = float("nan"), float("inf")
UP_AND_DOWN = "Move up five centimeters and then move down five centimeters."
STEPS = [
    {"skill": "move_by", "arguments": {"direction": direction, "distance": 0.05}}
    for direction in ("up", "down")
]


@pytest.fixture(autouse=True, scope="module")
def words() -> None:
    """The word list takes a while: here, and not while somebody waits for a question."""
    skill_words("en")


@pytest.mark.parametrize(
    ("section", "values"),
    [
        (Limits, {"workspace_low": (NAN, NAN, NAN)}),
        (Limits, {"workspace_high": (0.5, INF, 0.5)}),
        (Limits, {"obstacle_clearance": INF}),
        (KeepOut, {"name": "person", "low": (NAN, 0.0, 0.0), "high": (1.0, 1.0, 1.0)}),
        (JointLimit, {"max_position": NAN}),
        (JointLimit, {"min_position": NAN}),
        (Gripper, {"joint": "finger", "open": NAN, "closed": 0.0}),
        (Gripper, {"joint": "finger", "open": 0.1, "closed": 0.0, "tip_length": INF}),
    ],
)
def test_a_limit_that_is_no_number_would_never_be_exceeded(section: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="finite"):
        section(**values)


def test_a_gripper_without_a_way_is_none() -> None:
    with pytest.raises(ValidationError, match="open must be above closed"):
        Gripper(joint="finger", open=0.02, closed=0.02)


def start(room: Room, say: str, skill: str, **arguments: Any) -> tuple[threading.Thread, list[Result]]:
    """Say it in a thread, for a question may come."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(room.say(say, skill, **arguments)), daemon=True)
    thread.start()
    return thread, results


def test_again_asks_for_a_step_that_is_always_read_back(
    planner: Planner, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any, tmp_path: Path
) -> None:
    asking = policy.confirmation.model_copy(update={"skills": {"set_speed": "never", "move_by": "always"}})
    strict = policy.model_copy(update={"confirmation": asking})
    room = Room(planner, controllers, arm, strict, clock, tmp_path / "audit.jsonl")
    for words, skill, arguments in ((UP_AND_DOWN, "sequence", {"steps": STEPS}), ("Again.", "repeat", {})):
        room.progress.clear()
        sent = len(room.sent)
        thread, results = start(room, words, skill, **arguments)
        until(lambda: any(progress.nonce for progress in room.progress))
        assert results == []
        assert len(room.sent) == sent
        room.bridge.confirm(True, room.bridge.pending_nonce)
        thread.join(timeout=5.0)
        assert results[0].outcome == "done"
    room.close()


def test_words_of_no_turn_speak_for_no_proposal(room: Room) -> None:
    room.bridge.on_heard(Heard("", "s", SAID_UP, "en", 0.9, room.clock(), 0.0))
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(room.propose(UP, "", "key")), daemon=True)
    thread.start()
    until(lambda: room.bridge.pending_nonce)  # as if nothing had been said
    room.bridge.confirm(False, room.bridge.pending_nonce)
    thread.join(timeout=5.0)
    assert results[0].rule == "not_confirmed"
    assert room.sent == []


def test_an_answer_at_no_time_does_not_count() -> None:
    question = Confirmation("digest", 20.0)
    question.on_played(question.nonce, 10.0)
    question.on_heard(Heard("turn", "s", "Yes.", "en", 0.9, 0.0, NAN))
    assert question.answered_with is None


def test_a_stop_ends_the_question_even_if_no_controller_can_be_reached(room: Room) -> None:
    def gone() -> None:
        raise RuntimeError("the client was destroyed")

    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(room.propose(UP, "", "key")), daemon=True)
    thread.start()
    until(lambda: room.bridge.pending_nonce)
    room.controllers.cancel_all = gone
    with pytest.raises(RuntimeError):
        room.bridge.stop("test")
    thread.join(timeout=5.0)
    assert results[0].outcome == "stopped"
    assert room.bridge.latched


def test_a_clock_jump_between_two_steps_stops_too(room: Room) -> None:
    readiness, situations = room.bridge._readiness, []
    situation = readiness.situation

    def jumping() -> Any:
        situations.append(room.executor.is_running)
        if len(situations) == 2:  # the second step is being planned, and nothing moves
            room.bridge.on_clock_jump(5.0)
        return situation()

    readiness.situation = jumping  # type: ignore[method-assign]
    result = room.say(UP_AND_DOWN, "sequence", steps=STEPS)
    assert situations == [False, False]
    assert result.outcome == "stopped"
    assert len(room.sent) == 1
    assert room.bridge.latched


def test_a_dry_run_of_resume_does_not_claim_that_it_may_move(room: Room) -> None:
    room.bridge.stop("test")
    turn = room.hear("Resume.")
    result = room.bridge.carry_out(Proposal((parse_call("resume", {}),), turn, "key", dry_run=True), print)
    assert (result.outcome, result.rule) == ("done", "dry_run")
    assert room.bridge.latched
    assert "?" in result.message


# Fingers that do not move though their controller says so.


def jam(room: Room, at: float) -> None:
    def grip(position: float, max_effort: float, timeout_s: float, on_accepted: Any) -> Completion:
        room.sent.append(position)
        on_accepted()
        return Completion("succeeded", "gripper")

    def joints() -> Any:
        room.clock.now += 0.01
        room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock())
        return room.controllers.snapshot

    room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, gripper=at)
    room.controllers.grip, room.controllers.joints = grip, joints


def test_a_gripper_that_does_not_open(room: Room, arm: ArmConfig) -> None:
    jam(room, arm.gripper.closed)
    result = room.say("Open the gripper.", "open_gripper")
    assert (result.outcome, result.rule) == ("failed", "gripper_stuck")
    assert "controller" in result.message


@pytest.mark.parametrize(
    ("words", "skill", "arguments", "rule"),
    [
        ("Close the gripper.", "close_gripper", {}, "gripper_stuck"),
        ("Pick up the red cube.", "pick", {"object": "red cube"}, "not_held"),
    ],
)
def test_a_gripper_that_does_not_close(
    room: Room, arm: ArmConfig, words: str, skill: str, arguments: dict[str, Any], rule: str
) -> None:
    room.controllers.seen = dataclasses.replace(  # no camera tells where the cube is
        room.controllers.seen,
        objects=tuple(dataclasses.replace(thing, source="given") for thing in room.controllers.seen.objects),
    )
    jam(room, arm.gripper.open)
    result = room.say(words, skill, **arguments)
    assert (result.outcome, result.rule) == ("failed", rule)
    assert room.bridge.held == ""


# The record.


def test_a_number_that_json_has_no_word_for_is_recorded(room: Room) -> None:
    def no_json(word: str) -> None:
        raise AssertionError(word)

    room.bridge.on_heard(Heard("odd", "s", SAID_UP, "en", NAN, room.clock(), 0.0))
    assert room.propose(UP, "odd").rule == "low_confidence"
    for line in room.log.read_text(encoding="utf-8").splitlines():
        json.loads(line, parse_constant=no_json)
    assert [entry["confidence"] for entry in room.entries("proposed")] == ["nan"]


@pytest.mark.parametrize("call", ["open", "write", "rename"])
@pytest.mark.parametrize("nth", range(1, 13))
def test_a_disk_that_fails_once_while_files_change_is_overcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, nth: int
) -> None:
    path, calls, real = tmp_path / "audit.jsonl", [0], getattr(os, call)
    log = AuditLog(path, max_bytes=600, kept_files=20)

    def failing(*arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] == nth:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(audit_module.os, call, failing)
    refused = []
    for number in range(40):
        try:
            log.write("event", number=number, text="x" * number)
        except AuditError:
            refused.append(number)
    log.close()
    assert calls[0] > nth
    assert len(refused) == 1
    files = [*rotated_files(path), path]
    verify(files)
    numbers = [entry["number"] for entry in entries(files) if entry["event"] == "event"]
    assert numbers == [number for number in range(40) if number not in refused]


@pytest.mark.parametrize(
    ("session", "words", "answer"),
    [
        ("s", "Yes.", "yes"),
        ("s", "Lovely weather.", "other"),
        ("another", "Yes.", None),
        ("", "Yes.", None),
        ("another", "Lovely weather.", None),
        ("another", "No!", "no"),
        ("another", "Don't.", "no"),
    ],
)
def test_only_who_was_asked_agrees_and_anybody_declines(session: str, words: str, answer: str | None) -> None:
    question = Confirmation("digest", 20.0, session="s")
    question.on_played(question.nonce, 10.0)
    question.on_heard(Heard("turn", session, words, "en", 0.9, 0.0, 11.0))
    assert (question.answered_with is not None) == (answer is not None)
    if answer is not None:
        assert question.wait(lambda: 0.0) == answer
