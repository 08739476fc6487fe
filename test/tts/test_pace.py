# SPDX-License-Identifier: Apache-2.0
"""The next segment is as long as the buffered audio allows, and nothing of the text is lost by that."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.tts.pace import SHARE, SHORTEST_WIDTH, Pace
from voice_agent_ros.tts.segmentation import MIN_WIDTH, Segmenter, split_early, text_width


def pace_of(rtf: float) -> Pace:
    pace = Pace()
    pace.begin("a" * 100)
    pace.add_audio(7.0)
    pace.end(7.0 * rtf)
    return pace


@pytest.mark.parametrize("rtf", [0.2, 0.5])
def test_synthesis_ends_before_the_buffer_does(rtf):
    """A simulated listener: what is in the buffer lasts until the next segment is there."""
    text = (
        "The cube on the left is red and rather small, the one on the right is blue and a good deal larger. "
        * 5
    )
    pace, segments = pace_of(rtf), deque(Segmenter().feed(text))
    buffered_s, gaps = 1.2, []
    while segments:
        segment = pace.next_segment(segments, buffered_s)
        takes_s = pace.synthesis_s(text_width(segment))
        gaps.append(max(0.0, takes_s - buffered_s))
        buffered_s = max(0.0, buffered_s - takes_s) + takes_s / rtf
    assert max(gaps) <= 0.03


def test_a_long_segment_is_cut_at_its_comma():
    segments = deque(
        ["I will take the red cube first, and then I shall see what can be done about the blue one."]
    )
    assert pace_of(0.5).next_segment(segments, 1.3) == "I will take the red cube first,"
    assert len(segments) == 1


def test_short_segments_are_joined_when_there_is_time():
    segments = deque(["Yes.", " It is there.", " Now what is next?"])
    assert pace_of(0.5).next_segment(segments, 5.0) == "Yes. It is there. Now what is next?"


def test_an_engine_that_costs_nothing_is_given_whole_segments():
    segments = deque(["One two three four five six seven eight nine ten eleven twelve.", " Yes."])
    assert (
        pace_of(0.01)
        .next_segment(segments, 0.0)
        .startswith("One two three four five six seven eight nine ten")
    )


def test_where_gaps_cannot_be_avoided_they_lie_between_sentences():
    text = "One two three four five six, seven eight nine ten eleven twelve thirteen fourteen fifteen."
    assert pace_of(1.5).next_segment(deque([text]), 0.5, is_first=False) == text
    assert pace_of(1.5).next_segment(deque([text]), 0.0, is_first=True) != text


@given(
    st.lists(st.text(alphabet="ab AB.,，好的 1", min_size=1, max_size=80), max_size=8), st.floats(0.0, 5.0)
)
def test_nothing_is_lost(pieces, buffered_s):
    pace, segments, taken = pace_of(0.5), deque(pieces), []
    while segments:
        taken.append(pace.next_segment(segments, buffered_s))
    assert "".join(taken) == "".join(pieces)
    assert SHARE < 1


@given(st.text(alphabet="ab ,，好的红1.", max_size=120), st.integers(SHORTEST_WIDTH, 60))
def test_no_part_of_a_split_is_a_scrap(text, width):
    head, rest = split_early(text, width)
    assert head + rest == text
    if head and text_width(rest):
        assert MIN_WIDTH <= text_width(head) <= width
        assert text_width(rest) >= MIN_WIDTH


def test_a_number_or_word_is_not_torn():
    head, rest = split_early("We are 1234.5678 metres from here and more", 17)
    assert (head, rest) == ("We are 1234.5678", " metres from here and more")
