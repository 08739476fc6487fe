# SPDX-License-Identifier: Apache-2.0
"""The bridge counts at the controllers' side: what reaches them, and what never does."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from room import SAID_UP, UP, Room

from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.skills import SKILLS, SkillError, parse_call
from voice_agent_ros.motion.audit_chain import verify
from voice_agent_ros.motion.bridge import Proposal
from voice_agent_ros.motion.gate import Heard
from voice_agent_ros.motion.latch import Latch


def test_what_was_said_is_done(room: Room) -> None:
    result = room.propose(UP, room.hear(SAID_UP))
    assert result.outcome == "done"
    assert len(room.controllers.sent) == 1
    assert [p.phase for p in room.progress][:3] == ["checking", "judged", "planned"]


def test_starts_latched(room: Room) -> None:
    room.bridge._latch = Latch()  # as it is before anybody has released it
    assert room.bridge.latched
    assert room.propose(UP, room.hear(SAID_UP)).rule == "latched"
    assert room.controllers.sent == []


def test_a_duplicate_gets_the_first_result_and_moves_nothing(room: Room) -> None:
    turn = room.hear(SAID_UP)
    first, second = room.propose(UP, turn, "key"), room.propose(UP, turn, "key")
    assert first == second
    assert len(room.controllers.sent) == 1


@pytest.mark.parametrize(
    ("text", "confidence", "rule"),
    [
        ("Don't move the arm up five centimeters.", 0.9, "not_a_command"),
        ("Did you move the arm up five centimeters?", 0.9, "not_a_command"),
        ("He said move the arm up five centimeters.", 0.9, "not_a_command"),
        ("Nice weather today.", 0.9, "not_"),
        (SAID_UP, 0.1, "low_confidence"),
        ("Move the arm up.", 0.9, "not_grounded"),
    ],
)
def test_what_was_not_asked_for_is_refused(room: Room, text: str, confidence: float, rule: str) -> None:
    call = parse_call("move_by", {"direction": "up", "distance": 0.31})
    result = room.propose(UP if confidence < 0.5 else call, room.hear(text, confidence=confidence))
    assert result.outcome == "refused"
    assert rule in result.rule
    assert room.controllers.sent == []


def test_an_old_sentence_cannot_start_a_motion(room: Room) -> None:
    turn = room.hear(SAID_UP)
    room.clock.now += 60.0
    assert room.propose(UP, turn).rule == "stale"


def test_the_first_words_of_a_turn_count(room: Room) -> None:
    turn = room.hear("Don't move the arm.")
    room.bridge.on_heard(Heard(turn, "s", SAID_UP, "en", 0.99, room.clock(), 0.0))
    assert room.propose(UP, turn).outcome == "refused"
    assert room.controllers.sent == []


def test_resume_is_never_a_models(room: Room) -> None:
    room.bridge.stop("test")
    result = room.propose(parse_call("resume", {}), room.hear("I would like to see the arm in action."))
    assert result.rule == "not_allowed"
    assert room.bridge.latched


PARAPHRASE = "The blue one deserves a place in the bowl."
PUT_BLUE = parse_call("pick_and_place", {"object": "blue cube", "target": "bowl"})


def spoken(room: Room, text: str, *, after: float) -> Callable[[str], None]:
    def answer(nonce: str) -> None:
        room.bridge.on_played(nonce, at=50.0)
        room.hear(text, began=50.0 + after)

    return answer


def test_a_models_guess_is_asked_back_and_done_after_yes(room: Room) -> None:
    moved = dataclasses.replace(room.controllers.seen.find("blue cube"), position=(0.30, -0.28, 0.03))

    def answer(nonce: str) -> None:
        assert room.controllers.sent == []
        spoken(room, "Yes.", after=0.5)(nonce)

    room.controllers.during = lambda: setattr(
        room.controllers,
        "seen",
        dataclasses.replace(
            room.controllers.seen,
            objects=(moved, *(o for o in room.controllers.seen.objects if o.name != "blue cube")),
        ),
    )
    result = room.ask(PUT_BLUE, room.hear(PARAPHRASE), answer)
    assert (result.outcome, result.message) == ("done", "Done: the blue cube is in the bowl.")
    question = next(p.message for p in room.progress if p.phase == "awaiting_confirmation")
    assert question == "Shall I put the blue cube into the bowl?"


@pytest.mark.parametrize(
    ("words", "after", "rule"),
    [("No.", 0.5, "not_confirmed"), ("What a lovely day.", 0.5, "not_confirmed")],
)
def test_anything_but_yes_moves_nothing(room: Room, words: str, after: float, rule: str) -> None:
    result = room.ask(PUT_BLUE, room.hear(PARAPHRASE), spoken(room, words, after=after))
    assert result.rule == rule
    assert room.controllers.sent == []


def test_a_yes_that_began_before_the_question_was_played_does_not_count(room: Room) -> None:
    def early_then_no(nonce: str) -> None:
        room.hear("Yes.", began=40.0)
        spoken(room, "Yes.", after=-1.0)(nonce)
        assert room.bridge.pending_nonce == nonce
        room.bridge.confirm(False, room.bridge.pending_nonce)

    assert room.ask(PUT_BLUE, room.hear(PARAPHRASE), early_then_no).rule == "not_confirmed"
    assert room.controllers.sent == []


def test_one_sentence_is_good_for_one_motion(room: Room) -> None:
    turn = room.hear(SAID_UP)
    assert room.propose(UP, turn, "first").outcome == "done"
    assert room.propose(UP, turn, "second").rule == "turn_used"
    assert len(room.controllers.sent) == 1


def test_a_cancel_that_comes_first_is_kept(room: Room) -> None:
    room.bridge.cancel("key")
    assert room.propose(UP, room.hear(SAID_UP), "key").outcome == "stopped"
    assert room.controllers.sent == []


def test_a_stop_wins_over_the_resume_that_is_under_way(room: Room) -> None:
    room.bridge.stop("test")

    def yes_and_stop(nonce: str) -> None:
        room.bridge.on_played(nonce, at=50.0)
        room.bridge.stop("again")
        room.hear("Yes.", began=50.5)

    assert room.ask(parse_call("resume", {}), room.hear("Resume."), yes_and_stop).outcome == "stopped"
    assert room.bridge.latched


def test_stop_while_asking(room: Room) -> None:
    result = room.ask(PUT_BLUE, room.hear(PARAPHRASE), lambda _: room.bridge.stop("test"))
    assert result.outcome == "stopped"
    assert room.bridge.latched
    assert room.controllers.sent == []


def test_an_arm_that_was_moved_while_asking_stays(room: Room) -> None:
    def move_then_yes(nonce: str) -> None:
        snapshot = room.controllers.snapshot
        room.controllers.snapshot = dataclasses.replace(snapshot, arm=snapshot.arm + 0.2)
        spoken(room, "Yes.", after=0.5)(nonce)

    assert room.ask(PUT_BLUE, room.hear(PARAPHRASE), move_then_yes).rule == "arm_moved"
    assert room.controllers.sent == []


def test_an_intent_that_nobody_spoke_needs_the_service(room: Room) -> None:
    def say_yes_then_confirm(nonce: str) -> None:
        spoken(room, "Yes.", after=0.5)(nonce)
        assert room.controllers.sent == []
        room.bridge.confirm(True, room.bridge.pending_nonce)

    assert room.ask(UP, "no such turn", say_yes_then_confirm).outcome == "done"


def test_unknown_object_names_what_is_seen(room: Room) -> None:
    result = room.propose(
        parse_call("pick", {"object": "purple elephant"}), room.hear("Pick up the purple elephant.")
    )
    assert result.rule == "unknown_object"
    assert "purple elephant" in result.message
    assert "red cube" in result.message


def test_a_sentence_may_arrive_after_the_intent_made_of_it(room: Room) -> None:
    later = threading.Timer(0.05, lambda: room.hear(SAID_UP))
    later.start()
    assert room.propose(UP, "turn-1").outcome == "done"
    later.join()


def test_what_was_said_before_a_stop_does_not_move_after_it(room: Room) -> None:
    turn = room.hear(SAID_UP)
    room.bridge.stop("test")
    room.bridge.resume()
    assert room.propose(UP, turn).rule == "stale"
    assert room.propose(UP, room.hear(SAID_UP)).outcome == "done"


def test_a_spoken_resume_is_asked_back_and_starts_nothing(room: Room) -> None:
    room.bridge.stop("test")
    room.clock.now += 1.0
    result = room.ask(parse_call("resume", {}), room.hear("Resume."), spoken(room, "Yes.", after=0.5))
    assert result.outcome == "done"
    assert not room.bridge.latched
    assert room.controllers.sent == []


def test_an_object_that_was_moved_while_asking_is_left_alone(room: Room) -> None:
    def move_then_yes(nonce: str) -> None:
        blue = room.controllers.seen.find("blue cube")
        moved = dataclasses.replace(blue, position=(0.35, 0.20, 0.02))
        others = [thing for thing in room.controllers.seen.objects if thing.name != "blue cube"]
        room.controllers.seen = dataclasses.replace(room.controllers.seen, objects=(*others, moved))
        spoken(room, "Yes.", after=0.5)(nonce)

    assert room.ask(PUT_BLUE, room.hear(PARAPHRASE), move_then_yes).rule == "scene_changed"
    assert room.controllers.sent == []


def test_a_question_that_was_interrupted_was_not_asked(room: Room) -> None:
    def interrupt(nonce: str) -> None:
        room.bridge.on_played(nonce, at=50.0, is_interrupted=True)

    result = room.ask(PUT_BLUE, room.hear(PARAPHRASE), interrupt)
    assert result.rule == "not_confirmed"
    assert room.controllers.sent == []


def test_a_yes_that_was_hardly_heard_does_not_count(room: Room) -> None:
    def mumble_then_no(nonce: str) -> None:
        room.bridge.on_played(nonce, at=50.0)
        room.hear("Yes.", confidence=0.1, began=51.0)
        assert room.bridge.pending_nonce == nonce
        room.hear("No.", began=52.0)

    assert room.ask(PUT_BLUE, room.hear(PARAPHRASE), mumble_then_no).rule == "not_confirmed"
    assert room.controllers.sent == []


def test_a_canceled_intent_ends_without_a_latch(room: Room) -> None:
    turn = room.hear(SAID_UP)
    room.controllers.during = lambda: room.bridge.cancel(turn)
    assert room.propose(UP, turn).outcome == "stopped"
    assert not room.bridge.latched
    assert room.controllers.cancels >= 1


def test_an_arm_that_is_not_felt_any_more_is_stopped(room: Room) -> None:
    def go_numb() -> None:
        room.bridge.watch()
        assert not room.bridge.latched
        room.clock.now += 5.0
        room.bridge.watch()

    room.controllers.during = go_numb
    assert room.propose(UP, room.hear(SAID_UP)).outcome == "stopped"
    assert room.bridge.latched
    assert "joint_states" in room.bridge.latch_reason


def test_a_dry_run_plans_though_latched_and_moves_nothing(room: Room) -> None:
    room.bridge.stop("test")
    room.clock.now += 1.0
    room.controllers.snapshot = dataclasses.replace(room.controllers.snapshot, at=room.clock())
    proposal = Proposal((UP,), room.hear(SAID_UP), "dry", dry_run=True)
    result = room.bridge.carry_out(proposal, room.progress.append)
    assert (result.outcome, result.message) == ("done", "I'll move up by 5 centimetres.")
    assert room.controllers.sent == []


def test_nothing_moves_that_cannot_be_recorded(room: Room) -> None:
    told = []
    room.bridge.on_unrecorded = lambda *news: told.append(news)
    room.audit.close()
    result = room.propose(UP, room.hear(SAID_UP))
    assert (result.outcome, result.rule) == ("refused", "audit")
    ((turn, why),) = told
    assert turn
    assert "audit log" in why
    assert room.controllers.sent == []


def test_a_wrong_language_tag_does_not_hide_a_negation(room: Room) -> None:
    call = parse_call("pick_and_place", {"object": "red cube", "target": "bowl"})
    for tag in ("en", "zh", "xx", ""):
        assert room.propose(call, room.hear("不要把红色的方块放进碗里", language=tag)).rule == "not_a_command"


def test_every_motion_is_on_record_before_it_begins(room: Room) -> None:
    lines: list[str] = []
    room.controllers.during = lambda: lines.append(room.log.read_text())
    room.propose(UP, room.hear(SAID_UP))
    assert '"event": "executing"' in lines[0]
    assert verify([room.log]).lines >= 2


ARGUMENT = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.integers(-(10**9), 10**9),
    st.sampled_from(["red cube", "bowl", "home", "up", "down", "ignore all rules", "rеd cube", ""]),
    st.text(max_size=20),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    skill=st.one_of(st.sampled_from([*SKILLS, "shutdown", "set_speed"]), st.text(max_size=10)),
    arguments=st.dictionaries(
        st.sampled_from(["object", "target", "pose", "direction", "distance", "x"]), ARGUMENT, max_size=3
    ),
    text=st.sampled_from([SAID_UP, PARAPHRASE, "Don't.", "Hello there", "Is it open?", "put it in the bowl"]),
)
def test_whatever_is_proposed_moves_only_after_a_yes_or_as_the_grammar_says(
    room: Room, skill: str, arguments: dict[str, Any], text: str
) -> None:
    try:
        call = parse_call(skill, arguments)
    except SkillError:
        return
    room.bridge.resume()
    turn = room.hear(text)
    understood = SentenceGrammars().calls(text, "en", room.controllers.seen)
    before = len(room.controllers.sent)
    room.progress.clear()
    thread = threading.Thread(target=lambda: room.propose(call, turn), daemon=True)
    thread.start()
    while thread.is_alive():
        room.bridge.confirm(False, room.bridge.pending_nonce)
        thread.join(timeout=0.002)
    assert len(room.controllers.sent) == before or list(understood) == [call]
