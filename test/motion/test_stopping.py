# SPDX-License-Identifier: Apache-2.0
"""What stops the arm though nobody says stop, and what is known of it afterwards."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from room import SAID_UP, UP, Room

from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.aliveness import ClockWatch
from voice_agent_ros.motion.controllers import Completion

COMPANIONS = ("asr_node", "audio_node", "llm_node", "stop_guard_node")


def pass_time(room: Room, seconds: float, beating: tuple[str, ...] = ()) -> None:
    """Time passes; joints keep coming, and these hearts keep beating."""
    for _ in range(round(seconds / 0.1)):
        room.clock.now += 0.1
        room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock.now)
        for name in beating:
            room.bridge.companions.beat(name)
        room.bridge.watch()


@pytest.mark.parametrize("silent", COMPANIONS)
def test_who_falls_silent_during_a_motion_stops_it(room: Room, silent: str) -> None:
    turn = room.hear(SAID_UP)
    pass_time(room, 1.0, COMPANIONS)
    others = tuple(name for name in COMPANIONS if name != silent)
    room.controllers.during = lambda: pass_time(room, 3.0, others)
    assert room.propose(UP, turn).outcome == "stopped"
    assert room.bridge.latch_reason == f"{silent} has fallen silent"
    assert room.controllers.cancels >= 1


def test_hearts_that_beat_or_never_beat_stop_nothing(room: Room) -> None:
    turn = room.hear(SAID_UP)
    pass_time(room, 1.0, ("asr_node",))
    room.controllers.during = lambda: pass_time(room, 5.0, ("asr_node",))
    assert room.propose(UP, turn).outcome == "done"


def test_who_was_silent_before_is_not_missed(room: Room) -> None:
    room.bridge.companions.beat("llm_node")
    pass_time(room, 10.0, ("asr_node",))
    turn = room.hear(SAID_UP)
    room.controllers.during = lambda: pass_time(room, 5.0, ("asr_node",))
    assert room.propose(UP, turn).outcome == "done"


@pytest.mark.parametrize(("silent", "outcome"), [("llm_node", "done"), ("stop_guard_node", "stopped")])
def test_what_nobody_spoke_needs_the_guard_alone(room: Room, silent: str, outcome: str) -> None:
    pass_time(room, 1.0, COMPANIONS)
    others = tuple(name for name in COMPANIONS if name != silent)
    room.controllers.during = lambda: pass_time(room, 3.0, others)
    result = room.ask(UP, "nobody", lambda _: room.bridge.confirm(True, room.bridge.pending_nonce) and None)
    assert result.outcome == outcome


def test_silence_while_nothing_moves_is_no_stop(room: Room) -> None:
    pass_time(room, 1.0, COMPANIONS)
    pass_time(room, 10.0)
    assert not room.bridge.latched


@pytest.mark.parametrize("status", ["timeout", "absent"])
def test_a_silent_controller_latches(room: Room, status: str) -> None:
    room.controllers.endings = [Completion(status, "arm")]  # type: ignore[arg-type]
    result = room.propose(UP, room.hear(SAID_UP))
    assert (result.outcome, result.rule) == ("failed", status)
    assert room.bridge.latched
    assert "controller" in room.bridge.latch_reason
    assert room.controllers.cancels >= 1


@pytest.mark.parametrize("status", ["rejected", "aborted"])
def test_a_controller_that_says_no_does_not(room: Room, status: str) -> None:
    room.controllers.endings = [Completion(status, "arm", "why")]  # type: ignore[arg-type]
    assert room.propose(UP, room.hear(SAID_UP)).rule == status
    assert not room.bridge.latched


# Clocks.


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 0.5, -0.5])
def test_a_clock_jump_during_a_motion_stops_it(room: Room, jump: float) -> None:
    room.controllers.during = lambda: room.bridge.on_clock_jump(jump)
    assert room.propose(UP, room.hear(SAID_UP)).outcome == "stopped"
    assert "clock" in room.bridge.latch_reason


def test_a_clock_jump_while_nothing_moves_is_no_stop(room: Room) -> None:
    room.bridge.on_clock_jump(-5.0)
    assert not room.bridge.latched
    assert room.propose(UP, room.hear(SAID_UP)).outcome == "done"


def test_a_question_does_not_survive_a_clock_jump(room: Room) -> None:
    result = room.ask(UP, "nobody", lambda _: room.bridge.on_clock_jump(-100.0))
    assert result.rule == "not_confirmed"
    assert room.sent == []


def test_an_answer_that_may_have_begun_before_a_jump_does_not_count(room: Room) -> None:
    room.bridge.on_clock_jump(-100.0)

    def early_then_late(nonce: str) -> None:
        room.bridge.on_played(nonce, at=50.0)
        room.hear("Yes.", began=149.0)  # stamped by the old clock, before the question
        assert room.bridge.pending_nonce == nonce
        room.bridge.confirm(False, room.bridge.pending_nonce)

    opening = parse_call("open_gripper", {})
    assert room.ask(opening, room.hear("Let the gripper yawn open for me."), early_then_late).rule == (
        "not_confirmed"
    )
    assert room.sent == []


def test_a_clock_watch_sees_jumps_and_no_more() -> None:
    watch = ClockWatch()
    looks = [(100.0, 5.0), (100.1, 5.1), (100.4, 5.4), (200.5, 5.5), (200.6, 5.6), (150.0, 5.7), (151.0, 6.7)]
    assert [round(watch.look(*look), 3) for look in looks] == [0.0, 0.0, 0.0, 100.0, 0.0, -50.7, 0.0]


def test_clocks_between_which_the_computer_was_busy_are_not_compared() -> None:
    watch, monotonic = ClockWatch(), iter([1.0, 1.01, 1.1, 1.5, 1.6, 1.61])
    assert watch.compare(lambda: 100.0, monotonic.__next__) == 0.0
    assert watch.compare(lambda: 100.5, monotonic.__next__) == 0.0, "0.4 s passed between the two clocks"
    assert watch.compare(lambda: 110.6, monotonic.__next__) == pytest.approx(10.0)


def test_simulated_time_may_run_at_any_rate_but_not_back() -> None:
    watch = ClockWatch(any_rate=True)
    looks = [(0.0, 5.0), (10.0, 5.1), (10.0, 15.0), (2.0, 15.1), (2.1, 15.2)]
    assert [watch.look(*look) for look in looks] == [0.0, 0.0, 0.0, -8.0, 0.0]


# Standstill.


def slow_down(room: Room, speeds: list[float]) -> None:
    """After the stop the joints show these speeds, 20 ms apart."""
    shown = itertools.chain(speeds, itertools.repeat(speeds[-1]))

    def joints() -> Any:
        room.clock.now += 0.02
        snapshot = room.controllers.snapshot
        velocity = np.full_like(snapshot.arm, next(shown))
        return dataclasses.replace(snapshot, arm_velocity=velocity, at=room.clock.now)

    def stop() -> None:
        room.bridge.stop("test")
        room.controllers.joints = joints

    room.controllers.during = stop


def test_standstill_is_measured_and_on_record(room: Room) -> None:
    slow_down(room, [0.8, 0.6, 0.4, 0.2, 0.1, 0.0])
    result = room.propose(UP, room.hear(SAID_UP))
    assert (result.outcome, result.message) == ("stopped", "Stopped.")
    entry = room.entries("ended")[0]
    assert 0.08 <= entry["standstill_s"] <= 0.2
    assert len(entry["joints"]) == 6


def test_an_arm_that_does_not_stop_is_told_of(room: Room) -> None:
    slow_down(room, [0.8])
    result = room.propose(UP, room.hear(SAID_UP))
    assert result.outcome == "stopped"
    assert "does not stand still" in result.message
    assert "standstill_s" not in room.entries("ended")[0]


# A stop needs nothing.


def test_a_stop_is_exempt_from_keys_rates_and_words(room: Room) -> None:
    stop = parse_call("stop", {})
    for turn in ("turn-0", "turn-0", ""):
        room.bridge.resume()
        assert room.propose(stop, turn, "the same key").outcome == "stopped"
        assert room.bridge.latched


def test_a_stop_needs_no_disk(room: Room) -> None:
    room.audit.close()
    room.bridge.stop("test")
    assert room.bridge.latched
    assert room.controllers.cancels == 1


def test_a_stop_latches_even_if_the_controllers_cannot_be_told(room: Room) -> None:
    def broken() -> None:
        raise RuntimeError("fake: no connection")

    room.controllers.cancel_all = broken
    with pytest.raises(RuntimeError):
        room.bridge.stop("test")
    assert room.bridge.latched
    assert room.propose(UP, room.hear(SAID_UP)).rule in ("latched", "stale")
