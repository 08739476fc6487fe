# SPDX-License-Identifier: Apache-2.0
"""What the model understood is read back; what it got wrong is not guessed at."""

import pytest
from talk import BLUE, PARAPHRASE, Talk

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.turn import Heard
from voice_agent_ros.llm.client import Failed, Finished, TextDelta, ToolCall


def test_a_paraphrase_is_proposed_asked_and_done_after_yes(talk):
    asking = talk.hears(PARAPHRASE)
    assert talk.ports.chats[-1].request.tools
    talk.wait(0.5)
    talk.model(Finished((BLUE,)))
    assert talk.ports.goals[-1][1:] == (
        "llm",
        [{"skill": "pick_and_place", "arguments": {"object": "blue cube", "target": "bowl"}}],
    )
    talk.asks()
    assert (talk.ports.pieces[-1].kind, talk.ports.pieces[-1].reply_id) == ("question", "nonce-1")
    talk.plays("nonce-1", 2.0)
    assert (talk.report.heard.turn_id, talk.report.outcome) == (asking, "asked")
    talk.wait(0.5)
    answering = talk.hears("Yes.")
    assert len(talk.ports.goals) == 1
    talk.bridge("confirmed")
    talk.bridge("goal_accepted")
    talk.bridge("first_motion")
    talk.wait(3.0)
    talk.bridge("result", "The blue cube is in the bowl.", outcome="done")
    talk.plays()
    assert (talk.report.heard.turn_id, talk.report.outcome, talk.report.engine) == (answering, "done", "llm")
    assert [call.skill for call in talk.report.calls] == ["pick_and_place"]
    assert all(stage.end for stage in talk.report.stages)
    assert len(talk.ports.reports) == 2


def test_no_leaves_the_arm_alone(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.hears("no thanks")
    talk.bridge("result", "All right, I won't.", outcome="refused", rule="not_confirmed")
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("refused", "not_confirmed")
    assert len(talk.ports.goals) == 1


def test_another_sentence_instead_of_yes_is_heard_as_such(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    turn_id = talk.hears("open the gripper")
    talk.bridge("result", "All right, I won't.", key="t1", outcome="refused", rule="not_confirmed")
    assert "All right, I won't." not in talk.said
    assert talk.ports.goals[-1][0] == turn_id


def test_yes_before_the_question_was_played_does_not_count(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.hears("yes")
    assert "finished asking" in talk.said[-1]
    talk.wait(4.0)
    assert (talk.report.outcome, talk.report.rule) == ("refused", "answered_too_early")
    talk.plays("nonce-1")
    talk.hears("yes")
    talk.bridge("result", "Done.", outcome="done")
    talk.plays()
    assert talk.report.outcome == "done"


def test_an_unanswered_question_expires_in_words(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.wait(20.0)
    talk.bridge("result", "All right, I won't.", outcome="refused", rule="not_confirmed")
    assert talk.said[-1] == "All right, I won't."
    assert [report.outcome for report in talk.ports.reports] == ["asked"]


def test_yes_to_nothing_moves_nothing(talk):
    talk.hears("yes")
    assert not talk.ports.goals
    assert not talk.ports.chats
    assert talk.said == ["I wasn't waiting for an answer."]


@pytest.mark.parametrize(
    "calls",
    [
        (),
        (ToolCall("fly", "{}"),),
        (ToolCall("pick", "garbage"),),
        (ToolCall("pick", '{"object": NaN}'),),
        (ToolCall("pick", '{"object": "red cube"}'),),  # not what was said
        (ToolCall("move_by", '{"direction": "up", "distance": 1e308}'),),
        (ToolCall("resume", "{}"),),
        (ToolCall("stop", "{}"),),
        (ToolCall("pick", "[" * 5000),),
    ],
)
def test_what_the_model_gets_wrong_is_not_guessed_at(talk, calls):
    talk.hears(PARAPHRASE)
    talk.model(Finished(calls))
    assert not talk.ports.goals
    assert "didn't understand" in talk.said[-1]
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("refused", "not_understood")


def test_a_model_that_repeats_itself_is_heard_once(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE, BLUE, BLUE)))
    assert [len(calls) for _, _, calls in talk.ports.goals] == [1]


def test_words_of_a_model_that_should_act_are_not_spoken(talk):
    talk.hears(PARAPHRASE)
    talk.model(TextDelta("Sure, I am moving the blue cube now."), Finished())
    assert not any("Sure" in text for text in talk.said)


@pytest.mark.parametrize(
    "text",
    [
        "don't put the red cube in the bowl",
        "is the red cube heavier than the bowl?",
        "he said put the red cube in the bowl",
        "I put the red cube in the bowl yesterday",
        "what is the capital of France",
    ],
)
def test_what_is_no_command_gets_no_tools(talk, text):
    talk.hears(text)
    assert not talk.ports.goals
    assert not talk.ports.chats[-1].request.tools
    talk.model(TextDelta("It is "), TextDelta("Paris, I think."), Finished((BLUE,)))
    assert not talk.ports.goals
    assert "".join(talk.said) == "It is Paris, I think."
    talk.plays()
    assert (talk.report.outcome, talk.report.engine) == ("answered", "llm")


def test_an_answer_is_spoken_clause_by_clause(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces, "), TextDelta("and eight"))
    assert talk.said == ["Cubes have six faces,"]
    talk.model(TextDelta(" corners."), Finished())
    pieces = talk.ports.pieces
    assert "".join(piece.text for piece in pieces) == "Cubes have six faces, and eight corners."
    assert [piece.index for piece in pieces] == [0, 1]
    assert [piece.is_last for piece in pieces] == [False, True]
    assert len({piece.reply_id for piece in pieces}) == 1


def test_an_empty_answer_is_said_to_be_none(talk):
    talk.hears("what is love")
    talk.model(Finished())
    assert talk.said == ["I don't know what to say to that."]


def test_without_a_model_the_robot_says_so_and_the_grammar_works(talk):
    talk.hears("what is the capital of France")
    talk.model(Failed("unreachable", "nobody there"))
    assert "language model does not answer" in talk.said[-1]
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("failed", "llm_unreachable")
    talk.hears("open the gripper")
    assert talk.ports.goals[-1][1] == "grammar"


def test_a_model_that_dies_in_mid_sentence(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces, and "), Failed("broken", "connection reset"))
    assert talk.said[-1].endswith("I lost my train of thought.")
    assert talk.ports.pieces[-1].is_last
    talk.plays()
    assert talk.report.outcome == "failed"


def test_a_slow_model_is_excused(grammars):
    talk = Talk(grammars, one_moment_s=1.0)
    talk.hears("what is the capital of France")
    talk.wait(2.0)
    assert talk.said == ["One moment."]
    assert talk.ports.pieces[-1].kind == "notice"


@pytest.mark.parametrize(
    "other", [ToolCall("open_gripper", "{}"), ToolCall("fly", "{}"), ToolCall("pick", "garbage")]
)
def test_several_calls_are_asked_about_unless_they_are_a_sequence(talk, other):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE, other)))
    assert not talk.ports.goals
    assert talk.kinds("question")[-1].text == "That sounded like several things. What shall I do first?"
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("asked", "several_calls")


def test_the_same_call_twice_is_one(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE, BLUE)))
    assert len(talk.ports.goals) == 1


