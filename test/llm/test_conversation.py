# SPDX-License-Identifier: Apache-2.0
"""What is remembered, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.llm.budget import usual_tokens
from voice_agent_ros.llm.conversation import Conversation, Exchange, as_heard, heard_part


def test_sessions_are_apart_and_expire():
    conversation = Conversation(timeout_s=60.0)
    conversation.add("a", Exchange("1", "hello", "hi"), 0.0)
    conversation.add("b", Exchange("2", "bye", "goodbye"), 30.0)
    assert conversation.history("a", 50.0) == [("hello", "hi")]
    assert conversation.history("a", 70.0) == []
    assert conversation.history("b", 70.0) == [("bye", "goodbye")]


def test_the_oldest_turns_are_dropped_whole():
    conversation = Conversation(max_turns=10, max_tokens=12)
    for number in range(5):
        conversation.add("a", Exchange(str(number), f"q{number}", "abcdefghijklmn"), 0.0)
    assert conversation.history("a", 0.0) == [("q3", "abcdefghijklmn"), ("q4", "abcdefghijklmn")]


def test_chinese_costs_more_tokens():
    assert usual_tokens("abcdefgh") == 2
    assert usual_tokens("红色方块") == 4
    conversation = Conversation(max_turns=10, max_tokens=10)
    for number in range(3):
        conversation.add("a", Exchange(str(number), "你好", "桌上有碗"), 0.0)
    assert conversation.history("a", 0.0) == [("你好", "桌上有碗")]


def test_the_quietest_session_is_dropped():
    conversation = Conversation(max_sessions=2)
    for number, session in enumerate("abac"):
        conversation.add(session, Exchange(str(number), "q", "a"), float(number))
    assert conversation.history("b", 4.0) == []
    assert conversation.history("a", 4.0)


def test_what_was_not_heard_is_not_remembered():
    conversation = Conversation()
    conversation.add("a", Exchange("1", "hello", " "), 0.0)
    assert conversation.history("a", 0.0) == []


def test_words_that_got_no_answer_come_before_those_that_got_one():
    conversation = Conversation()
    conversation.add("a", Exchange("1", "my name is Ada", "", is_interrupted=True), 0.0)
    assert conversation.history("a", 0.0) == [("my name is Ada", "… [interrupted]")]
    conversation.add("a", Exchange("2", "what is my name", "Ada."), 1.0)
    assert conversation.history("a", 1.0) == [("my name is Ada what is my name", "Ada.")]


def test_a_turn_is_in_it_once():
    conversation = Conversation()
    conversation.add("a", Exchange("1", "hello", "hi there"), 0.0)
    conversation.add("a", Exchange("1", "hello", "hi …", is_interrupted=True), 1.0)
    assert conversation.history("a", 1.0) == [("hello", "hi …")]


def test_the_heard_part_ends_at_a_word():
    assert heard_part("one two three four five", 0.6, "en") == "one two"
    assert heard_part("one two", 10.0, "en") == "one two"
    assert heard_part("one two", 0.0, "en") == ""
    assert heard_part("桌上有一个红色方块", 1.0, "zh") == "桌上有一"


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.text(max_size=300), st.text(max_size=300)), max_size=60)
)
def test_memory_is_bounded(exchanges):
    conversation = Conversation(max_turns=4, max_tokens=400, max_sessions=3)
    for at, (session, said, heard) in enumerate(exchanges):
        conversation.add(session, Exchange(str(at), said, heard.strip()), float(at))
        history = conversation.history(session, float(at))
        assert len(history) <= 4
        assert sum(usual_tokens(said) + usual_tokens(heard) for said, heard in history) <= 401


@pytest.mark.parametrize(
    "text",
    ["hi [interrupted]", "hi [ INTERRUPTED ]", "hi ［interrupted］", "[interrupted] hi", "hi【Interrupted】"],
)
def test_only_we_mark(text):
    assert as_heard(text, is_interrupted=False) == "hi"
    assert as_heard(text, is_interrupted=True) == "hi … [interrupted]"
    assert as_heard("[interrupted]", is_interrupted=True) == ""
