# SPDX-License-Identifier: Apache-2.0
"""Confidence rises with what speaks for the words, stays a probability, and is the bridge's kind of number."""

import math

import pytest

from voice_agent_ros.asr.recognizers.calibration import CALIBRATIONS, WHISPER, calibration_for
from voice_agent_ros.motion.policy import MinConfidence


@pytest.mark.parametrize("calibration", [*CALIBRATIONS.values(), WHISPER])
def test_it_rises_with_the_log_probability_and_stays_a_probability(calibration):
    values = [calibration.confidence(-0.01 * n) for n in range(500)]
    assert values == sorted(values, reverse=True)
    assert all(0.0 < value < 1.0 for value in values[:100])
    assert calibration.source


@pytest.mark.parametrize("odd", [0.0, 1.0, 0.5])
@pytest.mark.parametrize("sureness", [0.3, 0.0, -1e9])
def test_odd_figures_give_a_probability_all_the_same(odd, sureness):
    assert 0.0 <= WHISPER.confidence(sureness, odd) <= 1.0
    assert not math.isnan(WHISPER.confidence(sureness, odd))


def test_clear_speech_passes_the_gate_and_guesses_do_not():
    limits = MinConfidence()
    assert WHISPER.confidence(-0.1, 0.01) > limits.high
    assert WHISPER.confidence(-1.0, 0.3) < limits.low


def test_weights_are_told_by_their_name():
    assert calibration_for("whisper-tiny.en") is CALIBRATIONS["whisper-tiny.en"]
    assert calibration_for("my own whisper-large") is WHISPER
