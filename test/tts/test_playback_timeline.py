# SPDX-License-Identifier: Apache-2.0
"""From samples played back to words heard: those of which more than half was played."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.tts.playback_timeline import PlaybackTimeline
from voice_agent_ros.tts.synthesizer import Word

RATE = 1000


def tone(samples):
    return np.full(samples, 100, np.int16)


@pytest.fixture
def timeline():
    made = PlaybackTimeline()
    for text, samples in (("One two three.", 1400), (" 😀", 0), (" Four five.", 1000)):
        made.begin_segment(text)
        made.add_audio(tone(samples), RATE)
    made.end_segment()
    return made


@pytest.mark.parametrize(
    ("played", "heard"),
    [
        (0, ""),
        (100, ""),
        (300, "One"),
        (450, "One"),
        (520, "One two"),
        (1000, "One two"),
        (1100, "One two three."),
        (1400, "One two three."),
        (1401, "One two three. 😀"),
        (2000, "One two three. 😀 Four"),
        (2400, "One two three. 😀 Four five."),
        (9999, "One two three. 😀 Four five."),
    ],
)
def test_words(timeline, played, heard):
    assert timeline.heard(played) == heard


def test_text_without_spaces_is_cut_between_characters():
    timeline = PlaybackTimeline()
    timeline.begin_segment("好的我来拿红色方块。")
    timeline.add_audio(tone(1000), RATE)
    timeline.end_segment()
    assert timeline.heard(500) == "好的我来拿"


@given(
    st.lists(st.tuples(st.text("ab c.", max_size=20), st.integers(0, 500)), max_size=6), st.integers(0, 4000)
)
def test_hearing_more_never_takes_words_back(spans, played):
    timeline = PlaybackTimeline()
    for text, samples in spans:
        timeline.begin_segment(text)
        timeline.add_audio(tone(samples), RATE)
    assert timeline.heard(played + 100).startswith(timeline.heard(played))
    assert "".join(text for text, _ in spans).strip().startswith(timeline.heard(played))


def test_pauses_hold_no_words():
    timeline = PlaybackTimeline()
    timeline.begin_segment("Yes, now.")
    timeline.add_audio(
        np.concatenate([tone(0), np.zeros(500), tone(300), np.zeros(400)]).astype(np.int16), RATE
    )
    timeline.add_audio(tone(300), RATE)
    timeline.end_segment()
    assert timeline.heard(500) == ""
    assert timeline.heard(810) == timeline.heard(1190) == "Yes,"
    assert timeline.heard(1500) == "Yes, now."


def test_words_that_are_not_there_yet_were_not_heard():
    """Of a segment that is still being synthesized, all that there is has been played."""
    timeline = PlaybackTimeline()
    timeline.begin_segment("One two three four five six seven eight nine ten.")
    timeline.add_audio(tone(900), RATE)
    assert timeline.heard(900) == "One two three four"
    timeline.add_audio(tone(1800), RATE)
    timeline.end_segment()
    assert timeline.heard(2700).endswith("ten.")


def test_a_number_takes_as_long_as_its_words():
    timeline = PlaybackTimeline()
    timeline.begin_segment("Number 1234 done.")
    timeline.add_audio(tone(1000), RATE)
    timeline.end_segment()
    assert timeline.heard(400) == "Number"


def told(*words):
    return [Word(text, start, end) for text, start, end in words]


@pytest.fixture
def timed():
    """The engine says what is not written, and its words do not last as long as their letters let expect."""
    made = PlaybackTimeline()
    made.begin_segment("**Dr.** Who: lift 3.5 cm! 😀 Pay $29 now.")
    said = told(
        ("Doctor", 0, 100), ("Who", 120, 700), (":", 700, 710), ("lift", 720, 800), ("3.5", 810, 1200),
        ("centimeters", 1210, 1400), ("Pay", 1600, 1700), ("29", 1710, 1900), ("dollars", 1910, 2200),
        ("now", 2300, 2500),
    )  # fmt: skip
    made.add_audio(tone(1000), RATE, said[:5])
    made.add_audio(tone(1500), RATE, said[5:])
    made.end_segment()
    return made


@pytest.mark.parametrize(
    ("played", "heard"),
    [
        (10, ""),
        (100, "**Dr.**"),
        (500, "**Dr.** Who:"),
        (810, "**Dr.** Who: lift"),
        (1150, "**Dr.** Who: lift 3.5"),
        (1599, "**Dr.** Who: lift 3.5 cm! 😀"),
        (1710, "**Dr.** Who: lift 3.5 cm! 😀 Pay"),
        (2250, "**Dr.** Who: lift 3.5 cm! 😀 Pay $29"),
        (2500, "**Dr.** Who: lift 3.5 cm! 😀 Pay $29 now."),
    ],
)
def test_the_engine_tells_when_its_words_sound(timed, played, heard):
    assert timed.heard(played) == heard


def test_words_of_which_the_engine_has_not_told_yet_were_not_heard():
    timeline = PlaybackTimeline()
    timeline.begin_segment("One two. Three four.")
    timeline.add_audio(tone(500), RATE, told(("One", 0, 200), ("two", 210, 400)))
    assert timeline.heard(500) == "One two."


@given(
    st.lists(st.sampled_from(["Yes,", "no.", "3.5", "cm", "😀", "**", "好的", "a-b"]), max_size=8),
    st.lists(st.sampled_from(["yes", "no", "three", "cm", "好", "的", ",", "b"]), max_size=8),
    st.integers(0, 1000),
)
def test_whatever_the_engine_says_hearing_more_never_takes_words_back(written, said, played):
    timeline = PlaybackTimeline()
    timeline.begin_segment(" ".join(written))
    timeline.add_audio(tone(900), RATE, [Word(text, 100 * i, 100 * i + 90) for i, text in enumerate(said)])
    timeline.end_segment()
    assert timeline.heard(played + 50).startswith(timeline.heard(played))
    assert " ".join(written).startswith(timeline.heard(played))
