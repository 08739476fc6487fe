# SPDX-License-Identifier: Apache-2.0
"""Where recordings are cut: at silences, without loss or overlap, in bounded memory."""

import itertools

import numpy as np
import pytest
from recordings import LOUD, RATE, FakeDetector, sound

from voice_agent_ros.transcription.cutting import Cutter, CuttingOptions

FRAME = 0.032


def pieces(audio, block=1024, **options):
    audio = audio.astype(np.float32) / 32768.0
    blocks = [audio[at : at + block] for at in range(0, len(audio), block)]
    cutter = Cutter(FakeDetector(), CuttingOptions(**options))
    found = [piece for piece in cutter.pieces(blocks) if piece is not None]
    assert cutter.position_s == pytest.approx(len(audio) / RATE)
    return found


@pytest.mark.parametrize("block", [1, 100, 512, 5000, 10**7])
def test_voices_are_found_with_a_margin_whatever_the_blocks(block):
    audio = sound((1.0, 0), (1.0, LOUD), (2.0, 0), (1.5, LOUD), (1.0, 0))
    if block == 1:
        audio = audio[: 2 * RATE]
    found = pieces(audio, block)
    expected = [(1.0, 2.0), (4.0, 5.5)][: len(found)]
    assert len(found) == len(expected)
    for piece, (start, end) in zip(found, expected, strict=True):
        assert (piece.start, piece.end) == (pytest.approx(start, abs=FRAME), pytest.approx(end, abs=FRAME))
        assert piece.at == pytest.approx(start - 0.3, abs=0.1)
        assert piece.voiced_s == pytest.approx(end - start, abs=2 * FRAME)


def test_speech_to_the_very_end_is_not_lost():
    (piece,) = pieces(sound((0.5, 0), (1.01, LOUD)))
    assert piece.end == pytest.approx(1.51, abs=1e-6)
    assert piece.at + len(piece.audio) / RATE == pytest.approx(1.51, abs=1e-6)


def test_speech_from_the_very_beginning_is_not_lost():
    (piece,) = pieces(sound((1.0, LOUD), (1.0, 0)))
    assert (piece.at, piece.start) == (0.0, 0.0)


@pytest.mark.parametrize(
    "audio", [sound((3.0, 0)), sound((0.01, 0)), np.zeros(0, np.int16), sound((0.05, LOUD), (1, 0))]
)
def test_where_nobody_speaks_there_is_no_piece(audio):
    assert pieces(audio) == []


def test_a_short_pause_does_not_cut():
    (piece,) = pieces(sound((0.5, 0), (0.5, LOUD), (0.4, 0), (0.5, LOUD), (1.0, 0)))
    assert piece.end - piece.start == pytest.approx(1.4, abs=2 * FRAME)


def test_endless_speech_is_cut_where_it_is_quietest():
    quiet = 5000  # still a voice
    parts = [(24.0, LOUD), (0.2, quiet), (20.0, LOUD), (0.2, quiet), (20.0, LOUD)]
    found = pieces(sound(*parts))
    assert [piece.end for piece in found[:2]] == [
        pytest.approx(24.1, abs=0.1),
        pytest.approx(44.3, abs=0.1),
    ]
    assert found[-1].end == pytest.approx(64.4, abs=FRAME)


def test_no_sample_is_heard_twice_or_not_at_all():
    audio = (np.arange(200 * RATE) % 3000 + 6000).astype(np.int16)
    found = pieces(audio)
    assert all(len(piece.audio) <= 28.0 * RATE for piece in found)
    for earlier, later in itertools.pairwise(found):
        assert later.at == pytest.approx(earlier.at + len(earlier.audio) / RATE)
    whole = np.concatenate([piece.audio for piece in found])
    np.testing.assert_array_equal(whole, audio.astype(np.float32) / 32768.0)


def test_memory_does_not_grow_with_the_recording():
    rng = np.random.default_rng(1)
    cutter = Cutter(FakeDetector())
    most = 0

    def blocks():
        nonlocal most
        for _ in range(400):
            yield np.full(RATE, 0.3 if rng.random() < 0.7 else 0.0, np.float32)
            most = max(most, len(cutter._frames))

    for _ in cutter.pieces(blocks()):
        pass
    assert most <= 28.0 / FRAME + 1
