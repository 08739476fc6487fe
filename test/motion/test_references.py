# SPDX-License-Identifier: Apache-2.0
"""The bridge knows by itself what "it" means: from what it has done, not from what a client says."""

from __future__ import annotations

from room import Room


def test_a_pronoun_without_anything_before_is_nobodys_word(room: Room) -> None:
    assert room.say("Look at it.", "look_at", target="red cube").outcome == "refused"
    assert room.sent == []


def test_it_is_what_was_handled_last(room: Room) -> None:
    assert room.say("Look at the red cube.", "look_at", target="red cube").outcome == "done"
    room.clock.now += 5.0
    assert room.say("Go home.", "move_to", pose="home").outcome == "done"
    room.clock.now += 5.0
    before = len(room.sent)
    assert room.say("Look at it.", "look_at", target="blue cube").outcome == "refused"
    assert room.say("Look at it.", "look_at", target="red cube").outcome == "done"
    assert len(room.sent) == before + 1


def test_after_a_minute_it_means_nothing_any_more(room: Room) -> None:
    room.say("Look at the red cube.", "look_at", target="red cube")
    room.clock.now += 61.0
    before = len(room.sent)
    assert room.say("Look at it.", "look_at", target="red cube").outcome == "refused"
    assert len(room.sent) == before


def test_what_was_refused_is_not_spoken_of(room: Room) -> None:
    room.bridge.stop("test")
    assert room.say("Look at the red cube.", "look_at", target="red cube").rule == "latched"
    room.clock.now += 5.0
    room.bridge.resume()
    assert room.say("Look at it.", "look_at", target="red cube").outcome == "refused"
