# SPDX-License-Identifier: Apache-2.0
"""What is played, in which order, and how much of it: on a virtual clock."""

import numpy as np
import pytest

from voice_agent_ros.audio import playback
from voice_agent_ros.audio.playback import PlaybackQueue

RATE = 1000


class Player:
    """Reads 20 ms at a time."""

    def __init__(self) -> None:
        self.now = 50.0
        self.changes = 0
        self.queue = PlaybackQueue(RATE, on_change=self.count, now=lambda: self.now)
        self.news = []

    def count(self) -> None:
        self.changes += 1

    def play(self, duration_s: float) -> np.ndarray:
        out = []
        for _ in range(round(duration_s / 0.02)):
            out.append(self.queue.read(20, self.now))
            self.now += 0.02
            self.news += self.queue.news()
        return np.concatenate(out)

    def of(self, stream_id: str):
        return [played for played in self.news if played.stream_id == stream_id]


@pytest.fixture
def player():
    return Player()


def samples(value: int, duration_s: float = 0.1) -> np.ndarray:
    return np.full(round(duration_s * RATE), value, np.int16)


def test_chunks_are_played_seamlessly_and_counted(player):
    player.queue.add("a", 0, RATE, samples(1), is_last=False)
    player.queue.add("a", 1, RATE, samples(2, 0.05), is_last=True)
    out = player.play(0.2)
    assert out.tolist() == [1] * 100 + [2] * 50 + [0] * 50
    assert [played.samples for played in player.of("a")] == [20, 40, 60, 80, 100, 120, 140, 150]
    last = player.of("a")[-1]
    assert last.is_finished
    assert not last.is_interrupted
    assert last.at == pytest.approx(50.15)
    assert not player.queue.is_playing
    assert player.changes == 2, "begun and ended"


def test_streams_follow_each_other_without_a_gap(player):
    player.queue.add("a", 0, RATE, samples(1, 0.05), is_last=True)
    player.queue.add("b", 0, RATE, samples(2, 0.05), is_last=True)
    assert player.play(0.12).tolist() == [1] * 50 + [2] * 50 + [0] * 20
    assert [p.stream_id for p in player.news if p.is_finished] == ["a", "b"]


def test_running_dry_is_an_underrun_and_not_the_end(player):
    player.queue.add("a", 0, RATE, samples(1), is_last=False)
    player.play(0.3)
    player.queue.add("a", 1, RATE, samples(1), is_last=True)
    player.play(0.2)
    last = player.of("a")[-1]
    assert (last.samples, last.underruns, last.is_finished, last.is_interrupted) == (200, 1, True, False)


def test_a_stop_ends_everything_at_once(player):
    player.queue.add("a", 0, RATE, samples(1, 1.0), is_last=False)
    player.queue.add("b", 0, RATE, samples(2, 1.0), is_last=True)
    player.play(0.1)
    player.queue.stop()
    assert not player.play(0.1).any()
    a, b = player.of("a")[-1], player.of("b")[-1]
    assert (a.samples, a.is_interrupted) == (100, True)
    assert (b.samples, b.is_interrupted) == (0, True)
    player.queue.add("a", 1, RATE, samples(1), is_last=True)
    assert not player.play(0.1).any()
    assert len([p for p in player.news if p.is_finished]) == 2


def test_a_stream_made_before_the_stop_does_not_begin_after_it(player):
    player.queue.stop(at=10.0)
    player.queue.add("under way", 0, RATE, samples(1), is_last=False, created_at=9.9)
    player.queue.add("under way", 1, RATE, samples(1), is_last=True, created_at=9.95)
    player.queue.add("answer", 0, RATE, samples(2), is_last=True, created_at=10.1)
    assert player.play(0.2).tolist() == [2] * 100 + [0] * 100
    (refused,) = player.of("under way")
    assert refused.is_finished
    assert refused.is_interrupted
    assert refused.samples == 0


def test_the_same_id_can_be_spoken_again(player):
    for _ in range(2):
        player.queue.add("a", 0, RATE, samples(1), is_last=True)
        assert player.play(0.12).any()


def test_lost_doubled_and_late_chunks(player):
    player.queue.add("a", 0, RATE, samples(1), is_last=False)
    player.queue.add("a", 3, RATE, samples(2), is_last=False)
    player.queue.add("a", 3, RATE, samples(9), is_last=False)
    player.queue.add("a", 1, RATE, samples(9), is_last=False)
    player.queue.add("a", 4, RATE, samples(3, 0.0), is_last=True)
    assert player.play(0.22).tolist() == [1] * 100 + [2] * 100 + [0] * 20
    assert player.queue.lost_chunks == 2


def test_a_chunk_too_much_is_dropped_and_counted(player, monkeypatch):
    monkeypatch.setattr(playback, "MAX_QUEUED_S", 0.25)
    for sequence in range(10):
        player.queue.add("a", sequence, RATE, samples(1), is_last=sequence == 9)
    assert np.count_nonzero(player.play(1.2)) == 300
    assert player.queue.lost_chunks == 7
    assert player.of("a")[-1].samples == 300


def test_a_stream_that_never_goes_on_gives_way(player):
    player.queue.add("dead", 0, RATE, samples(1), is_last=False)
    player.play(1.0)
    player.queue.add("next", 0, RATE, samples(2), is_last=True)
    player.play(2.0)
    assert player.of("dead")[-1].is_interrupted
    assert player.of("next")[-1].samples == 100


def test_another_rate_is_resampled_without_a_seam_and_counted_in_its_own(player):
    queue = PlaybackQueue(24000)
    sound = (10000 * np.sin(2 * np.pi * 300 * np.arange(16000) / 16000)).astype(np.int16)
    for index, part in enumerate(np.array_split(sound, 25)):
        queue.add("a", index, 16000, part, is_last=index == 24)
    out = queue.read(25000)
    assert np.flatnonzero(out)[-1] == pytest.approx(24000, abs=30)
    expected = 10000 * np.sin(2 * np.pi * 300 * np.arange(24000) / 24000)
    assert np.abs(out[500:23500] - expected[500:23500]).max() < 60
    (finished,) = queue.news()
    assert (finished.samples, finished.sample_rate, finished.is_finished) == (16000, 16000, True)


def test_level_and_underruns_of_what_is_played_are_known():
    playback = PlaybackQueue(1000)
    playback.add("r1", 0, 1000, np.full(100, 16384, np.int16), is_last=False)
    playback.read(100)
    assert playback.output() == (0.5, 0)
    playback.read(100)
    playback.read(100)
    playback.add("r1", 1, 1000, np.full(100, -8192, np.int16), is_last=True)
    playback.read(100)
    assert playback.output() == (0.25, 1)
    assert playback.output() == (0.0, 1)
