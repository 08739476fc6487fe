# SPDX-License-Identifier: Apache-2.0
"""The next segment is as long as the buffered audio allows, and nothing of the text is lost by that."""

import time
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.pace import SHARE, SHORTEST_WIDTH, Pace
from voice_agent_ros.tts.pace import pace_of as measured
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


def test_numbers_cost_what_it_takes_to_say_them():
    """Written they are short; a segment that is taken for shorter than it is makes a gap."""
    pace = Pace()
    pace.begin("These are plain words and nothing else at all.")
    pace.add_audio(3.0)
    pace.end(1.5)
    plain, numbers = (
        "so I will lift it by some of it and wait",
        "for 3.5 cm, so I will lift it by 3.5 cm, yes",
    )
    assert pace.next_segment(deque([plain]), 1.9, is_first=False) == plain
    assert len(pace.next_segment(deque([numbers]), 1.9, is_first=False)) < len(numbers)


@pytest.mark.parametrize(
    ("text", "width", "head"),
    [
        ("My whole arm is 0.6 m long and no longer", 14, "My whole arm is"),  # not "0.6" and "m long"
        ("我现在把红色的方块放进碗里", 16, "我现在把红色的"),  # not 方 and 块
        (
            "碗的后面还有一个方块吧",
            16,
            "碗的后面还有一个",
        ),  # a particle that comes early is no reason to say little
    ],
)
def test_a_cut_is_made_where_it_is_heard_least(text, width, head):
    assert split_early(text, width)[0] == head


def test_what_a_segment_costs_by_itself_is_learnt():
    """Engines synthesize the silence around each text too: two short segments cost more than one long one."""
    pace = Pace()
    for width in (5, 40, 16, 60):
        pace.begin("a" * width)
        pace.add_audio(0.1 * width)
        pace.end(0.4 + 0.05 * width)
    assert pace.synthesis_s(10) == pytest.approx(0.9, abs=0.01)
    assert pace.synthesis_s(100) == pytest.approx(5.4, abs=0.1)


def test_a_torn_piece_is_said_with_what_follows_it():
    pieces = [" the red", " cube, then the green one, and at last the blue one which is far away."]
    assert pace_of(0.5).next_segment(deque(pieces), 1.0, is_first=False) == " the red cube,"
    assert pace_of(0.5).next_segment(deque([" Fine.", *pieces]), 0.1, is_first=False) == " Fine."


class SleepySynthesizer:
    """Takes 20 ms for each text, whose letters last 10 ms."""

    name, sample_rate, languages, voices = "sleepy", 1000, ("en",), ("only",)
    error: Exception | None = None

    def synthesize(self, text, *, voice="", speed=1.0):
        time.sleep(0.02)
        if self.error is not None:
            raise self.error
        yield np.full(10 * len(text), 5000, np.int16)

    def close(self):
        pass


def test_an_engine_is_measured_before_the_first_reply():
    engine = SleepySynthesizer()
    assert measured(engine, "en").rtf > 0.05
    for engine.error in (EngineError("it failed"), OSError("nobody thought of it")):
        assert measured(engine, "en").rtf == 0.0
    engine.error, engine.is_remote = None, True
    assert measured(engine, "zh-CN").rtf == 0.0, "no server is asked for nothing"
