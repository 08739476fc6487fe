# SPDX-License-Identifier: Apache-2.0
"""Which answers start a motion, and how the question is put."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.intent.confirmation import judge_answer, question_for
from voice_agent_ros.intent.skills import parse_call

YES = ["yes", "Yes.", "yeah, sure", "Yes please!", "okay", "OK, do it", "um yes", "go ahead", "of course", "that's right"]
YES += ["Yes, you can.", "sounds good", "yes yes yes", "是的", "好", "好的，谢谢", "对", "可以", "嗯", "没问题"]
NO = ["no", "No!", "nope", "no thanks", "don't", "never mind", "not now", "cancel", "stop", "no, the blue one", "wait"]
NO += ["um no", "不要", "不", "别", "算了", "取消", "不是，蓝色的"]
OTHER = ["", "maybe", "yes but slowly", "yes no", "the blue one", "pick up the red cube", "what", "hmm", "yesterday"]
OTHER += ["okay, what is on the table", "yes if it is safe", "please", "红色的", "什么", "是红色的", "啊"]


@pytest.mark.parametrize("text", YES)
def test_yes(text):
    assert judge_answer(text, "en" if text.isascii() else "zh") == "yes"


@pytest.mark.parametrize("text", NO)
def test_no(text):
    assert judge_answer(text, "en" if text.isascii() else "zh") == "no"


@pytest.mark.parametrize("text", OTHER)
def test_neither(text):
    assert judge_answer(text, "en" if text.isascii() else "zh") is None


@given(st.text(max_size=60), st.sampled_from(["en", "zh"]))
def test_any_text_can_be_judged(text, language):
    assert judge_answer(text, language) in ("yes", "no", None)


@given(st.sampled_from([y for y in YES if y.isascii()]), st.sampled_from(["don't", "not", "never"]))
def test_a_negated_yes_is_no_yes(yes, negation):
    assert judge_answer(f"{yes} {negation}", "en") != "yes"
    assert judge_answer(f"{negation} {yes}", "en") != "yes"


QUESTIONS = [
    ("pick_and_place", {"object": "blue cube", "target": "bowl"}, "Shall I put the blue cube into the bowl?", "要我把蓝色方块放进碗里吗？"),
    ("pick", {"object": "red cube"}, "Shall I pick up the red cube?", "要我拿起红色方块吗？"),
    ("place", {"target": "bowl"}, "Shall I put it into the bowl?", "要我把它放进碗里吗？"),
    ("move_by", {"direction": "up", "distance": 0.1}, "Shall I move the hand up by 10 centimetres?", "要我向上移动10厘米吗？"),
    ("move_by", {"direction": "back", "distance": 0.01}, "Shall I move the hand back by 1 centimetre?", "要我向后移动1厘米吗？"),
    ("move_to", {"pose": "home"}, "Shall I move to the home position?", "要我移动到原位吗？"),
    ("open_gripper", {}, "Shall I open the gripper?", "要我张开夹爪吗？"),
    ("resume", {}, "Shall I allow motion again?", "要我恢复运动吗？"),
]


@pytest.mark.parametrize(("skill", "arguments", "english", "chinese"), QUESTIONS)
def test_question(skill, arguments, english, chinese):
    calls = [parse_call(skill, arguments)]
    assert question_for(calls, "en") == english
    assert question_for(calls, "zh") == chinese