def asked(talk, session="ada"):
    talk.hears(PARAPHRASE, session)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")


def test_who_was_not_asked_cannot_agree(talk):
    asked(talk)
    talk.hears("yes", "bob")
    assert talk.report.rule == ""
    assert "wasn't waiting" in talk.said[-1]
    talk.hears("yes", "ada")
    talk.bridge("result", "It is done.", key="t1", outcome="done")
    talk.plays()
    assert (talk.report.heard.session_id, talk.report.outcome) == ("ada", "done")


def test_anybody_may_decline(talk):
    asked(talk)
    talk.hears("no", "bob")
    talk.bridge("result", "All right, I won't.", key="t1", outcome="refused", rule="not_confirmed")
    talk.plays()
    assert (talk.report.heard.session_id, talk.report.rule) == ("bob", "not_confirmed")


def test_of_many_only_some_are_read_out(talk):
    names = [f"{'very ' * 40}m{number} cube" for number in range(200)]
    talk.dialogue.on_scene(Scene(tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in names), ("home",)))
    talk.hears("pick up the cube")
    assert "or another one?" in talk.said[-1]
    assert len(talk.said[-1]) < 400


def test_words_of_no_turn_and_longer_than_anybody_reads_move_nothing(talk):
    talk.dialogue.on_heard(Heard("s", "", "open the gripper", "en", 1.0, 2.0, 3.0))
    for text in (
        "open the gripper" + " " * 1000 + "but not now",
        "请" * 1000 + "打开夹爪，才怪",
        PARAPHRASE * 30,
    ):
        talk.hears(text)
    assert not talk.ports.goals
    assert all(not chat.request.tools for chat in talk.ports.chats)


def test_a_reply_whose_end_gets_lost_is_given_up(grammars):
    talk = Talk(grammars, answer_timeout_s=20.0)
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces, "))
    talk.wait(19.0)
    assert not talk.ports.chats[0].is_aborted
    talk.wait(2.0)
    assert talk.ports.chats[0].is_aborted
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("failed", "llm_too_slow")
