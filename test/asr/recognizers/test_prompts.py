# SPDX-License-Identifier: Apache-2.0
"""What recognizers are told to expect must not come back as what was said."""

import pytest

from voice_agent_ros.asr.recognizers.prompts import prompt_for, repeats_prompt


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_of_the_prompt_is_known_again(language):
    for sentence in prompt_for(language, []).replace("。", ".").split(".")[1:-1]:
        assert repeats_prompt(sentence + "!", language), sentence


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Pick up the red cube.", "en"),
        ("Move the arm up five centimetres.", "en"),
        ("", "en"),
        ("继续", "zh"),
    ],
)
def test_other_sentences_are_not_taken_for_it(text, language):
    assert not repeats_prompt(text, language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_prompt_is_dropped_for_silence(language):
    assert not repeats_prompt(" . ", language)
