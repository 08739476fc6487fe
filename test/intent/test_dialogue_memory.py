# SPDX-License-Identifier: Apache-2.0
"""What is remembered, of whom, and for how long."""

import pytest

from voice_agent_ros.llm.client import Finished, TextDelta


def test_only_what_was_heard_is_remembered(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces and eight corners, I believe."), Finished())
    talk.plays(seconds=1.0, interrupted=True)
    history = talk.conversation.history("s", talk.now)
    assert history == [("tell me something about cubes", "Cubes have … [interrupted]")]
    talk.hears("what did you say")
    contents = [message["content"] for message in talk.ports.chats[-1].request.messages]
    assert "Cubes have … [interrupted]" in contents
    assert not any("corners" in content for content in contents)


@pytest.mark.parametrize("is_told_first", [True, False])
def test_who_speaks_knows_better_what_was_heard(talk, is_told_first):
    """The two pieces of news travel on two topics: either may be the first."""
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces and eight corners, I believe."), Finished())
    reply_id = talk.ports.pieces[-1].reply_id
    if is_told_first:
        talk.dialogue.on_spoken(reply_id, "Cubes have six faces", is_interrupted=True)
    talk.plays(seconds=1.0, interrupted=True)
    if not is_told_first:
        talk.dialogue.on_spoken(reply_id, "Cubes have six faces", is_interrupted=True)
    history = talk.conversation.history("s", talk.now)
    assert history == [("tell me something about cubes", "Cubes have six faces … [interrupted]")]


IMITATED = "Cubes are [Interrupted] nice … [interrupted]"


def test_no_reply_can_pass_for_one_that_was_interrupted(talk):
    talk.hears("tell me something about cubes")
    for part in ("Cubes are [Inter", "rupted] nice … [inter", "rupted]"):
        talk.model(TextDelta(part))
    talk.model(Finished())
    assert "nterrupted" not in "".join(piece.text for piece in talk.ports.pieces)
    talk.plays()
    (exchange,) = talk.conversation.history("s", talk.now)
    assert "nterrupted" not in exchange[1]


def test_a_long_answer_is_shown_without_the_mark_too(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta(f"{IMITATED}. " * 20), Finished())
    assert [piece.kind for piece in talk.ports.pieces][-1] == "text"
    assert "nterrupted" not in "".join(piece.text for piece in talk.ports.pieces)


def test_an_interrupted_reply_stays_marked_when_another_one_of_the_turn_was_heard(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta(IMITATED), Finished())
    talk.dialogue.on_spoken(talk.ports.pieces[-1].reply_id, IMITATED, is_interrupted=True)
    (exchange,) = talk.conversation.history("s", talk.now)
    assert exchange[1].count("[") == 1
    assert exchange[1].endswith(" … [interrupted]")


def test_sessions_do_not_mix(talk):
    talk.hears("my name is Ada", session="ada")
    talk.model(TextDelta("Nice to meet you, Ada."), Finished())
    talk.plays()
    talk.hears("what is my name", session="bob")
    assert not any("Ada" in str(message) for message in talk.ports.chats[-1].request.messages)


def test_a_hundred_turns_stay_bounded(talk):
    for number in range(100):
        talk.hears(f"what is {number} plus one")
        talk.model(TextDelta(f"It is {number + 1}, I should say."), Finished())
        talk.plays()
    assert len(talk.ports.reports) == 100
    assert len(talk.ports.chats[-1].request.messages) <= 10
    talk.wait(200.0)
    assert not talk.dialogue._turns


def test_it_means_what_was_done_last_for_a_minute(talk):
    talk.hears("Look at the red cube.")
    talk.bridge("result", "Done.", key="t1", outcome="done")
    talk.hears("Look at it.")
    assert talk.ports.goals[-1][1:] == (
        "grammar",
        [{"skill": "look_at", "arguments": {"target": "red cube"}}],
    )
    talk.wait(70.0)
    talk.hears("Look at it.")
    assert len(talk.ports.goals) == 2
