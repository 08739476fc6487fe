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
