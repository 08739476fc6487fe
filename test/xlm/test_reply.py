# SPDX-License-Identifier: Apache-2.0
"""Deltas of a reply: nothing held longer than needed, however the text is cut into pieces."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.xlm.events import EndOfTurn, Reasoning, Text
from voice_agent_ros.xlm.protocol import Function
from voice_agent_ros.xlm.reply import CallDelta, ContentDelta, Delta, ReasoningDelta, ReplyAssembler

SCHEMA = {"type": "object", "properties": {"object": {"type": "string"}}, "required": ["object"]}
TOOLS = [Function(name="pick", parameters=SCHEMA), Function(name="open_gripper")]


def summary(deltas: list[Delta]) -> tuple[str, list[tuple[str, dict[str, str]]]]:
    text = "".join(delta.text for delta in deltas if isinstance(delta, ContentDelta))
    calls = [delta for delta in deltas if isinstance(delta, CallDelta)]
    assert [call.index for call in calls] == list(range(len(calls)))
    return text, [(call.name, json.loads(call.arguments_json)) for call in calls]


def run(assembler: ReplyAssembler, pieces: list[str]) -> list[Delta]:
    deltas: list[Delta] = []
    for piece in pieces:
        deltas += assembler.feed(Text(piece))
    return deltas + assembler.finish()


CASES = {
    "words": ("Hello there.\n\nI pick words", "Hello there.\n\nI pick words", []),
    "call": ('pick(object="red cube")', "", [("pick", {"object": "red cube"})]),
    "calls": (
        '\n pick(object="a")\n\nopen_gripper()\n',
        "",
        [("pick", {"object": "a"}), ("open_gripper", {})],
    ),
    "words, then a call": ('Sure!\npick(object="a")', "Sure!", [("pick", {"object": "a"})]),
    "a call inside words": ("pick(object='a') would do it", "pick(object='a') would do it", []),
    "json over lines": (
        '{\n "name": "pick",\n "arguments": {"object": "a"}\n}\n',
        "",
        [("pick", {"object": "a"})],
    ),
    "fence": (
        '```json\n{"name": "pick", "arguments": {"object": "a"}}\n```',
        "",
        [("pick", {"object": "a"})],
    ),
    "other fence": ("```\nx = 1\n```\nDone.", "```\nx = 1\n```\nDone.", []),
    "unknown": ("fly(object='a')", "fly(object='a')", []),
    "unfinished": ("pick(object='a'", "pick(object='a'", []),
    "list": ("[1] yes\n[2] no", "[1] yes\n[2] no", []),
}


@pytest.mark.parametrize("name", CASES)
@given(cuts=st.lists(st.integers(min_value=1, max_value=60), max_size=12))
def test_any_split_gives_the_same_reply(name: str, cuts: list[int]) -> None:
    whole, text, calls = CASES[name]
    bounds = [0, *sorted({min(cut, len(whole)) for cut in cuts}), len(whole)]
    pieces = [whole[a:b] for a, b in zip(bounds, bounds[1:]) if a < b]  # noqa: B905, RUF007
    assembler = ReplyAssembler(TOOLS)
    assert summary(run(assembler, pieces)) == (text, calls)
    assert assembler.finish_reason == ("tool_calls" if calls else "stop")


def test_words_are_not_held_back() -> None:
    assembler = ReplyAssembler(TOOLS)
    assert assembler.feed(Text("The")) == [ContentDelta("The")]
    assert assembler.feed(Text(" arm")) == [ContentDelta(" arm")]
    assert assembler.feed(Text("\np")) == []
    assert assembler.feed(Text("lain")) == [ContentDelta("\nplain")]


@pytest.mark.parametrize(
    "pieces", [["alpha STOP beta"], ["alpha ", "ST", "OP beta"], list("alpha STOP beta")]
)
def test_stop_text(pieces: list[str]) -> None:
    assembler = ReplyAssembler(stops=["STOP", "END"])
    assert summary(run(assembler, pieces)) == ("alpha ", [])
    assert assembler.finish_reason == "stop"


def test_what_looked_like_a_stop_text_is_not_lost() -> None:
    assert summary(run(ReplyAssembler(stops=["STOP"]), ["S", "T", "O"])) == ("STO", [])


def test_limit() -> None:
    assembler = ReplyAssembler(max_tokens=2)
    assert assembler.feed(Text("a")) == [ContentDelta("a")]
    assert not assembler.is_done
    assert assembler.feed(Text(" b")) == [ContentDelta(" b")]
    assert assembler.is_done
    assert assembler.feed(Text(" c")) == []
    assert assembler.finish_reason == "length"


def test_reasoning_stays_apart() -> None:
    assembler = ReplyAssembler(TOOLS)
    assert assembler.feed(Reasoning("pick(")) == [ReasoningDelta("pick(")]
    assert assembler.feed(EndOfTurn()) == []
