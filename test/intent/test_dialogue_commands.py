# SPDX-License-Identifier: Apache-2.0
"""Commands that the grammar knows, and several that could be meant."""

import pytest
from talk import BLUE

from voice_agent_ros.intent.dialogue_turns import VOICE_S
from voice_agent_ros.intent.turn import Heard
from voice_agent_ros.llm.client import Finished, Switched


def test_a_command_is_announced_done_and_reported(talk):
    turn_id = talk.begins("Put the red")
    talk.wait(1.0)
    talk.falls_silent(turn_id)
    assert talk.hears("Put the red cube in the bowl", recognizer="whisper_local") == turn_id
    assert talk.ports.goals == [
        (
            turn_id,
            "grammar",
            [{"skill": "pick_and_place", "arguments": {"object": "red cube", "target": "bowl"}}],
        )
    ]
    assert not talk.ports.chats
    talk.bridge("checking")
    talk.wait(0.1)
    talk.bridge("judged")
    talk.wait(0.1)
    talk.bridge("planned", "I'll put the red cube into the bowl.")
    assert talk.ports.pieces[-1].kind == "notice"
    talk.bridge("executing")
    talk.plays()
    talk.bridge("goal_accepted")
    talk.wait(0.3)
    talk.bridge("first_motion")
    talk.wait(4.0)
    talk.bridge("last_motion")
    talk.bridge("result", "The red cube is in the bowl.", outcome="done")
    assert talk.ports.pieces[-1].kind == "answer"
    talk.wait(0.5)
    assert not talk.ports.reports  # it is still being told
    talk.plays()
    assert talk.report.outcome == "done"
    assert talk.report.reply == "The red cube is in the bowl."
    stages = {stage.name: stage for stage in talk.report.stages}
    assert list(stages) == [
        "speech",
        "partial",
        "endpoint",
        "final_transcript",
        "grammar",
        "intent",
        "gate",
        "plan",
        "goal_accepted",
        "first_motion",
        "last_motion",
        "first_audio",
        "last_audio",
        "done",
    ]
    end = talk.report.heard.speech_end
    assert stages["final_transcript"].start == end
    assert all(stage.start <= stage.end for stage in stages.values())
    assert end < stages["final_transcript"].end <= stages["intent"].end <= stages["goal_accepted"].end
    assert stages["goal_accepted"].end == stages["first_motion"].start < stages["first_motion"].end
    assert stages["first_motion"].end == stages["last_motion"].start < stages["last_motion"].end
    assert stages["gate"].end == stages["plan"].start < stages["plan"].end
    assert stages["done"].end < stages["last_audio"].end
    assert talk.report.engines == ("ears: whisper_local",)
    assert len(talk.ports.reports) == 1


def test_the_voice_that_spoke_is_told_by_the_report(talk):
    talk.hears("Put the red cube in the bowl", recognizer="whisper_local")
    talk.bridge("planned", "I'll put the red cube into the bowl.")
    talk.bridge("goal_accepted")
    talk.bridge("result", "Done.", outcome="done")
    notice, answer = (piece.reply_id for piece in talk.ports.pieces)
    talk.plays(notice, words_follow=True)
    talk.dialogue.on_spoken(notice, "I'll …", is_interrupted=False, voices=["hibari"])
    talk.plays(answer, words_follow=True)
    assert not talk.ports.reports, "it is told in a moment"
    talk.dialogue.on_spoken(
        answer, "Done.", is_interrupted=False, voices=["hibari", "espeak instead of hibari (it broke)"]
    )
    assert talk.report.engines == (
        "ears: whisper_local",
        "mouth: hibari",
        "mouth: espeak instead of hibari (it broke)",
    )


def test_a_report_does_not_wait_for_a_mouth_that_does_not_tell(talk):
    talk.hears("Put the red cube in the bowl")
    talk.bridge("goal_accepted")
    talk.bridge("result", "Done.", outcome="done")
    talk.plays(words_follow=True)
    assert not talk.ports.reports
    talk.wait(VOICE_S + 0.2)
    assert talk.report.engines == ()
    talk.dialogue.on_spoken("unknown", "", is_interrupted=False, voices=["hibari"])


def test_what_a_model_took_is_told_by_stages(talk):
    turn_id = talk.hears("I'd love to see the blue one end up with the others")
    talk.wait(2.0)
    talk.model(
        Switched("http://a/v1", "http://b/v1", "it is down"),
        Finished((BLUE,), first_token_s=1.0, total_s=1.5, url="http://b/v1", queue_s=0.25),
    )
    talk.bridge("result", "I'm not sure.", outcome="refused", rule="low_confidence")
    talk.plays()
    stages = {stage.name: stage for stage in talk.report.stages}
    lengths = {name: stage.end - stage.start for name, stage in stages.items()}
    assert talk.report.heard.turn_id == turn_id
    assert lengths["llm_queue"] == pytest.approx(0.25)
    assert lengths["llm_first_token"] == pytest.approx(0.75)
    assert lengths["llm_last_token"] == pytest.approx(0.5)
    assert talk.report.engines == (
        "mind: http://b/v1 instead of http://a/v1 (it is down)",
        "mind: http://b/v1",
    )


def test_a_stop_is_a_stage_of_what_it_stops(talk):
    talk.hears("Put the red cube in the bowl")
    talk.bridge("goal_accepted")
    talk.bridge("first_motion")
    talk.wait(1.0)
    at = talk.dialogue._ros_now()
    talk.dialogue.on_stop(at)
    talk.bridge("result", "I stopped.", outcome="stopped", rule="stopped")
    talk.plays()
    stages = {stage.name: stage.end for stage in talk.report.stages}
    assert stages["stop"] == at
    assert stages["last_motion"] >= at


def test_a_reply_that_nobody_plays_does_not_hold_the_report_back(talk):
    talk.hears("Put the red cube in the bowl")
    talk.bridge("result", "The red cube is in the bowl.", outcome="done")
    assert not talk.ports.reports
    talk.wait(4.0)
    assert talk.report.outcome == "done"
    assert "first_audio" not in {stage.name for stage in talk.report.stages}


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
