# SPDX-License-Identifier: Apache-2.0
"""Commands that the grammar knows, and several that could be meant."""

from voice_agent_ros.intent.turn import Heard


def test_a_command_is_announced_done_and_reported(talk):
    turn_id = talk.hears("Put the red cube in the bowl")
    assert talk.ports.goals == [
        (
            turn_id,
            "grammar",
            [{"skill": "pick_and_place", "arguments": {"object": "red cube", "target": "bowl"}}],
        )
    ]
    assert not talk.ports.chats
    talk.bridge("planned", "I'll put the red cube into the bowl.")
    assert talk.ports.pieces[-1].kind == "notice"
    talk.plays()
    talk.bridge("goal_accepted")
    talk.wait(0.3)
    talk.bridge("first_motion")
    talk.wait(4.0)
    talk.bridge("result", "The red cube is in the bowl.", outcome="done")
    assert talk.ports.pieces[-1].kind == "answer"
    assert talk.report.outcome == "done"
    assert talk.report.reply == "The red cube is in the bowl."
    stages = {stage.name: stage for stage in talk.report.stages}
    assert list(stages) == [
        "speech",
        "final_transcript",
        "intent",
        "goal_accepted",
        "first_motion",
        "first_audio",
        "done",
    ]
    end = talk.report.heard.speech_end
    assert all(stage.start == end for name, stage in stages.items() if name != "speech")
    assert end < stages["final_transcript"].end <= stages["intent"].end <= stages["goal_accepted"].end
    assert stages["goal_accepted"].end < stages["first_motion"].end < stages["done"].end
    assert len(talk.ports.reports) == 1


def test_a_refusal_is_spoken_and_reported(talk):
    talk.hears("pick up the purple elephant")
    talk.bridge("result", "I can't see a purple elephant.", outcome="refused", rule="unknown_object")
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("refused", "unknown_object")
    assert talk.report.reply == "I can't see a purple elephant."


def test_what_is_seen_is_answered(talk):
    talk.hears("what is on the table")
    talk.bridge("result", "I see a red cube and a bowl.", outcome="done")
    talk.plays()
    assert talk.report.outcome == "answered"


def test_a_duplicate_transcript_does_nothing(talk):
    turn_id = talk.hears("open the gripper")
    heard = Heard("s", turn_id, "open the gripper", "en", 1.0, 2.0, 3.0)
    talk.dialogue.on_heard(heard)
    assert len(talk.ports.goals) == 1


def test_a_missing_bridge_is_said(talk):
    talk.hears("open the gripper")
    talk.bridge("unavailable")
    assert "does not answer" in talk.said[-1]
    talk.wait(4.0)
    assert talk.report.outcome == "failed"


def test_a_lost_result_is_said_and_nothing_is_sent_again(talk):
    talk.hears("open the gripper")
    talk.wait(200.0)
    assert "lost touch" in talk.said[-1]
    assert talk.report.outcome == "failed"
    assert len(talk.ports.goals) == 1


def test_too_far_is_refused_in_words(talk):
    talk.hears("move up five metres")
    assert not talk.ports.goals
    talk.plays()
    assert talk.report.outcome == "refused"


def test_typed_chinese_is_answered_in_chinese(talk):
    talk.hears("拿起方块", language="zh")
    assert "红色方块" in talk.said[-1]
    assert talk.ports.pieces[-1].language == "zh"


def test_asks_which_and_takes_the_answer(talk):
    talk.hears("pick up the cube")
    assert talk.said == ["Which one do you mean: the red cube, the green cube or the blue cube?"]
    assert talk.ports.pieces[-1].kind == "question"
    talk.plays()
    assert talk.report.outcome == "asked"
    talk.hears("the blue one")
    assert talk.ports.goals[-1][1:] == ("none", [{"skill": "pick", "arguments": {"object": "blue cube"}}])


def test_an_answer_that_comes_too_late_is_a_new_sentence(talk):
    talk.hears("pick up the cube")
    talk.wait(30.0)
    talk.hears("the blue one")
    assert not talk.ports.goals
