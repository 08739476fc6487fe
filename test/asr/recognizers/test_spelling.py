# SPDX-License-Identifier: Apache-2.0
"""Chinese characters and numbers in the spelling that is wanted, and what the grammar reads out of them."""

import math

import numpy as np
import pytest

from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.recognizers.engines import RecognizerOptions, load_recognizer
from voice_agent_ros.asr.recognizers.normalized import NormalizedRecognizer
from voice_agent_ros.asr.recognizers.prompts import hotwords, prompt_for
from voice_agent_ros.asr.recognizers.spelling import Spelling
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.quantities import find_angles, find_distances
from voice_agent_ros.intent.wordings import bare


@pytest.mark.parametrize(
    ("chinese", "language", "heard", "written"),
    [
        ("s2t", "zh", "机械臂打开夹爪", "機械臂打開夾爪"),
        ("t2s", "zh-TW", "把紅色方塊放到碗裡", "把红色方块放到碗里"),
        ("s2twp", "zh", "打开鼠标", "開啟滑鼠"),
        ("as_heard", "zh", "機械臂打开", "機械臂打开"),
        ("s2t", "en", "open the gripper", "open the gripper"),
    ],
)
def test_chinese_characters(chinese, language, heard, written):
    pytest.importorskip("opencc")
    assert Spelling(chinese).of(heard, language) == written


@pytest.mark.parametrize(
    ("language", "heard", "written"),
    [
        ("en", "move up ten centimetres", "move up 10 centimetres"),
        ("en", "turn by a hundred and twenty degrees", "turn by 120 degrees"),
        ("en", "one point five metres", "1.5 metres"),
        ("en", "pick up the red one", "pick up the red one"),
        ("en", "Pick up the second cube, please.", "Pick up the second cube, please."),
        ("zh", "向上移动十厘米", "向上移动 10cm"),
        ("zh", "旋转三十度", "旋转 30度"),
        ("zh", "一点五米", "1.5m"),
        ("zh", "把两个方块放到一起", "把两个方块放到一起"),
        ("fr", "dix", "dix"),
    ],
)
def test_numbers_as_digits(language, heard, written):
    pytest.importorskip("wetext")
    pytest.importorskip("text_to_num")
    assert Spelling(numbers="digits").of(heard, language) == written


@pytest.mark.parametrize(
    ("language", "heard", "metres"),
    [
        ("en", "move up ten centimetres", 0.1),
        ("en", "move up two hundred millimeters", 0.2),
        ("zh", "向上移动十厘米", 0.1),
        ("zh", "向左二十公分", 0.2),
    ],
)
@pytest.mark.parametrize("numbers", ["as_heard", "digits"])
def test_a_distance_has_the_same_value_in_either_spelling(language, heard, metres, numbers):
    pytest.importorskip("wetext")
    pytest.importorskip("text_to_num")
    (found,) = find_distances(bare(Spelling(numbers=numbers).of(heard, language)))
    assert found.metres == pytest.approx(metres)


@pytest.mark.parametrize(("language", "heard"), [("en", "rotate by thirty degrees"), ("zh", "旋转三十度")])
@pytest.mark.parametrize("numbers", ["as_heard", "digits"])
def test_so_has_an_angle(language, heard, numbers):
    pytest.importorskip("wetext")
    pytest.importorskip("text_to_num")
    (found,) = find_angles(bare(Spelling(numbers=numbers).of(heard, language)))
    assert found.radians == pytest.approx(math.pi / 6)


@pytest.mark.parametrize("wrong", [{"chinese": "tradtional"}, {"numbers": "roman"}])
def test_a_choice_that_is_none_is_an_error(wrong):
    with pytest.raises(ConfigurationError, match="Choose one of"):
        Spelling(**wrong)
    with pytest.raises(ConfigurationError, match="Choose one of"):
        load_recognizer(RecognizerOptions(name="openai_api", **wrong))


def test_a_recognizers_words_are_respelled():
    class FakeRecognizer:
        def recognize(self, audio, hints=(), *, is_draft=False):
            return Recognition("打開", 0.9, "zh")

    pytest.importorskip("opencc")
    heard = NormalizedRecognizer(FakeRecognizer(), Spelling("t2s")).recognize(np.zeros(16000, np.float32))
    assert (heard.text, heard.confidence) == ("打开", 0.9)


def test_names_of_things_are_said_in_the_language_that_is_spoken():
    assert hotwords("zh", ["red cube", "bowl", "gizmo"]) == ("红色方块", "碗", "gizmo")
    assert "红色方块、碗" in prompt_for("zh", ["red cube", "bowl"])
    assert "red cube, bowl" in prompt_for("en", ["red cube", "bowl"])
    assert prompt_for("de", ["Würfel"]) == "Würfel"
    assert prompt_for("", []) == ""
