# SPDX-License-Identifier: Apache-2.0
"""What of a stream of text is for people, however it is cut into pieces."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.visible_text import LONGEST, VisibleText


def visible(text: str) -> str:
    shown = VisibleText()
    return "".join(map(shown.feed, text)) + shown.finish()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<think>Hm.</think>Done.", "Done."),
        ("See [the docs](https://a.b/c?d=e#f) now.", "See [the docs] now."),
        ('See [it](docs/a.md "A title, with words") now.', "See [it] now."),
        ("See [it](<a.md> 'title') and ![pic](p_(1).png).", "See [it] and ![pic]."),
        ("Cut off in [a link](https://a.b", "Cut off in [a link"),
        ("[1] and [2](see below) and a[i] (x)", "[1] and [2](see below) and a[i] (x)"),
        ("[红色方块](在左边的那个)", "[红色方块](在左边的那个)"),
        (f"[x](data:image/png;base64,{'A' * 5000}) is it", "[x] is it"),
        ('<b class="x">Bold</b> and <br/>more', " Bold  and  more"),
        ("<a href='https://a.b/c d'>here</a>.", " here ."),
        ("<!-- a note, <b>to</b> myself -->Yes.", "Yes."),
        ("2 < 3 and 4 > 3, a <b and c> d", "2 < 3 and 4 > 3, a <b and c> d"),
        ("x<y", "x<y"),
        ("Write <your name> there", "Write <your name> there"),
        ("<a " + "b=c " * 200, "<a " + "b=c " * 200),
        ("[interrupted] Yes.", " Yes."),
        ("It is ``not`` code ~ at ~ all", "It is ``not`` code ~ at ~ all"),
    ],
)
def test_table(text, shown):
    assert visible(text) == shown


@given(st.text(alphabet="ab]([)<>/=\"' \n!-`~", max_size=200))
def test_without_a_mark_nothing_is_left_out(text):
    shown = visible(text)
    assert shown == text or any(mark in text for mark in ("](", "<", "```", "~~~"))


@pytest.mark.parametrize(
    "text", ["](" * 3000, "<a " * 3000, "](" + "(" * 6000, "<a b=" + "'" * 6000, "]" * 6000]
)
def test_text_that_looks_like_marks_takes_no_long_time(text):
    begun = time.process_time()
    visible(text)
    assert time.process_time() - begun < 5.0, f"for {len(text)} characters, of which {LONGEST} are looked at"
