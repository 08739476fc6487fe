# SPDX-License-Identifier: Apache-2.0
"""From samples played back to words heard: those of which more than half was played."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.tts.playback_timeline import PlaybackTimeline

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
