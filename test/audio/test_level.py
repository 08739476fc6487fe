# SPDX-License-Identifier: Apache-2.0
"""Clipped, dead and good microphones."""

import numpy as np
import pytest

from voice_agent_ros.audio.level import LevelMeter
from voice_agent_ros.audio.quiet import Quiet
from voice_agent_ros.audio.stream_names import hears_the_robot, name


@pytest.mark.parametrize(
    ("amplitude", "is_clipped", "is_dead"), [(0, False, True), (3000, False, False), (60000, True, False)]
)
def test_levels(amplitude, is_clipped, is_dead):
    meter = LevelMeter()
    wave = np.clip(amplitude * np.sin(np.arange(16000) / 7), -32768, 32767).astype(np.int16)
    levels = [level for block in wave.reshape(50, 320) if (level := meter.add(block)) is not None]
    (level,) = levels
    assert (level.is_clipped, level.is_dead) == (is_clipped, is_dead)
    assert level.peak == pytest.approx(min(1.0, amplitude / 32767), abs=0.01)


@pytest.mark.parametrize("offset", [-1, 500, -20_000])
def test_an_offset_is_no_sound(offset):
    meter, quiet = LevelMeter(), Quiet()
    assert meter.add(np.full(16000, offset, np.int16)).is_dead
    dice = np.random.default_rng(0)
    level = meter.add(np.full(16000, offset, np.int16) + dice.integers(-4, 5, 16000, np.int16))
    assert (level.is_dead, level.is_faint) == (False, True)
    room = [offset + dice.normal(0, 30, 320) for _ in range(100)]
    assert [quiet.add(block.astype(np.int16)) for block in room][-1]
    assert not quiet.add((offset + dice.normal(0, 200, 320)).astype(np.int16)), "somebody speaks"


def test_a_streams_name_tells_whether_the_robot_is_in_it():
    assert hears_the_robot(name(17, shares_room=True))
    assert not hears_the_robot(name(17, shares_room=False))
    assert not hears_the_robot("somebody else's stream")
