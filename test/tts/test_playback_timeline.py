# SPDX-License-Identifier: Apache-2.0
"""From samples played back to words heard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.tts.playback_timeline import PlaybackTimeline


@pytest.fixture
def timeline():
    made = PlaybackTimeline()
    for text, samples in (("One two three.", 1400), (" 😀", 0), (" Four five.", 1000)):
        made.begin_segment(text)
        made.add_audio(samples)
    return made


@pytest.mark.parametrize(
    ("played", "heard"),
    [
        (0, ""),
        (100, ""),
        (300, "One"),
        (500, "One"),
        (700, "One two"),
        (1399, "One two"),
        (1400, "One two three."),
        (1401, "One two three. 😀"),
        (1990, "One two three. 😀 Four"),
        (2400, "One two three. 😀 Four five."),
        (9999, "One two three. 😀 Four five."),
    ],
)
def test_words(timeline, played, heard):
    assert timeline.heard(played) == heard


def test_text_without_spaces_is_cut_between_characters():
    timeline = PlaybackTimeline()
    timeline.begin_segment("好的我来拿红色方块。")
    timeline.add_audio(1000)
    assert timeline.heard(500) == "好的我来拿"


@given(
    st.lists(st.tuples(st.text("ab c.", max_size=20), st.integers(0, 500)), max_size=6), st.integers(0, 4000)
)
def test_hearing_more_never_takes_words_back(spans, played):
    timeline = PlaybackTimeline()
    for text, samples in spans:
        timeline.begin_segment(text)
        timeline.add_audio(samples)
    assert timeline.heard(played + 100).startswith(timeline.heard(played))
    assert "".join(text for text, _ in spans).strip().startswith(timeline.heard(played))
