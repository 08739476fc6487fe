# SPDX-License-Identifier: Apache-2.0
"""Speaking over the robot, and stop, at any stage."""

from talk import BLUE, PARAPHRASE

from voice_agent_ros.llm.client import Finished, TextDelta


def test_speaking_over_the_robot_ends_what_it_was_thinking(talk):
    talk.hears(PARAPHRASE)
    talk.begins("wait", "t9")
    assert talk.ports.chats[-1].is_aborted
    talk.model(Finished((BLUE,)))
    assert not talk.ports.goals
    talk.wait(4.0)
    assert (talk.report.outcome, talk.report.rule) == ("refused", "interrupted")


def test_a_partial_of_the_same_turn_interrupts_nothing(talk):
    turn_id = talk.hears(PARAPHRASE)
    talk.begins("I'd love", turn_id)
    assert not talk.ports.chats[-1].is_aborted


def test_an_interrupted_answer_is_closed(talk):
    talk.hears("tell me something about cubes")
    talk.model(TextDelta("Cubes have six faces, and then "))
    talk.begins("thanks", "t9")
    assert talk.ports.pieces[-1].is_last
    talk.model(TextDelta("nothing of this."), chat=0)
    assert not any("nothing of this" in text for text in talk.said)


def test_a_new_sentence_takes_the_place_of_one_being_thought_about(talk):
    talk.hears(PARAPHRASE)
    talk.hears("open the gripper")
    assert talk.ports.chats[0].is_aborted
    talk.model(Finished((BLUE,)), chat=0)
    assert [engine for _, engine, _ in talk.ports.goals] == ["grammar"]


def test_stop_while_the_model_thinks(talk):
    talk.hears(PARAPHRASE)
    talk.dialogue.on_stop()
    assert talk.ports.chats[-1].is_aborted
    talk.model(Finished((BLUE,)))
    assert not talk.ports.goals
    talk.wait(4.0)
    assert (talk.report.outcome, talk.report.rule) == ("stopped", "stopped")


def test_speech_does_not_end_a_motion(talk):
    talk.hears("put the red cube in the bowl")
    talk.bridge("goal_accepted")
    talk.hears("what is the capital of France")
    talk.bridge("result", "The red cube is in the bowl.", key="t1", outcome="done")
    assert "The red cube is in the bowl." in talk.said


def test_stop_is_passed_on_at_once_and_answered(talk):
    talk.hears("Grandmother, stop the arm")
    assert talk.ports.stops == ["stop"], "and nothing else that was said"
    talk.dialogue.on_stop()  # its own request comes back
    talk.bridge("result", "Stopped.", outcome="stopped", rule="stopped")
    assert talk.ports.pieces[-1].kind == "safety"
    talk.plays()
    assert talk.report.outcome == "stopped"


def test_stop_while_a_question_is_open(talk):
    talk.hears(PARAPHRASE)
    talk.model(Finished((BLUE,)))
    talk.asks()
    talk.plays("nonce-1")
    talk.hears("stop")
    assert talk.ports.stops == ["stop"]
    assert talk.ports.goals[-1][2] == [{"skill": "stop", "arguments": {}}]


def test_a_stopped_motion_is_reported_as_stopped(talk):
    talk.hears("put the red cube in the bowl")
    talk.bridge("goal_accepted")
    talk.dialogue.on_stop()
    talk.bridge("result", "I stopped.", outcome="stopped", rule="stopped")
    talk.plays()
    assert talk.report.outcome == "stopped"
