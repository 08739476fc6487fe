# SPDX-License-Identifier: Apache-2.0
"""Prohibitions without a "not", and questions of ability: no model is asked for a call. What only sounds alike still is one."""

import pytest
from talk import SCENE

from voice_agent_ros.intent.grounding import ungrounded
from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.skills import parse_call

FORBIDDEN = """
keep your gripper off the red one / keep that hand of yours clear of the bowl / keep the red one out of the bowl
stay away from it / stay out of the bowl / steer clear of the red cube / hands off the red one / lay off the red cube
let the red one be / let the red cube stay where it is / spare the red cube / protect the red cube / mind the red cube
beware of the red cube / watch out for the red cube / careful with the red cube / resist grabbing the red cube
give the red cube a wide berth / give the red one a miss / hold off on the red one / cease picking up the red cube
the last thing I want is the red one in the bowl / heaven forbid the red one ends up in the bowl / I dare you to pick it
it would be a mistake to pick the red cube / it'd be a bad idea to grab the red one / the red one belongs anywhere but there
over my dead body will you grab the red one / put it in the bowl at your peril / take it and you're dead
"""
FORBIDDEN_ZH = "离红色方块远点 / 躲开红色方块 / 少碰红色方块 / 小心红色方块 / 手拿开红色方块 / 让红色方块待着 / 休想拿红色方块 / 何必拿它 / 敢动红色方块试试"
ABILITY_ZH = "你会不会挥手 / 机器人会不会挥手 / 你会挥手吗 / 会不会把红色方块放进碗里 / 能不能拿得起红色方块 / 你懂挥手吗"
WANTED = """
keep moving left / keep your gripper open / take the red cube out of the bowl / lift the red one off the table
be careful and put the red one in the bowl / carefully pick up the red cube / move back from there a bit
save me the trouble and grab the red one / please take a break at home / let the red one stay in your hand by grabbing it
would you mind grabbing the red one / hold the red cube
"""
WANTED_ZH = "小心地把红色方块放进碗里 / 小心把红色方块拿起来 / 能不能把红色方块拿起来 / 可以挥挥手吗 / 能不能挥个手 / 可不可以张开夹爪"


def each(texts):
    return [text.strip() for text in texts.strip().replace("\n", "/").split("/")]


@pytest.mark.parametrize("text", each(FORBIDDEN))
def test_forbidden(text):
    assert judge_mood(text, "en").kind == "negated"


@pytest.mark.parametrize("text", each(FORBIDDEN_ZH))
def test_forbidden_in_chinese(text):
    assert judge_mood(text, "zh").kind == "negated"


@pytest.mark.parametrize("text", each(ABILITY_ZH))
def test_whether_it_can_is_a_question(text):
    assert judge_mood(text, "zh").kind == "question"


@pytest.mark.parametrize("text", each(WANTED)[:-3] + each(WANTED)[-2:])
def test_wanted(text):
    assert judge_mood(text, "en").is_command


@pytest.mark.parametrize("text", each(WANTED_ZH))
def test_wanted_in_chinese(text):
    assert judge_mood(text, "zh").is_command


@pytest.mark.parametrize(
    "text", ["move away from the red cube", "back off from the red one", "get far from that red cube"]
)
def test_nobody_takes_what_they_go_away_from(text):
    assert ungrounded(parse_call("pick", {"object": "red cube"}), text, SCENE, "en")


def test_what_is_taken_off_something_is_taken():
    assert not ungrounded(
        parse_call("pick", {"object": "red cube"}), "snag the red one off the table", SCENE, "en"
    )


@pytest.mark.parametrize(
    "text", ["往左边走一尺", "go left three paces", "go left a dozen fingers", "往左走几步"]
)
def test_an_amount_that_nobody_can_read_is_not_a_little(text):
    call = parse_call("move_by", {"direction": "left", "distance": 0.05})
    assert ungrounded(call, text, SCENE, "en" if text.isascii() else "zh")
