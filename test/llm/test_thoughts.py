# SPDX-License-Identifier: Apache-2.0
"""What a model thinks is told from what it says, however its tags are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.llm.thoughts import Thoughts, without_thoughts

REPLY = "<think>\nThe user wants pick(object='red cube').\n</think>\n\nHere you are."


def taken_apart(pieces, **options):
    thoughts = Thoughts(**options)
    told = [thoughts.feed(piece) for piece in pieces] + [thoughts.finish()]
    return "".join(one.text for one in told), "".join(one.thoughts for one in told)


@given(st.lists(st.integers(0, len(REPLY)), max_size=12), st.booleans())
def test_tags_may_be_cut_anywhere(cuts, is_trusted):
    edges = [0, *sorted(cuts), len(REPLY)]
    pieces = [REPLY[begin:end] for begin, end in pairwise(edges)]
    text, thoughts = taken_apart(pieces, is_trusted=is_trusted)
    assert text.strip() == "Here you are."
    assert thoughts.strip() == "The user wants pick(object='red cube')."


@given(st.lists(st.text(alphabet="ab <>/think", max_size=9), max_size=9))
def test_nothing_is_lost_or_made_up(pieces):
    text, thoughts = taken_apart(pieces)
    assert len(text) + len(thoughts) <= len("".join(pieces))
    if "<" not in "".join(pieces):
        assert text == "".join(pieces)


def test_a_closing_tag_without_an_opening_one_was_preceded_by_thoughts():
    assert without_thoughts("Okay, they want a cube.\n</think>\n\nYes.").strip() == "Yes."
    thoughts = Thoughts(is_trusted=False)
    assert thoughts.feed("Okay, they want").text == ""
    assert thoughts.feed("</think>Yes.").thoughts == "Okay, they want"
    assert thoughts.was_unopened


def test_of_a_trusted_model_words_come_at_once():
    assert Thoughts().feed("Hello there").text == "Hello there"
    assert Thoughts(is_trusted=False).feed("Hello there").text == ""


@pytest.mark.parametrize("text", ["2 < 3 and 4 > 1", "a <b> c", "x</y>", "<tool_call>{}</tool_call>"])
def test_other_angles_are_text(text):
    assert taken_apart(list(text))[0] == text


def test_thoughts_that_never_end_are_never_text():
    assert taken_apart(["<think>so pick(", "object='bowl')"]) == ("", "so pick(object='bowl')")


def test_several_thoughts_and_names():
    assert taken_apart(["a<THINK>b</THINK>c<reasoning>d</reasoning>e"]) == ("ace", "bd")


@pytest.mark.parametrize(
    "text",
    [
        "<think>a<think>b</think>SECRET</think>ok",
        "<think>a<thinking>b<think>c</think></think>SECRET</thinking>ok",
        "<think>想一想：捡起红色方块</think>ok",
        "[THINK]SECRET[/THINK]ok",
        "\u25c1think\u25b7SECRET\u25c1/think\u25b7ok",
        "<seed:think>SECRET</seed:think>ok",
        "<|begin_of_thought|>SECRET<|end_of_thought|>ok",
        '<think effort="low">SECRET</think>ok',
    ],
)
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_thoughts_in_thoughts_and_in_other_brackets(text, size):
    assert taken_apart([text[at : at + size] for at in range(0, len(text), size)])[0] == "ok"


def test_what_follows_thoughts_in_thoughts_is_said_in_the_end():
    assert taken_apart(list("<think>they wrote <think> here</think>Yes."))[0] == "Yes."


@pytest.mark.parametrize("text", ["[thinking] hm", "[A] and [B]", "a [", "<|x|>", "\u25c1 left"])
def test_other_brackets_are_text(text):
    assert taken_apart(list(text))[0] == text
