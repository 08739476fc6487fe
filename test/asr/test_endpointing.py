# SPDX-License-Identifier: Apache-2.0
"""Where speech begins and ends, frame by frame."""

from voice_agent_ros.asr.endpointing import Change, Endpointer, EndpointOptions

OPTIONS = EndpointOptions(min_speech_s=0.096, pause_s=0.13, end_silence_s=0.5, max_speech_s=5.0)


def changes(pattern: str, options: EndpointOptions = OPTIONS) -> dict[int, Change]:
    """`#` voiced, `~` hardly (above the lower threshold only), `.` silent; one character per 32 ms."""
    endpointer = Endpointer(options)
    probabilities = {"#": 0.9, "~": 0.4, ".": 0.05}
    found = [endpointer.advance(probabilities[c]) for c in pattern]
    return {index: change for index, change in enumerate(found) if change is not Change.NONE}


def test_speech_a_pause_more_speech_and_the_end():
    pattern = "...####......####" + "." * 20
    assert changes(pattern) == {
        5: Change.STARTED,
        11: Change.PAUSED,  # the fifth silent frame
        13: Change.CONTINUED,
        21: Change.PAUSED,
        32: Change.ENDED,  # the sixteenth
    }


def test_a_click_is_no_speech():
    assert changes(".#...##...#.#.#.") == {}


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
