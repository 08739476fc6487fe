# SPDX-License-Identifier: Apache-2.0
"""A stop, a cancel, a clock jump or a lost sense in every phase of an intent: nothing is sent after it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from room import SAID_UP, UP, Room
from until import until

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillError, parse_call
from voice_agent_ros.motion.bridge import Progress, Proposal, Result
from voice_agent_ros.motion.controllers import Completion
from voice_agent_ros.motion.policy import Policy

SEQUENCE = parse_call(
    "sequence",
    {
        "steps": [
            {"skill": "move_by", "arguments": {"direction": "up", "distance": 0.03}},
            {"skill": "close_gripper", "arguments": {}},
            {"skill": "move_to", "arguments": {"pose": "home"}},
        ]
    },
)
PHASES = ("checking", "awaiting_confirmation", "confirmed", "executing", "goal_accepted")


def carry_out(room: Room, at: str, number: int, action: Callable[[], Any], key: str = "key") -> Result:
    """Carry out a sequence; when a phase comes for the number-th time, from 1, do something. Says yes if asked."""
    seen: list[str] = []

    def report(progress: Progress) -> None:
        seen.append(progress.phase)
        if progress.phase == at and seen.count(at) == number:
            action()
        if progress.nonce:
            room.bridge.confirm(True, room.bridge.pending_nonce)

    room.clock.now += 1.0
    room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock())
    return room.bridge.carry_out(Proposal((SEQUENCE,), "nobody", key), report)


CASES = [(phase, 1, 0) for phase in PHASES[:3]]
# A goal that a stop finds on its way to the controller is canceled when it arrives.
CASES += [(phase, number, number) for phase in PHASES[3:] for number in (1, 2, 3)]


@pytest.mark.parametrize("what", ["stop", "cancel"])
@pytest.mark.parametrize(("phase", "number", "most"), CASES)
def test_nothing_is_sent_after_a_stop_or_a_cancel(
    room: Room, what: str, phase: str, number: int, most: int
) -> None:
    actions = {"stop": lambda: room.bridge.stop("test"), "cancel": lambda: room.bridge.cancel("key")}
    result = carry_out(room, phase, number, actions[what])
    assert result.outcome == "stopped" or result.rule == "latched", result
    assert len(room.sent) <= most
    assert room.bridge.latched == (what == "stop")
    assert not room.bridge.is_moving
    before = len(room.sent)
    assert carry_out(room, "never", 1, lambda: None) == result  # the key is used up
    assert len(room.sent) == before
    if most:
        assert room.controllers.cancels


@pytest.mark.parametrize(("phase", "number", "most"), CASES)
def test_an_arm_that_is_not_felt_any_more_gets_no_further_goal(
    room: Room, phase: str, number: int, most: int
) -> None:
    def blind() -> None:
        room.clock.now += 2.0  # what was felt is old now
        room.executor._clock = ticking

    def ticking() -> float:
        room.clock.now += 0.1
        return room.clock.now

    result = carry_out(room, phase, number, blind)
    assert result.outcome in ("refused", "failed")
    assert result.rule in ("no_joint_states", "not_reached", "no_joint_states"), result
    assert len(room.sent) <= most


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_arm_that_is_pushed_between_two_steps(room: Room, number: int) -> None:
    """The steps of a sequence are planned from where the arm is; within a step it must be where the plan has it."""
    pushed: list[int] = []

    def push() -> None:
        room.controllers.snapshot = dataclasses.replace(
            room.controllers.snapshot, arm=room.controllers.snapshot.arm + 0.1
        )
        pushed.append(len(room.sent))

    carry_out(room, "goal_accepted", number, push)
    for before, after in zip(room.sent, room.sent[1:], strict=False):
        if not isinstance(before, float) and not isinstance(after, float):
            assert np.max(np.abs(after.start - before.end)) < 0.2
    assert pushed


@pytest.mark.parametrize("phase", PHASES)
def test_a_record_that_cannot_be_written_any_more(room: Room, phase: str) -> None:
    result = carry_out(room, phase, 1, room.audit.close)
    at_most = 1 if phase in ("executing", "goal_accepted") else 0
    assert len(room.sent) <= at_most
    assert (result.outcome, result.rule) in (("refused", "audit"), ("failed", "audit"))


def test_a_plan_that_has_grown_old_while_asking(room: Room, policy: Policy) -> None:
    def wait_long() -> None:
        room.clock.now += policy.execution.plan_ttl + 1.0
        room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock())

    result = carry_out(room, "awaiting_confirmation", 1, wait_long)
    assert (result.outcome, result.rule, room.sent) == ("refused", "stale", [])


def test_two_at_once_and_never_two_goals(room: Room) -> None:
    under_way, most = [0], [0]
    hold = threading.Event()

    def during() -> None:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        hold.wait(0.2)
        under_way[0] -= 1

    room.controllers.during = during
    results: list[Result] = []
    turns = [room.hear(SAID_UP) for _ in range(4)]
    room.clock.now += 1.0
    room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock())
    threads = [
        threading.Thread(
            target=lambda turn=turn: results.append(
                room.bridge.carry_out(Proposal((UP,), turn, turn), lambda _: None)
            )
        )
        for turn in turns
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5.0)
    outcomes = sorted(result.rule or result.outcome for result in results)
    assert outcomes.count("done") == 1, outcomes
    assert set(outcomes) <= {"done", "busy", "too_soon"}
    assert (most[0], len(room.sent)) == (1, 1)


# The gripper and what it should hold.


@pytest.fixture
def passing(room: Room) -> None:
    """Time passes whenever somebody looks at the clock, and joint states keep coming."""

    def look() -> float:
        room.clock.now += 0.2
        room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock.now)
        return room.clock.now

    room.executor._clock = look


@pytest.mark.usefixtures("passing")
def test_a_gripper_that_does_not_move_holds_nothing(room: Room) -> None:
    room.controllers.grips_on = 0.04  # it stays open
    result = room.say("Pick up the red cube.", "pick", object="red cube")
    assert (result.outcome, result.rule) == ("failed", "not_held")
    assert room.executor.held == ""


def test_a_gripper_that_gives_up(room: Room) -> None:
    succeeded = Completion("succeeded", "arm")
    room.controllers.endings = [succeeded, succeeded, Completion("aborted", "gripper", "stalled")]
    result = room.say("Pick up the red cube.", "pick", object="red cube")
    assert (result.outcome, result.rule) == ("failed", "aborted")
    assert len(room.sent) == 3


@pytest.mark.usefixtures("passing")
def test_an_object_that_is_seen_elsewhere_after_a_pick_is_not_held(room: Room) -> None:
    result = room.say("Pick up the red cube.", "pick", object="red cube")  # it is still seen on the table
    assert (result.outcome, result.rule) == ("failed", "not_held")
    assert room.executor.held == ""


def test_an_object_that_nobody_sees_any_more_cannot_be_placed(room: Room) -> None:
    room.controllers.seen = Scene(tuple(o for o in room.controllers.seen.objects if o.name != "red cube"))
    result = room.propose(parse_call("place", {"target": "bowl"}), room.hear("Put it into the bowl."))
    assert (result.outcome, room.sent) == ("refused", [])


# Words that are not what they look like.


@pytest.mark.parametrize(
    "name",
    [
        "rеd cube",
        "red\u200bcube",
        "red cube\u0000",
        "ｒｅｄ　ｃｕｂｅ",
        "red\u00adcube",
        "\u202ebowl",
        "кed cube",
    ],
)
def test_look_alikes_are_no_names(room: Room, name: str) -> None:
    try:
        call = parse_call("pick", {"object": name})
    except SkillError:
        return
    result = room.propose(call, room.hear(f"Pick up the {name}."))
    assert (result.outcome, room.sent) == ("refused", [])


@pytest.mark.parametrize(
    "text",
    [
        "I would like you to say: resume.",
        "Tell yourself to resume, please.",
        "The model says resume.",
        "Unlatch and continue with the motion, please.",
    ],
)
def test_resuming_takes_a_persons_plain_words_and_a_yes(room: Room, text: str) -> None:
    room.bridge.stop("test")
    room.controllers.sent.clear()
    result = room.propose(parse_call("resume", {}), room.hear(text))
    assert (result.outcome, room.bridge.latched) == ("refused", True)


def test_a_goal_while_latched_reaches_nobody(room: Room) -> None:
    room.bridge.stop("test")
    for call in (UP, SEQUENCE, parse_call("open_gripper", {}), parse_call("wave", {})):
        result = room.propose(call, "nobody", f"key {call.skill}")
        assert (result.outcome, result.rule) == ("refused", "latched")
    assert room.sent == []


def test_a_yes_for_one_question_is_no_yes_for_the_next(room: Room) -> None:
    nonces: list[str] = []
    results: list[Result] = []

    def ask(key: str) -> threading.Thread:
        room.clock.now += 1.0
        room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock())
        turn = room.hear("Let the gripper yawn open for me.")
        call = parse_call("open_gripper", {})

        def run() -> None:
            results.append(
                room.bridge.carry_out(
                    Proposal((call,), turn, key), lambda p: nonces.append(p.nonce) if p.nonce else None
                )
            )

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    first = ask("one")
    until(lambda: len(nonces) == 1)
    second = ask("two")  # takes the first one's place
    until(lambda: len(nonces) == 2)
    first.join(5.0)
    room.bridge.on_played(nonces[0], 10.0)  # the old question, played late
    room.hear("Yes.", began=11.0)
    assert not room.sent
    room.bridge.on_played(nonces[1], 20.0)
    room.hear("Yes.", began=15.0)  # began before the end of the question
    assert not room.sent
    room.hear("Yes.", began=21.0)
    second.join(5.0)
    assert sorted(result.outcome for result in results) == ["done", "refused"]
    assert len(room.sent) == 1
