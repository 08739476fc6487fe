# SPDX-License-Identifier: Apache-2.0
"""Answers are short, speakable and in the speaker's language; what is too long is offered as text."""

from talk import Talk

from voice_agent_ros.llm.client import Finished, TextDelta

STORY = "tell me something about cubes"
LONG = "Cubes have six faces and many friends. " * 20


def test_a_long_answer_is_offered_as_text(talk):
    talk.hears(STORY)
    talk.model(TextDelta(LONG), Finished())
    spoken = "".join(talk.said)
    assert len(spoken) < 400
    assert spoken.endswith("I have written the rest down for you.")
    (shown,) = talk.kinds("text")
    assert shown.text == LONG
    assert talk.ports.pieces[-2].is_last
    talk.plays(f"{talk.ports.chats[0].chat_id.split('#')[0]}-answer")
    assert talk.report.reply == spoken.strip()


def test_so_is_a_long_list_of_the_bridge(talk):
    talk.hears("open the gripper")
    talk.bridge("result", "I see " + ", ".join(["the red cube"] * 50) + ".", outcome="done")
    assert len(talk.said[-1]) < 400
    assert talk.said[-1].endswith("I have written the rest down for you.")
    assert talk.kinds("text")[-1].text.count("red cube") == 50


def test_chinese_takes_longer_to_say(talk):
    talk.hears("说说你最喜欢的颜色吧", language="zh")
    talk.model(TextDelta("我最喜欢红色，因为它很好看。" * 15), Finished())
    assert len("".join(talk.said)) < 140
    assert talk.said[-1].endswith("其余的我写下来了。")


def test_the_limit_is_a_setting(grammars):
    talk = Talk(grammars, spoken_characters=5000)
    talk.hears(STORY)
    talk.model(TextDelta(LONG), Finished())
    assert not talk.kinds("text")


def test_questions_and_stops_are_never_cut(talk):
    talk.hears("open the gripper")
    question = "Shall I " + "really " * 100 + "open it?"
    talk.asks(question)
    assert talk.said[-1] == question


def test_speaking_begins_with_the_first_clause(talk):
    talk.hears(STORY)
    talk.model(TextDelta("Cubes have six"))
    assert not talk.said
    talk.model(TextDelta(" faces, and"))
    assert talk.said == ["Cubes have six faces,"]


def test_an_answer_in_another_language_is_given_up(talk):
    talk.hears(STORY)
    talk.model(TextDelta("方块有六个面，八个角。"))
    assert talk.ports.chats[-1].is_aborted
    assert talk.said == ["I don't know what to say to that."]
    talk.plays()
    assert (talk.report.outcome, talk.report.rule) == ("failed", "wrong_language")


def test_a_word_of_another_language_is_fine(talk):
    talk.hears("how do you say cube in Chinese, tell me")
    talk.model(TextDelta("方块, I think."), Finished())
    assert "方块" in "".join(talk.said)
