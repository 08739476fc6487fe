# SPDX-License-Identifier: Apache-2.0
"""What is said for what is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.tts.speakable import speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("I moved it.", "I moved it."),
        ("**Bold** and *slanted* and `code` and ~~gone~~.", "Bold and slanted and code and gone."),
        ("# Heading", "Heading"),
        ("- one\n* two\n+ three", "one two three"),
        ("> quoted", "quoted"),
        ("1. Pick it up", "1. Pick it up"),
        ("a [link](https://a.example/b?c) here", "a link here"),
        ("![the arm](arm.png)", "the arm"),
        ("See https://www.example.com/a/b?c=d.", "See example.com."),
        ("| red | blue |", "red, blue,"),
        ("|---|---|", ""),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b, 1, 2,"),
        ("www.example.com/a/b is it", "example.com is it"),
        ("a [link](http://a.b/c_(d)) here", "a link here"),
        ("-5℃ outside", "minus 5 degrees Celsius outside"),
        ("3 m² and 9.8 m/s²", "3 square metres and 9.8 metres per second squared"),
        ("x² + 10⁻³", "x squared + 10 to the -3"),
        ("---", ""),
        ("<speak>Hi <break time='1s'/>there</speak>", "Hi there"),
        ("2 < 3 and 4 > 3", "2 < 3 and 4 > 3"),
        ("I like it 👍🏽!", "I like it !"),
        ("😀🎉", ""),
        ("", ""),
        (" \n\t", ""),
        ("...", ""),
        ("red_cube", "red cube"),
        ("2 * 3 × 4", "2 times 3 times 4"),
        ('a [link](docs/a.md "Title") here', "a link here"),
        ("See https://example.com/a_(b)?c=1#d.", "See example.com."),
        ("See <https://www.example.com/x> or <a@b.org>.", "See example.com or a@b.org."),
        ("“https://a.b/c” it says", "“a.b” it says"),
        ("请看https://example.com/a，然后把方块放好。", "请看example.com，然后把方块放好。"),
        ("I paid $5 and a_b costs $6.", "I paid $5 and a b costs $6."),
        ("π≈3.14, x≥5, 50±2 and H~2~O", "π about 3.14, x at least 5, 50 plus or minus 2 and H2O"),
        ("3 \u00b5m and 5 k\u2126", "3 micrometres and 5 kiloohms"),
        ("- [x] one\n- [ ] two", "one two"),
        (" > 3 cm, where a line goes on", "> 3 cm, where a line goes on"),
        (" - 3 = 7", "- 3 = 7"),
        ("one:\n  > two\n  - three", "one: two three"),
        ("0.25 m away", "0.25 metres away"),
        ("1 m", "1 metre"),
        ("0.5 m/s", "0.5 metres per second"),
        ("3.5 cm", "3.5 cm"),
        ("90 deg or 1.57 rad", "90 degrees or 1.57 radians"),
        ("20 °C", "20 degrees Celsius"),
        ("the 5 mice", "the 5 mice"),
        ("20 %", "20 %"),
        ("$29.", "$29."),
        ("1234567890123456", "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6"),
        ("a\x00b\x1b[31mc\u202ed", "a b 31mcd"),
        ("好的，我来拿。", "好的，我来拿。"),
        ("by -3.5 cm, then −2 m and ±5 mm", "by minus 3.5 cm, then minus 2 metres and plus or minus 5 mm"),
        ("5-3 on 2024-05-01, e-4 and [-1]", "5-3 on 2024-05-01, e-4 and minus 1"),
        ("10^-3 and x^2", "10 to the -3 and x squared"),
        (r"It is $\theta = \frac{\pi}{2}$, \(x=1\).", "It is theta = pi over 2, x=1."),
        ("$29 and $30.", "$29 and $30."),
        ("Tom &amp; Jerry&nbsp;ran", "Tom & Jerry ran"),
        ("It is true[1] [^2].", "It is true."),
        ("soft\u00adhyphen, zero\u200bwidth", "softhyphen, zerowidth"),
        ("Ｈｅｌｌｏ １２３", "Hello 123"),
    ],
)
def test_table(written, said):
    assert speakable(written) == said


@pytest.mark.parametrize(
    "text", ["'; rm -rf / #", "$(reboot)", "`id`", '"quoted"', "a && b || c", "%s%n", "../../etc"]
)
def test_shell_like_text_is_just_text(text):
    letters = [character for character in text if character.isalnum()]
    assert [character for character in speakable(text) if character.isalnum()] == letters


@given(st.text(max_size=400))
def test_anything_gives_clean_text(text):
    said = speakable(text)
    assert said == " ".join(said.split())
    assert not any(mark in said for mark in "*`_|")
    assert not said or any(character.isalnum() for character in said)


@given(st.text(alphabet="abcdef .,!?'", max_size=200))
def test_plain_words_are_left_alone(text):
    said = speakable(text)
    assert said.split() == text.lstrip(" ,").split() or not any(map(str.isalnum, text))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("版本v1.2.3，地址192.168.0.1。", "版本v一点二点三，地址一九二点一六八点零点一。"),
        ("转速3rad/s，频率50Hz，电阻5kΩ。", "转速三弧度每秒，频率五十赫兹，电阻五千欧。"),
        ("温度−5℃。", "温度负五摄氏度。"),
    ],
)
def test_chinese_numbers(written, said):
    pytest.importorskip("wetext")
    assert speakable(written) == said
