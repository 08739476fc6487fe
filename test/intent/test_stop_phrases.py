# SPDX-License-Identifier: Apache-2.0
"""When "stop" means stop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.intent.stop_phrases import find_stop_phrase

STOP = """
shut it down!
Turn it off.
please switch the arm off
power off
kill the power
turn that thing off now
Watch out!
ouch
关掉它
快断电
救命
stop
Stop!
STOP.
stop now
please stop
robot stop
no stop
okay stop stop
can you stop
can you stop please
could you please stop
I said stop
make it stop
I want you to stop
stop the arm
stop moving
pick up the red cube no wait stop
what are you doing stop
halt
freeze
freeze now
emergency stop
Emergency stop!
hit the emergency stop
abort
don't move
stand still
停
停下
停下来
停止
快停
立刻停止
请停下
急停
别动
停！
机器人停
把方块放下停
""".strip().splitlines()
NO_STOP = """
don't stop
Don’t stop now
do not stop
never stop
the sign says stop
where is the bus stop
stopwatch
start the stopwatch
a stop sign
non-stop
nonstop
it moves non-stop
why did you stop
when will you stop
did you stop
he didn't stop
how to stop
stop by the table
the arm stopped
go to the next stop
pick up the red cube

turn off the light
turn the gripper off to the side
how do I turn it off
don't turn it off
can you turn yourself off
shut the gripper
watch out for the vase when you move
把灯关掉
危险品
不要停
别停
公交站停车
为什么停下
停车场在哪
牌子上写着停
不要动红色方块
""".splitlines()


@pytest.mark.parametrize("text", STOP)
def test_a_call_to_stop_is_found(text):
    assert find_stop_phrase(text, "en")


@pytest.mark.parametrize("text", NO_STOP)
def test_other_uses_of_the_word_are_left_alone(text):
    assert find_stop_phrase(text, "en") is None


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text):
    assert find_stop_phrase(text, "en") is None or find_stop_phrase(text, "zh")


@pytest.mark.parametrize("unseen", ["\u200b", "\u00ad", "\u2060", "\ufeff", "\u200d", "\ufe0f"])
@pytest.mark.parametrize(("text", "language"), [("please stop", "en"), ("快停下", "zh")])
def test_what_cannot_be_seen_hides_no_stop(text, language, unseen):
    for at in range(len(text) + 1):
        assert find_stop_phrase(text[:at] + unseen + text[at:], language), at
