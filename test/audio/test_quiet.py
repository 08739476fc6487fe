# SPDX-License-Identifier: Apache-2.0
"""While nobody speaks audio is handed on in larger pieces, and none of it is lost or late when somebody does."""

from pathlib import Path

import numpy as np
import pytest

from voice_agent_ros.audio.capture import GATHERED, Capture
from voice_agent_ros.audio.quiet import QUIET_AFTER_S, Quiet
from voice_agent_ros.audio.reconnecting import ReconnectingSource
from voice_agent_ros.audio.source import Block
from voice_agent_ros.audio.wav_source import Clip, WavSource

DICE = np.random.default_rng(3)


class VirtualClock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep_until(self, when: float) -> None:
        self.time = max(self.time, when)


def noise(rms: float, count: int = 320) -> np.ndarray:
    return np.round(DICE.normal(0.0, rms, count)).astype(np.int16)


@pytest.mark.parametrize("room", [0.0, 3.0, 30.0, 300.0])
def test_a_room_with_its_noise_is_quiet_and_a_voice_in_it_is_not(room):
    quiet = Quiet()
    judged = [quiet.add(noise(room)) for _ in range(200)]
    assert judged.index(True) == pytest.approx(QUIET_AFTER_S / 0.02, abs=2)
    assert all(judged[80:])
    assert not quiet.add(noise(max(40.0, 4 * room)))
    assert not any(quiet.add(noise(room)) for _ in range(round(QUIET_AFTER_S / 0.02) - 2))
    assert quiet.add(noise(room, 960))


def test_a_room_that_has_become_noisy_is_quiet_again_some_seconds_later():
    quiet = Quiet()
    for _ in range(200):
        quiet.add(noise(5))
    judged = [quiet.add(noise(100)) for _ in range(round(12 / 0.02))]
    assert not any(judged[:300])
    assert judged[-1]


def heard_by(source, duration_s: float) -> list[Block]:
    """What a capture hands on of the source, until so much time has passed for it."""
    blocks: list[Block] = []
    capture = Capture(source, lambda block, _: blocks.append(block))
    while not blocks or blocks[-1].at < 1000.0 + duration_s:
        assert capture._thread.is_alive()
    capture.close()
    return blocks


def test_capture_gathers_in_quiet_and_stops_it_at_once_when_somebody_speaks():
    said = Clip(Path("a.wav"), np.full(16000, 5000, np.int16))
    source = WavSource([said, said], gap_s=4.0, clock=VirtualClock())
    source.play_all()
    blocks = heard_by(source, 12.0)
    sizes = {round(block.at - 1000.0, 3): len(block.samples) for block in blocks}
    assert set(sizes.values()) == {320, 320 * GATHERED}
    audio = np.concatenate([block.samples for block in blocks])
    assert np.sum(audio > 4000) == 32000
    assert [block.index for block in blocks] == list(range(len(blocks)))
    ends = [block.at + len(block.samples) / 16000 for block in blocks]
    assert [block.at for block in blocks[1:]] == pytest.approx(ends[:-1])
    loud = [block for block in blocks if block.samples.max() > 4000]
    assert sum(len(block.samples) > 320 for block in loud) <= 2  # the first of each


class Gappy:
    """Numbers its blocks as if some had been lost."""

    gather = 1

    def __init__(self) -> None:
        self.numbers = iter([0, 1, 4, 5])

    def read(self) -> Block | None:
        number = next(self.numbers, None)
        return None if number is None else Block(noise(3.0), number, number * 0.02)

    def close(self) -> None:
        pass


def test_lost_blocks_are_a_gap_in_the_numbers_and_counted():
    blocks: list[Block] = []
    capture = Capture(Gappy(), lambda block, _: blocks.append(block))
    while len(blocks) < 4:
        assert capture._thread.is_alive()
    capture.close()
    assert [block.index for block in blocks] == [0, 1, 4, 5]
    assert capture.hearing.lost_blocks == 2


def test_a_source_that_comes_back_is_told_to_gather_too():
    made: list[WavSource] = []

    def opened() -> WavSource:
        made.append(WavSource([], clock=VirtualClock()))
        return made[-1]

    source = ReconnectingSource(opened)
    source.gather = 3
    block = source.read()
    assert block is not None
    assert len(block.samples) == 960
    assert made[0].gather == 3
