# SPDX-License-Identifier: Apache-2.0
"""Silence around a segment is cut, silence within it is not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.tts.synthesizer import Speech, Word
from voice_agent_ros.tts.trim import JOIN_S, LEAD_S, TAIL_S, tail_of, trimmed

RATE = 1000


def blocks_of(audio, sizes):
    at = 0
    for size in sizes:
        yield audio[at : at + size]
        at += size
    yield audio[at:]


def cut(audio, sizes=()):
    blocks = map(Speech, blocks_of(audio, sizes))
    return np.concatenate([np.zeros(0, np.int16), *(block.samples for block in trimmed(blocks, RATE))])


def speech(lead, pause, tail):
    loud = np.full(100, 5000, np.int16)
    quiet = [np.zeros(count, np.int16) for count in (lead, pause, tail)]
    return np.concatenate([quiet[0], loud, quiet[1], loud, quiet[2]])


@given(
    st.integers(0, 600), st.integers(0, 600), st.integers(0, 900), st.lists(st.integers(1, 400), max_size=8)
)
def test_only_the_ends_are_cut_however_it_comes(lead, pause, tail, sizes):
    expected = speech(min(lead, round(LEAD_S * RATE)), pause, min(tail, round(TAIL_S * RATE)))
    assert np.array_equal(cut(speech(lead, pause, tail), sizes), expected)


@pytest.mark.parametrize(
    ("text", "tail_s"),
    [
        ("Yes.", TAIL_S),
        ("好的，", TAIL_S),
        ('He said "no." ', TAIL_S),
        ("and then I", JOIN_S),
        ("我把红色的", JOIN_S),
    ],
)
def test_a_sentence_that_was_cut_goes_on_without_a_pause(text, tail_s):
    assert tail_of(text) == tail_s


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_audio_that_is_all_quiet_stays(count):
    assert len(cut(np.full(count, 10, np.int16))) == count


def test_the_first_sound_does_not_wait_for_the_rest():
    def endless():
        while True:
            yield Speech(np.full(10, 5000, np.int16))

    assert len(next(trimmed(endless(), RATE)).samples) == 10


def test_words_move_with_their_sound():
    audio = speech(200, 50, 0)
    blocks = [
        Speech(audio[:100]),
        Speech(audio[100:320], (Word("one", 200, 300),)),
        Speech(audio[320:], (Word("two", 350, 450),)),
    ]
    words = [word for block in trimmed(blocks, RATE) for word in block.words]
    assert words == [Word("one", 30, 130), Word("two", 180, 280)]
