# SPDX-License-Identifier: Apache-2.0
"""When the stop spotter listens, and when a spotted stop is said to have been in doubt."""

from voice_agent_ros.asr.heard import NothingHeard, StopHeard, Words
from voice_agent_ros.asr.stop_watch import CONFIRMED_WITHIN_S, StopWatch

FINAL = Words("t", "the bus is late", True, 3, 15, 0.9, "en", 1.0, 2.0, "hash")


def test_it_listens_while_the_robot_moves_or_speaks_apart():
    watch = StopWatch()
    assert not watch.is_armed(10.0, robot_sounds=False, hears_the_robot=True)
    assert watch.is_armed(10.0, robot_sounds=True, hears_the_robot=False)
    assert not watch.is_armed(10.0, robot_sounds=True, hears_the_robot=True)
    watch.moves(10.0)
    assert watch.is_armed(10.2, robot_sounds=True, hears_the_robot=True)
    assert not watch.is_armed(11.0, robot_sounds=False, hears_the_robot=True)
    assert StopWatch(is_always_armed=True).is_armed(0.0, robot_sounds=False, hears_the_robot=True)


def test_words_that_say_so_confirm_it():
    watch = StopWatch()
    assert watch.spotted(10.0)
    assert not watch.take(StopHeard("t", "stop", False), 10.5)
    assert not watch.take(FINAL, 11.0)
    assert not watch.is_overdue(20.0)


def test_other_words_or_none_make_it_doubtful_once():
    watch = StopWatch()
    watch.spotted(10.0)
    assert watch.take(FINAL, 11.0)
    assert not watch.take(FINAL, 12.0)
    watch.spotted(20.0)
    assert watch.take(NothingHeard("t", "no words"), 21.0)
    watch.spotted(30.0)
    assert not watch.is_overdue(31.0)
    assert watch.is_overdue(30.0 + CONFIRMED_WITHIN_S)
    assert not watch.is_overdue(40.0)


def test_the_spotter_repeats_what_words_have_said():
    watch = StopWatch()
    watch.take(StopHeard("t", "stop", False), 10.0)
    assert not watch.spotted(10.4)
    assert watch.spotted(12.0)
