# SPDX-License-Identifier: Apache-2.0
"""A model's call that lacks one argument: that one is asked for, and nothing moves before the whole is read back."""

import pytest
from talk import PARAPHRASE

from voice_agent_ros.llm.client import Failed, Finished, ToolCall

WHERE = "Where to?"
NOT_UNDERSTOOD = "didn't understand"


def put(**arguments):
    call = {"skill": "pick_and_place", "arguments": arguments}
    return [call]


@pytest.mark.parametrize(
    ("said", "name", "written", "question", "answer", "goal"),
    [
        (
            *(PARAPHRASE, "pick_and_place", '{"object": "blue cube"}', WHERE, "into the bowl"),
            put(object="blue cube", target="bowl"),
        ),
        (  # a thing of the model's own
            *(PARAPHRASE, "pick_and_place", '{"object": "blue cube", "target": "moon"}', WHERE, "the bowl"),
            put(object="blue cube", target="bowl"),
        ),
        (  # no text at all
            *(
                PARAPHRASE,
                "pick_and_place",
                '{"object": "blue cube", "target": 7}',
                WHERE,
                "In the bowl, please.",
            ),
            put(object="blue cube", target="bowl"),
        ),
        (
            "the cube would look nice in the bowl",
            "pick_and_place",
            '{"object": "cube", "target": "bowl"}',
            "Which one do you mean: the red cube, the green cube or the blue cube?",
            "the red one",
            put(object="red cube", target="bowl"),
        ),
        (  # a number that nobody said
            "the third joint could do with some turning",
            "move_joint",
            '{"joint": 3, "angle": 0.7}',
            "By how many degrees?",
            "twenty degrees",
            [{"skill": "move_joint", "arguments": {"joint": 3, "angle": 0.349066}}],
        ),
    ],
)
def test_one_argument_is_asked_for_and_the_answer_completes_the_call(
    talk, said, name, written, question, answer, goal
):
    talk.hears(said)
    talk.model(Finished((ToolCall(name, written),)))
    assert talk.said == [question]
    assert not talk.ports.goals
    talk.plays()
    assert (talk.report.outcome, talk.report.engine) == ("asked", "llm")
    turn_id = talk.hears(answer)
    # Not the grammar's: the bridge does not find all of it in these words, and reads it back.
    assert talk.ports.goals == [(turn_id, "none", goal)]


@pytest.mark.parametrize(
    "calls",
    [
        (ToolCall("pick_and_place", "{}"),),
        (ToolCall("pick_and_place", '{"object": "red cube"}'),),  # the blue one was said
        (ToolCall("pick_and_place", '{"object": "blue cube", "speed": 2}'),),
        (ToolCall("pick_and_place", '["blue cube"]'),),
        (ToolCall("move_joint", '{"joint": 3}'),),  # was not offered
    ],
)
def test_what_is_wrong_in_more_than_one_way_is_not_asked_about(talk, calls):
    talk.hears(PARAPHRASE)
    talk.model(Finished(calls))
    assert NOT_UNDERSTOOD in talk.said[-1]
    assert not talk.ports.goals


@pytest.mark.parametrize("answer", ["never mind", "what do you see", "stop", "no", "the moon"])
def test_what_is_no_answer_moves_nothing(talk, answer):
    talk.hears(PARAPHRASE)
    talk.model(Finished((ToolCall("pick_and_place", '{"object": "blue cube"}'),)))
    talk.plays()
    talk.hears(answer)
    moving = [
        calls
        for _, _, calls in talk.ports.goals
        for call in calls
        if call["skill"] not in ("stop", "describe_scene")
    ]
    assert not moving
    if talk.ports.chats[-1].is_aborted is False and talk.ports.chats[-1].request.tools:
        talk.model(Failed("unreachable", "nobody there"))


def test_the_question_is_forgotten_after_a_while_and_after_another_sentence(talk):
    for gone in (lambda: talk.wait(60.0), lambda: talk.hears("open the gripper")):
        talk.hears(PARAPHRASE)
        talk.model(Finished((ToolCall("pick_and_place", '{"object": "blue cube"}'),)))
        assert talk.said[-1] == WHERE
        gone()
        talk.hears("the bowl")
        assert not any(
            call["skill"] == "pick_and_place" for _, _, calls in talk.ports.goals for call in calls
        )
