# SPDX-License-Identifier: Apache-2.0
"""Where speech begins and ends, frame by frame."""

import pytest

from voice_agent_ros.asr.ending import Ending
from voice_agent_ros.asr.endpointing import Change, Endpointer, EndpointOptions

OPTIONS = EndpointOptions(
    min_speech_s=0.096,
    pause_s=0.13,
    short_silence_s=0.3,
    end_silence_s=0.5,
    long_silence_s=0.8,
    max_speech_s=5.0,
)


def changes(pattern: str, ending: Ending | None = Ending.UNKNOWN) -> dict[int, Change]:
    """`#` voiced, `~` hardly (above the lower threshold only), `.` silent; one character per 32 ms."""
    endpointer = Endpointer(OPTIONS)
    probabilities = {"#": 0.9, "~": 0.4, ".": 0.05}
    found = {}
    for index, character in enumerate(pattern):
        change = endpointer.advance(probabilities[character])
        if change is not Change.NONE:
            found[index] = change
        if change is Change.PAUSED and ending is not None:
            endpointer.judge(ending)
    return found


def test_speech_a_pause_more_speech_and_the_end():
    pattern = "...####......####" + "." * 20
    assert changes(pattern) == {
        5: Change.STARTED,
        11: Change.PAUSED,  # the fifth silent frame
        14: Change.CONTINUED,
        21: Change.PAUSED,
        32: Change.ENDED,  # the sixteenth
    }


def test_a_click_is_no_speech():
    assert changes(".#...##...#.#.#.") == {}


@pytest.mark.parametrize(
    ("ending", "ends_after"),
    [(Ending.COMPLETE, 0.32), (Ending.UNKNOWN, 0.512), (Ending.UNFINISHED, 0.8), (None, 0.8)],
)
def test_how_long_a_pause_is_waited_for_depends_on_the_words(ending, ends_after):
    ends = [index for index, change in changes("####" + "." * 40, ending).items() if change is Change.ENDED]
    assert ends == [pytest.approx(3 + ends_after / 0.032)]


def test_a_click_in_a_pause_neither_goes_on_nor_delays_the_end():
    assert changes("####" + "......#..." + "." * 20) == {
        2: Change.STARTED,
        8: Change.PAUSED,
        19: Change.ENDED,
    }


def test_the_verdict_on_a_pause_is_forgotten_when_speech_goes_on():
    endpointer = Endpointer(OPTIONS)
    for _ in range(4):
        endpointer.advance(0.9)
    while endpointer.advance(0.0) is not Change.PAUSED:
        pass
    endpointer.judge(Ending.COMPLETE)
    assert [endpointer.advance(0.9) for _ in range(2)] == [Change.NONE, Change.CONTINUED]
    endpointer.judge(Ending.COMPLETE)  # of the pause before: it comes too late
    frames = 1
    while endpointer.advance(0.0) is not Change.ENDED:
        frames += 1
    assert frames * 0.032 == pytest.approx(0.8, abs=0.04)


def test_a_hardly_voiced_frame_goes_on_but_does_not_begin():
    assert changes("~" * 10) == {}
    assert changes("###~~~~~~~~~~~~~~~~~~~~~~") == {2: Change.STARTED}


def test_an_utterance_without_end_is_ended():
    found = changes("#" * 400)
    ends = [index for index, change in found.items() if change is Change.ENDED]
    assert ends == [156, 313]
    assert list(found.values()) == [
        Change.STARTED,
        Change.ENDED,
        Change.STARTED,
        Change.ENDED,
        Change.STARTED,
    ]
