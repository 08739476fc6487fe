# SPDX-License-Identifier: Apache-2.0
"""Cutting a growing reply into clauses."""

from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.llm.clauses import MAX_CHARACTERS, Clauses
from voice_agent_ros.tts.segmentation import Segmenter
from voice_agent_ros.tts.speakable import speakable


def clauses_of(pieces):
    clauses = Clauses()
    found = [clause for piece in pieces for clause in clauses.feed(piece)]
    return found, clauses.finish()


def test_cuts_at_the_end_of_clauses():
    assert clauses_of(["I see a red cube, a bowl and ", "nothing else. Shall I"]) == (
        ["I see a red cube,", " a bowl and nothing else."],
        " Shall I",
    )


def test_short_clauses_wait_for_the_next():
    assert clauses_of(["Yes, it is in the bowl. "]) == (["Yes, it is in the bowl."], " ")


def test_a_decimal_point_ends_nothing():
    assert clauses_of(["It is exactly 2.5 centimetres wide"])[0] == []


def test_chinese_needs_no_spaces():
    assert clauses_of(["桌上有红色方块，还有一个碗。"])[0] == ["桌上有红色方块，", "还有一个碗。"]


def spoken(pieces):
    segmenter = Segmenter()
    found, rest = clauses_of(pieces)
    segments = [segment for clause in [*found, rest] for segment in segmenter.feed(clause)]
    return " ".join(filter(None, map(speakable, [*segments, *segmenter.finish()])))


def test_the_mouth_gets_the_marks_that_tell_it_what_to_say():
    text = "**Bold** is `code`. So 2 < 3, see [it](https://a.b/c), <b class='x'>now</b>.\n| a | b |\n|---|---|\n| 1 | 2 |"
    assert spoken(text) == "Bold is code. So 2 < 3, see it, now . a, b, 1, 2,"


@given(st.lists(st.text(max_size=80), max_size=20))
def test_nothing_is_lost_and_nothing_waits_long(pieces):
    found, rest = clauses_of(pieces)
    assert len(rest) <= MAX_CHARACTERS
    whole, again = clauses_of(["".join(pieces)])
    assert "".join(found) + rest == "".join(whole) + again
