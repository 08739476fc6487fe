# SPDX-License-Identifier: Apache-2.0
"""Which answers start a motion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.intent.confirmation import is_bare_answer, judge_answer

YES = [
    "yes",
    "Yes.",
    "yeah, sure",
    "Yes please!",
    "okay",
    "OK, do it",
    "um yes",
    "go ahead",
    "of course",
    "that's right",
]
YES += [
    "Yes, you can.",
    "that is right",
    "yes yes yes",
    "是的",
    "好",
    "好的，谢谢",
    "对",
    "可以",
    "嗯",
    "没问题",
]
NO = [
    "no",
    "No!",
    "nope",
    "no thanks",
    "don't",
    "never mind",
    "not now",
    "cancel",
    "stop",
    "no, the blue one",
    "wait",
]
NO += ["um no", "不要", "不", "别", "算了", "取消", "不是，蓝色的"]
OTHER = [
    "",
    "maybe",
    "yes but slowly",
    "yes no",
    "the blue one",
    "pick up the red cube",
    "what",
    "hmm",
    "yesterday",
]
OTHER += ["okay, what is on the table", "yes if it is safe", "please", "红色的", "什么", "是红色的", "啊"]


YES += [
    "by all means",
    "i'm sure",
    "yes sir",
    "好嘞",
    "来吧",
    "okay then",
    "do so",
    "行啊",
    "可以吧",
]
NO += [
    "absolutely not",
    "of course not",
    "god no",
    "I'd rather not",
    "uh uh",
    "skip it",
    "forget about that",
    "I said no",
]
NO += [
    "that's wrong",
    "I don't think so",
    "当然不",
    "千万别",
    "先别",
    "还是不要了",
    "免了",
    "没必要",
    "等一下",
    "否",
]
OTHER += [
    "okay so",
    "yes and",
    "do",
    "alright, um",
    "well",
    "好了",
    "好了好了",
    "行了",
    "可以了",
    "对了",
    "要是",
    "嗯，对了",
]


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


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "no",
        "no thanks",
        "okay, do it",
        "never mind",
        "是的",
        "不要",
        "absolutely not",
        "千万别",
        "先别",
        "还是算了",
    ],
)
def test_bare_answers(text):
    assert is_bare_answer(text, "en" if text.isascii() else "zh")


@pytest.mark.parametrize(
    "text", ["don't touch the red cube", "no, the blue one", "open the gripper", "不要拿起红色方块"]
)
def test_more_than_an_answer(text):
    assert not is_bare_answer(text, "en" if text.isascii() else "zh")


@pytest.mark.parametrize("text", ["Great.", "Perfect!", "Good.", "Fine.", "Oh, that sounds good", "Right."])
def test_praise_alone_is_no_consent(text: str) -> None:
    assert judge_answer(text, "en") is None


@pytest.mark.parametrize(
    ("text", "language"), [("Yes?", "en"), ("Okay?", "en"), ("好吗？", "zh"), ("是吗?", "zh")]
)
def test_what_is_asked_is_no_yes(text: str, language: str) -> None:
    assert judge_answer(text, language) is None
