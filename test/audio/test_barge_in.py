# SPDX-License-Identifier: Apache-2.0
"""Pause at a voice, stop at words, go on where it was after a false alarm: to the sample."""

import numpy as np

from voice_agent_ros.audio.barge_in import LONGEST_S, WORDLESS_S, BargeIn
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
