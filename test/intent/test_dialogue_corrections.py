# SPDX-License-Identifier: Apache-2.0
""" "No, the blue one": the open question is corrected and asked again, and nothing starts over."""

import pytest
from talk import BLUE, PARAPHRASE

from voice_agent_ros.llm.client import Finished


def is_asked(talk, sentence=PARAPHRASE):
    """The model's guess, or what a policy wants to be read back, is asked about."""
    talk.hears(sentence)
    if sentence == PARAPHRASE:
        talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")


def pick_and_place(thing, target="bowl"):
    return [{"skill": "pick_and_place", "arguments": {"object": thing, "target": target}}]


def test_a_correction_that_says_everything_is_carried_out(talk):
    is_asked(talk)
    talk.hears("No, put the green one in the bowl.")
    assert talk.ports.goals[-1][1:] == ("grammar", pick_and_place("green cube"))


@pytest.mark.parametrize(
    "text",
    [
        "no, the green one",
        "No. The green one!",
        "no the green cube",
        "no, green",
        "the green one",
        "not the blue one, the green one",
        "the green one, not the blue one",
        "no, I meant the green one",
        "sorry, the green one instead",
        "不是，绿色的",
        "不，绿色的那个",
        "不是蓝色的，是绿色的",
    ],
)
def test_another_object_is_asked_about_again(talk, text):
    is_asked(talk)
    turn_id = talk.hears(text)
    assert talk.ports.goals[-1] == (turn_id, "none", pick_and_place("green cube"))
    talk.bridge("result", "All right, I won't.", key="t1", outcome="refused", rule="not_confirmed")
    talk.asks("Shall I put the green cube into the bowl?", "nonce-2")
    talk.plays("nonce-2")
    talk.hears("yes")
    talk.bridge("result", "Done.", key=turn_id, outcome="done")
    talk.plays()
    assert talk.report.outcome == "done"
    assert len(talk.ports.goals) == 2
    assert "All right, I won't." not in talk.said


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("no, ten centimetres", {"direction": "up", "distance": 0.1}),
        ("no, down", {"direction": "down", "distance": 0.05}),
        ("no, left", {"direction": "left", "distance": 0.05}),
        ("make it three centimetres", {"direction": "up", "distance": 0.03}),
        ("no, to the left by 2 cm", {"direction": "left", "distance": 0.02}),
        ("不，向左", {"direction": "left", "distance": 0.05}),
        ("不是，十厘米", {"direction": "up", "distance": 0.1}),
    ],
)
def test_how_far_and_where_to_can_be_corrected(talk, text, changed):
    is_asked(talk, "Move up five centimeters.")
    talk.hears(text)
    assert talk.ports.goals[-1][2] == [{"skill": "move_by", "arguments": changed}]


def test_it_can_be_corrected_twice(talk):
    is_asked(talk)
    talk.hears("no, the green one")
    talk.asks(nonce="nonce-2")
    talk.plays("nonce-2")
    talk.hears("no, the red one")
    assert talk.ports.goals[-1][2] == pick_and_place("red cube")


def test_a_correction_may_fall_into_the_question(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.hears("no, the green one")  # the question is not played to its end
    assert talk.ports.goals[-1][2] == pick_and_place("green cube")


def test_what_could_be_either_is_asked(talk):
    is_asked(talk)
    talk.hears("no, the other one")
    assert "red cube or the green cube" in talk.said[-1]
    assert talk.kinds("question")
    assert len(talk.ports.goals) == 1


@pytest.mark.parametrize("text", ["no, the blue one", "no, the bowl"])
def test_what_corrects_nothing_is_asked_about(talk, text):
    is_asked(talk)
    talk.hears(text)
    assert len(talk.ports.goals) == 1 or talk.ports.goals[-1][2] != pick_and_place("blue cube")


@pytest.mark.parametrize(
    "text", ["no, not the green one", "no, don't", "不要绿色的", "no, the weather is bad"]
)
def test_a_ban_is_no_wish(talk, text):
    is_asked(talk)
    talk.hears(text)
    assert len(talk.ports.goals) == 1


def test_after_yes_nothing_is_corrected(talk):
    is_asked(talk)
    talk.hears("yes")
    talk.bridge("goal_accepted")
    talk.hears("no, the green one")
    assert len(talk.ports.goals) == 1


def test_a_sentence_that_leans_on_the_question(talk):
    is_asked(talk)
    talk.hears("no, put it on the red cube")
    assert talk.ports.goals[-1][2] == pick_and_place("blue cube", "red cube")
