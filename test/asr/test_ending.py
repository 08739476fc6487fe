# SPDX-License-Identifier: Apache-2.0
"""Whether words sound finished."""

import pytest

from voice_agent_ros.asr.ending import Ending, is_unfinished, judge_ending
from voice_agent_ros.asr.recognizer import Recognition


@pytest.mark.parametrize(
    "text",
    [
        "Pick up the red cube and",
        "Pick up the.",
        "Move it to",
        "Put the cup on top of the",
        "Turn the gripper by",
        "Open the gripper, um",
        "Well,",
        "Put the, uhm",
        "Pick up the cube, eh",
        "Ehm.",
        "Move up, mmm",
        "Put the red cube in",
        "Place it on.",
        "Rotate by minus",
        "Go up, actually",
        "把方块放到，唔",
        "红色方块，emm",
        "向上移动，另外",
        "把它",
        "Could you",
        "I'd like you to",
        "Pick up...",
        "Put",
        "把",
        "请把红色的",
        "打开夹爪然后",
        "打开夹爪，然后",
        "那个",
        "嗯",
    ],
)
def test_more_must_follow(text):
    assert is_unfinished(text)


@pytest.mark.parametrize(
    "text",
    [
        "Pick up the red cube.",
        "Stop that!",
        "Move up.",
        "Put it down.",
        "Go on.",
        "Hold on.",
        "Come in.",
        "Move up five mm",
        "Move up 5 mm.",
        "Where does it come from?",
        "What is it made of?",
        "Yes.",
        "打开夹爪",
        "停",
        "把红色方块拿起来",
        "好的",
    ],
)
def test_it_may_be_all(text):
    assert not is_unfinished(text)


def test_a_grammar_knows_what_is_a_whole_command():
    def is_command(text, language):
        return (text, language) == ("Open the gripper.", "en")

    assert judge_ending(Recognition("Open the gripper.", 0.9, "en"), is_command) is Ending.COMPLETE
    assert judge_ending(Recognition("Open the.", 0.9, "en"), is_command) is Ending.UNFINISHED
    assert judge_ending(Recognition("Nice weather.", 0.9, "en"), is_command) is Ending.UNKNOWN
    assert judge_ending(Recognition("", 0.0, "en"), is_command) is Ending.UNKNOWN
