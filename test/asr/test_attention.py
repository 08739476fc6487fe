# SPDX-License-Identifier: Apache-2.0
"""Whose speech counts, and until when."""

import pytest

from voice_agent_ros.asr.attention import ECHO_TAIL_S, Attention, AttentionOptions


def is_given(attention: Attention, now: float, *, hears: bool = False) -> bool:
    return attention.is_given(now, hears_the_robot=hears)


def test_open():
    assert is_given(Attention(AttentionOptions(), 0.0), 1e6)


def test_open_with_a_timeout_closes_in_silence_and_a_button_opens_it():
    attention = Attention(AttentionOptions(timeout_s=30.0), 0.0)
    assert is_given(attention, 29.0)
    attention.speech_began(29.0)
    attention.speech_ended(31.0)
    assert is_given(attention, 60.0)
    assert not is_given(attention, 62.0)
    assert attention.listen(62.0)
    assert is_given(attention, 63.0)


def test_push_to_talk_is_for_one_utterance():
    attention = Attention(AttentionOptions(mode="push_to_talk", listen_s=8.0), 0.0)
    assert not is_given(attention, 1.0)
    attention.listen(1.0)
    assert is_given(attention, 8.0)
    attention.speech_began(8.0)
    attention.speech_ended(9.0)
    assert not is_given(attention, 8.5)


def test_a_wake_word_opens_a_conversation():
    attention = Attention(AttentionOptions(mode="wake_word", listen_s=8.0, follow_up_s=6.0), 0.0)
    attention.robot_speaks(True, 1.0)
    attention.robot_speaks(False, 2.0)
    assert not is_given(attention, 3.0), "what the robot says by itself opens nothing"
    attention.listen(10.0)
    attention.speech_began(17.0)
    attention.speech_ended(19.0)
    attention.robot_speaks(True, 20.0)
    attention.robot_speaks(False, 24.0)
    assert is_given(attention, 29.9)
    assert not is_given(attention, 30.1)


def test_off():
    attention = Attention(AttentionOptions(mode="off"), 0.0)
    assert not attention.listen(1.0)
    assert not is_given(attention, 1.0)


@pytest.mark.parametrize("hears", [True, False])
def test_its_own_voice_is_not_attended_to_where_it_is_heard(hears):
    attention = Attention(AttentionOptions(), 0.0)
    attention.robot_speaks(True, 1.0)
    assert is_given(attention, 2.0, hears=hears) is not hears
    attention.robot_speaks(False, 3.0)
    assert is_given(attention, 3.0 + ECHO_TAIL_S / 2, hears=hears) is not hears
    assert is_given(attention, 3.1 + ECHO_TAIL_S, hears=hears)


@pytest.mark.parametrize("mode", ["push_to_talk", "wake_word"])
@pytest.mark.parametrize("pressed_at", [9.5, 12.0])
def test_who_asks_for_attention_before_the_robot_is_silent_has_it_then(mode, pressed_at):
    attention = Attention(AttentionOptions(mode, listen_s=4.0), 0.0)
    for at in sorted([pressed_at, 10.0, 30.0]):
        if at == pressed_at:
            attention.listen(at)
        else:
            attention.robot_speaks(at == 10.0, at)
    assert not attention.is_given(20.0, hears_the_robot=True)
    assert attention.is_given(33.0, hears_the_robot=True)
    assert not attention.is_given(40.0, hears_the_robot=True)


def test_a_press_that_was_used_does_not_come_back():
    attention = Attention(AttentionOptions("push_to_talk", listen_s=4.0), 0.0)
    attention.listen(1.0)
    attention.speech_began(2.0)
    attention.robot_speaks(True, 3.0)
    attention.robot_speaks(False, 5.0)
    assert not attention.is_given(6.0, hears_the_robot=False)


def test_a_long_answer_costs_nobody_his_turn():
    attention = Attention(AttentionOptions("open", timeout_s=10.0), 0.0)
    attention.robot_speaks(True, 5.0)
    attention.robot_speaks(False, 20.0)
    assert attention.is_given(29.0, hears_the_robot=True)
    assert not attention.is_given(31.0, hears_the_robot=True)
    attention.robot_speaks(True, 40.0)
    attention.robot_speaks(False, 41.0)
    assert not attention.is_given(42.0, hears_the_robot=True), "nobody had asked for attention"
