# SPDX-License-Identifier: Apache-2.0
"""Words that Whisper finds in noise are not believed; short answers are."""

import pytest

from voice_agent_ros.asr.credibility import is_credible
from voice_agent_ros.asr.recognizer import Recognition


@pytest.mark.parametrize(
    ("text", "confidence", "log_probability", "no_speech", "voiced_s", "expected"),
    [
        ("Pick up the red cube.", 0.95, -0.05, 0.02, 1.4, True),
        ("Yes.", 0.6, -0.5, 0.15, 0.25, True),
        ("Stop.", 0.5, -0.6, 0.2, 0.1, True),
        ("Thank you.", 0.9, -0.1, 0.02, 0.6, True),
        ("Thank you.", 0.3, -0.8, 0.4, 0.2, False),
        ("You", 0.01, -2.0, 0.95, 0.3, False),
        ("Add the glue to the top.", 0.01, -1.6, 0.95, 0.3, False),
        ("Pick up the red cube and put it in the bowl.", 0.8, -0.2, 0.1, 0.2, False),
        ("把红色的方块放进碗里", 0.8, -0.2, 0.1, 2.0, True),
        ("...", 0.9, -0.1, 0.0, 1.0, False),
        ("", 0.0, 0.0, 0.0, 1.0, False),
    ],
)
def test_credibility(text, confidence, log_probability, no_speech, voiced_s, expected):
    recognition = Recognition(text, confidence, "en", log_probability, no_speech)
    assert is_credible(recognition, voiced_s) is expected
