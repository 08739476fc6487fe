# SPDX-License-Identifier: Apache-2.0
"""Distances in words and digits."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_agent_ros.intent.quantities import find_angles, find_distances
from voice_agent_ros.intent.wordings import bare

SAID = [
    ("ten centimetres", 0.1),
    ("10 cm", 0.1),
    ("5cm", 0.05),
    ("2.5 cm", 0.025),
    ("twenty-five millimeters", 0.025),
    ("a hundred millimetres", 0.1),
    ("one hundred and fifty millimetres", 0.15),
    ("half a metre", 0.5),
    ("a metre", 1.0),
    ("one and a half metres", 1.5),
    ("a metre and a half", 1.5),
    ("an inch", 0.0254),
    ("three inches", 0.0762),
    ("zero point one metres", 0.1),
    ("point two five meters", 0.25),
    ("a foot", 0.3048),
    ("a quarter of a metre", 0.25),
    ("a couple of centimetres", 0.02),
    ("0.1m", 0.1),
    ("十厘米", 0.1),
    ("两厘米", 0.02),
    ("二十五毫米", 0.025),
    ("半米", 0.5),
    ("一米半", 1.5),
    ("零点一米", 0.1),
    ("3.5厘米", 0.035),
    ("一百五十毫米", 0.15),
    ("两百毫米", 0.2),
    ("1/4 m", 0.25),
    ("1/2 cm", 0.005),
    ("¾ of a metre", 0.75),
    ("3 3/4 inches", 0.09525),
    ("three quarters of a metre", 0.75),
    ("two thirds of a metre", 0.666667),
    ("a quarter metre", 0.25),
    ("one and a quarter metres", 1.25),
    ("five tenths of a centimetre", 0.005),
    ("1,000 mm", 1.0),
    ("四分之一米", 0.25),
    ("三 分之 二米", 0.666667),
    ("一又二分之一厘米", 0.015),
    ("1/4米", 0.25),
    ("一米二", 1.2),
    ("1米5", 1.5),
]


@pytest.mark.parametrize(("text", "metres"), SAID)
def test_said(text, metres):
    assert [distance.metres for distance in find_distances(bare(text))] == [pytest.approx(metres)]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "ten",
            "minus ten cm",
            "-5 cm",
            "ten degrees",
            "move me",
            "in a minute",
            "the cm",
            "十个",
            "负十厘米",
        ),
        # An end of a range, a part or a multiple of what is said is no amount.
        *("ten to fifteen centimetres", "ten or fifteen centimetres", "10-15 cm", "twice five centimetres"),
        *("a third of ten centimetres", "5 times 2 cm", "one metre twenty", "point one of a metre", "1/0 m"),
        *("五到十厘米", "五、六厘米", "十厘米的一半", "十厘米的三分之一", "一半的十厘米", "零分之一米"),
    ],
)
def test_no_distance(text):
    assert find_distances(bare(text)) == []


@given(st.text(max_size=100))
def test_any_text_can_be_searched(text):
    for distance in find_distances(bare(text)):
        assert distance.metres >= 0.0


@settings(deadline=None)
@given(st.integers(1, 999))
def test_every_whole_number_of_millimetres_in_words(number):
    from unicode_rbnf import RbnfEngine

    english = RbnfEngine.for_language("en").format_number(number).text
    chinese = RbnfEngine.for_language("zh").format_number(number).text
    for text in (f"{english} millimetres", f"{chinese}毫米", f"{number} mm"):
        assert [distance.metres for distance in find_distances(bare(text))] == [pytest.approx(number / 1000)]


def test_a_degree_sign_is_one_angle():
    (angle,) = find_angles("turn the gripper by 30°")
    assert angle.radians == pytest.approx(math.radians(30))


def test_a_thing_is_no_end_of_a_range():
    assert [one.metres for one in find_distances("move the red one to 5 cm left of the bowl")] == [0.05]
    assert find_distances("up one to two cm") == []


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("turn joint 1 to 30 degrees", [30.0]),
        ("a quarter of a radian", [math.degrees(0.25)]),
        ("half of ninety degrees", []),
        ("twice 45 degrees", []),
        ("90度的一半", []),
        ("三分之一的90度", []),
    ],
)
def test_a_part_of_an_angle_is_not_the_whole(text, degrees):
    assert [math.degrees(one.radians) for one in find_angles(bare(text))] == pytest.approx(degrees, abs=1e-3)
