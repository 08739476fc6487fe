# SPDX-License-Identifier: Apache-2.0
"""A conversation over a restart."""

import json

import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.llm.conversation import Conversation, Exchange
from voice_agent_ros.llm.conversation_file import ConversationFile


def kept(path, wall=1000.0):
    return ConversationFile(path, lambda: wall)


def conversation():
    made = Conversation(timeout_s=300.0)
    made.add("ada", Exchange("1", "my name is Ada", "Nice to meet you."), 50.0)
    made.add("bob", Exchange("2", "你好", "您好 …", is_interrupted=True), 60.0)
    return made


def test_it_comes_back_with_its_age(tmp_path):
    path = tmp_path / "state" / "conversation.json"
    kept(path).save(conversation(), 60.0)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    again = Conversation(timeout_s=300.0)
    assert kept(path, 1200.0).load(again, 5.0) == ""  # the robot was off for 200 s, its clock began anew
    assert again.history("ada", 5.0) == [("my name is Ada", "Nice to meet you.")]
    assert again.history("bob", 104.0) == [("你好", "您好 …")]
    assert again.history("ada", 96.0) == []  # 10 + 200 + 91 s ago


def test_nothing_is_left_beside_it(tmp_path):
    kept(tmp_path / "c.json").save(conversation(), 60.0)
    assert [path.name for path in tmp_path.iterdir()] == ["c.json"]


def test_the_first_start_finds_nothing(tmp_path):
    assert kept(tmp_path / "c.json").load(Conversation(), 0.0) == ""


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"version": 1}', '{"version": 9, "written_at": 0, "sessions": []}']
)
def test_a_broken_file_is_said_and_left_alone(tmp_path, text):
    path = tmp_path / "c.json"
    path.write_text(text)
    empty = Conversation()
    assert "c.json" in kept(path).load(empty, 0.0)
    assert empty.history("ada", 0.0) == []


def test_a_file_from_elsewhere_cannot_be_huge(tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"x": "y" * 2_000_000}))
    assert "too large" in kept(path).load(Conversation(), 0.0)


def test_it_says_if_it_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="history_path"):
        kept(tmp_path / "file" / "c.json").save(conversation(), 0.0)


def file_of(*sessions, written_at="0"):
    return f'{{"version": 1, "written_at": {written_at}, "sessions": [{", ".join(sessions)}]}}'


def session(age="1", said='"Ada"'):
    exchange = f'{{"turn_id": "1", "said": {said}, "heard": "Nice."}}'
    return f'{{"session_id": "ada", "age_s": {age}, "exchanges": [{exchange}]}}'


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        file_of(session(), written_at="NaN"),
        file_of(session("NaN")),
        file_of(session(said="7")),
        file_of(session(), session(said="[1]")),
        file_of(session())[:-2],
    ],
)
def test_of_a_damaged_file_nothing_is_believed(tmp_path, text):
    path = tmp_path / "c.json"
    path.write_text(text)
    empty = Conversation()
    assert "c.json" in kept(path).load(empty, 0.0)
    assert empty.written(0.0) == []


def test_neither_a_long_name_nor_half_a_character_breaks_it(tmp_path):
    path, name = tmp_path / "c.json", "../" * 400_000
    made = Conversation()
    made.add(name, Exchange("1", "hello \ud83d", "Good day."), 50.0)
    kept(path).save(made, 60.0)
    assert path.stat().st_size < 1000
    assert [one.name for one in tmp_path.iterdir()] == ["c.json"]
    again = Conversation()
    assert kept(path).load(again, 60.0) == ""
    assert again.history(name, 61.0)
    assert not again.history(name[:-3], 61.0)
