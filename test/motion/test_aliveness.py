# SPDX-License-Identifier: Apache-2.0
"""When the guard gives up the bridge, in virtual time: soon when it is dead, not when the computer is busy."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from voice_agent_ros.motion.aliveness import HeartWatch

PERIOD_S, MOVING_S, IDLE_S = 0.02, 0.35, 2.0


@pytest.fixture
def heart() -> HeartWatch:
    return HeartWatch(MOVING_S, IDLE_S, PERIOD_S)


def looks(heart: HeartWatch, times: Iterable[float]) -> float | None:
    """When it was lost, or None."""
    return next((now for now in times if heart.look(now)), None)


def ticks(begin: float, end: float, period: float = PERIOD_S) -> list[float]:
    return [begin + index * period for index in range(1, round((end - begin) / period) + 1)]


@pytest.mark.parametrize(("is_moving", "limit"), [(True, MOVING_S), (False, IDLE_S)])
def test_a_dead_one_is_lost_once_and_in_time(heart: HeartWatch, is_moving: bool, limit: float) -> None:
    looks(heart, ticks(0.0, 1.0))
    heart.beat(1.0, is_moving=is_moving)
    lost = looks(heart, ticks(1.0, 4.0))
    assert lost is not None
    assert limit < lost - 1.0 < limit + 2 * PERIOD_S
    assert not heart.is_watching
    assert looks(heart, ticks(lost, lost + 5.0)) is None


def test_one_that_never_beat_is_not_lost(heart: HeartWatch) -> None:
    assert looks(heart, ticks(0.0, 10.0)) is None


def test_the_last_heartbeat_tells_what_it_does(heart: HeartWatch) -> None:
    heart.beat(0.0, is_moving=False)
    heart.beat(0.1, is_moving=True)
    lost = looks(heart, ticks(0.1, 3.0))
    assert lost is not None
    assert lost < 0.5


@pytest.mark.parametrize("asleep", [0.4, 3.0, 60.0])
def test_a_guard_that_slept_hears_what_waits_before_it_judges(heart: HeartWatch, asleep: float) -> None:
    looks(heart, ticks(0.0, 1.0))
    heart.beat(1.0, is_moving=True)
    assert heart.look(1.0 + asleep) == 0.0  # the timer comes first, then the messages
    heart.beat(1.0 + asleep, is_moving=True)
    assert looks(heart, ticks(1.0 + asleep, 1.3 + asleep)) is None


def test_a_guard_that_slept_while_the_bridge_died_acts_at_its_next_look(heart: HeartWatch) -> None:
    looks(heart, ticks(0.0, 1.0))
    heart.beat(1.0, is_moving=True)
    assert heart.look(5.0) == 0.0
    assert heart.look(5.0 + PERIOD_S)


@pytest.mark.parametrize("period", [0.05, 0.1, 0.2, 0.5])
def test_on_the_busiest_computer_it_takes_twice_as_long_at_most(heart: HeartWatch, period: float) -> None:
    looks(heart, ticks(0.0, 1.0, period))
    heart.beat(1.0, is_moving=True)
    lost = looks(heart, ticks(1.0, 9.0, period))
    assert lost is not None
    assert lost - 1.0 <= 2 * MOVING_S + 2 * period


def test_a_slow_computer_does_not_lose_a_healthy_bridge(heart: HeartWatch) -> None:
    """Heartbeats and looks are both late: the guard was not there to hear them."""
    now = 0.0
    for _ in range(100):
        heart.beat(now, is_moving=True)
        assert looks(heart, ticks(now, now + 0.5, 0.1)) is None
        now += 0.5
