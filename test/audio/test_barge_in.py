# SPDX-License-Identifier: Apache-2.0
"""Pause at a voice, stop at words, go on where it was after a false alarm: to the sample."""

import numpy as np
import pytest

from voice_agent_ros.audio.barge_in import LONGEST_S, WARY_S, WORDLESS_S, BargeIn, is_echo
from voice_agent_ros.audio.playback import PlaybackQueue


def test_a_voice_pauses_and_words_stop():
    barge_in = BargeIn()
    assert barge_in.on_voice(1.0, is_speech=True, robot_speaks=True) == "hold"
    assert barge_in.on_words(" ...") == ""
    assert barge_in.on_words("wait") == "stop"
    assert barge_in.on_words("wait a moment") == ""
    assert barge_in.on_time(10.0) == ""


def test_a_cough_is_followed_by_the_rest():
    barge_in = BargeIn()
    barge_in.on_voice(1.0, is_speech=True, robot_speaks=True)
    assert barge_in.on_voice(1.5, is_speech=False, robot_speaks=True) == ""
    assert barge_in.on_time(1.4 + WORDLESS_S) == ""
    assert barge_in.on_time(1.5 + WORDLESS_S) == "resume"
    assert barge_in.on_time(20.0) == ""


@pytest.mark.parametrize(
    "sound",
    [
        "Ahem.",
        "A hum, a hum.",
        "Mm.",
        "Mm-hmm.",
        "uh",
        "Uh-huh.",
        "Ha ha!",
        "Haha.",
        "Oh!",
        "(coughs)",
        "*cough* *cough*",
        "嗯。",
        "哈哈",
        "啊",
    ],
)
def test_sounds_that_are_no_words_end_nothing(sound):
    barge_in = BargeIn()
    barge_in.on_voice(1.0, is_speech=True, robot_speaks=True)
    assert barge_in.on_words(sound, is_final=True) == ""
    barge_in.on_voice(1.5, is_speech=False, robot_speaks=True)
    assert barge_in.on_time(1.5 + WORDLESS_S) == "resume"


@pytest.mark.parametrize("text", ["oh no", "um what about the bowl", "hmm stop", "Anna", "嗯，等一下"])
def test_sounds_before_words_do_not_hide_them(text):
    barge_in = BargeIn()
    barge_in.on_voice(1.0, is_speech=True, robot_speaks=True)
    assert barge_in.on_words(text, is_final=True) == "stop"


@pytest.mark.parametrize(
    ("text", "confidence", "ends"),
    [
        ("Have fun!", 0.02, False),
        ("If I'm a humb,", 0.01, False),
        ("The blue one.", 0.4, True),
        ("Wait.", 0.05, True),  # whoever means that has it
        ("No, I would rather have the green one there.", 0.1, True),  # no cough is as long
    ],
)
def test_words_that_the_recognizer_only_guesses_end_nothing(text, confidence, ends):
    barge_in = BargeIn()
    barge_in.on_voice(1.0, is_speech=True, robot_speaks=True)
    assert (barge_in.on_words(text, confidence=confidence) == "stop") == ends
    assert barge_in.is_holding != ends


def test_one_provisional_word_is_waited_for():
    """The beginning of "Ahem" sounds like "I'm"."""
    barge_in = BargeIn()
    barge_in.on_voice(1.0, is_speech=True, robot_speaks=True)
    assert barge_in.on_words("I'm...", is_final=False) == ""
    assert barge_in.on_words("Yes.", is_final=False) == "", "laughter begins like that"
    assert barge_in.on_words("Ahem.", is_final=True) == ""
    assert barge_in.is_holding
    assert barge_in.on_words("wait", is_final=False) == "stop"
    barge_in.on_voice(30.0, is_speech=True, robot_speaks=True)
    assert barge_in.on_words("what about", is_final=False) == "stop"


def test_noise_without_end_does_not_keep_the_robot_silent():
    barge_in = BargeIn()
    barge_in.on_voice(1.0, is_speech=True, robot_speaks=True)
    assert barge_in.on_time(1.0 + LONGEST_S) == "resume"


def test_a_voice_while_the_robot_is_silent_is_a_turn_and_nothing_else():
    barge_in = BargeIn()
    assert barge_in.on_voice(1.0, is_speech=True, robot_speaks=False) == ""
    assert barge_in.on_words("take the cube") == ""


def test_playback_goes_on_at_the_very_sample():
    queue = PlaybackQueue(1000, now=lambda: 0.0)
    audio = np.arange(1, 101, dtype=np.int16)
    queue.add("r1", 0, 1000, audio, is_last=True)
    heard = [queue.read(30)]
    queue.hold()
    assert not queue.read(50).any()
    assert queue.is_playing
    assert queue.news()[-1].samples == 30
    queue.resume()
    heard.append(queue.read(70))
    assert np.array_equal(np.concatenate(heard), audio)
    assert queue.news()[0].underruns == 0


def test_a_stop_while_paused_counts_what_was_heard_and_lets_the_next_reply_speak():
    queue = PlaybackQueue(1000, now=lambda: 0.0)
    queue.add("r1", 0, 1000, np.ones(100, np.int16), is_last=True)
    queue.read(30)
    queue.hold()
    queue.stop()
    (ended,) = queue.news()
    assert (ended.samples, ended.is_interrupted) == (30, True)
    queue.add("r2", 0, 1000, np.ones(10, np.int16), is_last=True)
    assert queue.read(10).all()


def test_after_a_false_alarm_a_voice_alone_does_not_pause_it_again():
    barge_in = BargeIn()
    barge_in.on_voice(1.0, is_speech=True, robot_speaks=True)
    barge_in.on_voice(1.2, is_speech=False, robot_speaks=True)
    assert barge_in.on_time(1.2 + WORDLESS_S) == "resume"
    assert barge_in.on_voice(4.0, is_speech=True, robot_speaks=True) == ""
    assert barge_in.on_words("excuse me", robot_speaks=True, robot_says="The cube is red.") == "stop"
    assert barge_in.on_voice(1.2 + WORDLESS_S + WARY_S, is_speech=True, robot_speaks=True) == "hold"


def test_its_own_words_do_not_stop_it():
    barge_in = BargeIn()
    says = "I can see three cubes and a bowl. The red cube is on the left."
    barge_in.on_voice(1.0, is_speech=True, robot_speaks=True)
    assert barge_in.on_words("Red cube is on", robot_speaks=True, robot_says=says) == ""
    assert barge_in.on_time(1.0 + LONGEST_S) == "resume"


SAID = (
    "I can see three cubes and a bowl. The red cube is on the left, so I will wait. 我把红色的方块放进碗里。"
)


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ("three cubes and a bowl", True),
        ("the red cube is on the left", True),
        ("The red tube is on the left.", True),
        ("cubes", True),
        ("红色的方块", True),
        ("wait", False),
        ("stop", False),
        ("no", False),
        ("停", False),
        ("put the red cube into the box", False),
        ("what is on the table", False),
        ("I see the left cube and wait", False),
        ("take the blue one", False),
        ("把蓝色的拿来", False),
        ("", False),
        ("...", False),
    ],
)
def test_an_echo_is_known_by_its_words(heard, expected):
    assert is_echo(heard, SAID) == expected
    assert not is_echo(heard, "")
