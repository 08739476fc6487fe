# SPDX-License-Identifier: Apache-2.0
"""Short signatures, and calls read back tolerantly but never trustingly."""

from __future__ import annotations

from typing import Any

import pytest

from voice_agent_ros.xlm.protocol import Function
from voice_agent_ros.xlm.tool_calls import Call, CallReader, call_opening, signature, write_call


def function(name: str, about: str, required: tuple[str, ...] = (), **properties: Any) -> Function:
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
    return Function(name=name, description=about, parameters=schema)


WORD = {"type": "string"}
PICK = function("pick_and_place", "Pick up an object.", ("object", "target"), object=WORD, target=WORD)
PLACE = function(
    "place",
    "Put it\n down.",
    ("target",),
    object={"anyOf": [WORD, {"type": "null"}], "default": None},
    target=WORD,
)
MOVE = function(
    "move_by",
    "Move the hand.",
    ("direction", "distance"),
    direction={"type": "string", "enum": ["up", "down"]},
    distance={"type": "number", "exclusiveMinimum": 0, "maximum": 2, "description": "in metres"},
)
OPEN = function("open_gripper", "Open the gripper.")
READER = CallReader([PICK, PLACE, MOVE, OPEN])


def test_signatures_are_one_line_each() -> None:
    assert signature(PICK) == "pick_and_place(object, target) - Pick up an object."
    assert signature(PLACE) == "place(target, object?) - Put it down."
    assert signature(MOVE) == "move_by(direction: up|down, distance: number in metres) - Move the hand."
    assert signature(Function(name="f")) == "f()"


PICKED = [Call("pick_and_place", {"object": "red cube", "target": "bowl"})]


@pytest.mark.parametrize(
    "text",
    [
        'pick_and_place(object="red cube", target="bowl")',
        " pick_and_place( object = 'red cube' , target='bowl' );\n",
        'pick_and_place("red cube", "bowl")',
        "pick_and_place(red cube, bowl)",
        "pick_and_place(object: red cube, target: bowl).",
        'pick_and_place({"object": "red cube", "target": "bowl"})',
        '{"name": "pick_and_place", "arguments": {"object": "red cube", "target": "bowl"}}',
        '{"name": "pick_and_place", "arguments": "{\\"object\\": \\"red cube\\", \\"target\\": \\"bowl\\"}"}',
        '{"function": {"name": "pick_and_place", "parameters": {"object": "red cube", "target": "bowl"}}}',
        '[{"name": "pick_and_place", "arguments": {"object": "red cube", "target": "bowl"}}]',
        '```json\n{"name": "pick_and_place", "arguments": {"object": "red cube", "target": "bowl"}}\n```',
        '```python\npick_and_place(object="red cube", target="bowl")\n```',
        '<tool_call>\n{"name": "pick_and_place", '
        '"arguments": {"object": "red cube", "target": "bowl"}}\n</tool_call>',
    ],
)
def test_ways_to_write_a_call(text: str) -> None:
    assert READER.read(text) == PICKED
    assert all(READER.may_begin_call(text[:length]) for length in range(len(text)))
    assert READER.is_complete(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello.",
        "fly_away()",
        "pick_and_place(object='red cube')",
        "pick_and_place('a', 'b', 'c')",
        "pick_and_place(object='a', object='b', target='c')",
        "pick_and_place(object='a', target='b', speed=9)",
        "pick_and_place(object=, target='b')",
        "move_by(direction='sideways', distance=0.1)",
        "move_by(direction='up', distance='10 cm')",
        "move_by(direction='up', distance=-1)",
        "move_by(direction='up', distance=True)",
        "I would call open_gripper()",
        "open_gripper() is what I would call",
        "open_gripper",
        '{"name": "open_gripper", "arguments": [1]}',
        '{"name": "open_gripper"',
        '{"answer": 42}',
        "[1, 2]",
        "open_gripper()\nand then?",
        "__import__('os').system('x')",
    ],
)
def test_what_is_no_call(text: str) -> None:
    assert READER.read(text) is None


def test_arguments_are_fitted_to_their_schema() -> None:
    assert READER.read('move_by("up", "0.1")') == [Call("move_by", {"direction": "up", "distance": 0.1})]
    assert READER.read("move_by(up, 1)") == [Call("move_by", {"direction": "up", "distance": 1})]
    assert READER.read("place(bowl)") == [Call("place", {"target": "bowl"})]
    assert READER.read("place(object=null, target=bowl)") == [Call("place", {"target": "bowl"})]
    assert READER.read("open_gripper()\nopen_gripper()") == [Call("open_gripper", {})] * 2


@pytest.mark.parametrize(
    "text", ["Hello", "pick up", "openly", "place the cube", "open_gripper now", "1. open_gripper()", "no {"]
)
def test_words_are_recognised_early(text: str) -> None:
    assert not READER.may_begin_call(text)


def test_written_calls_are_read_back() -> None:
    arguments = {"object": 'the "big" one, (red)', "target": "碗"}
    written = write_call("pick_and_place", arguments)
    assert written == 'pick_and_place(object="the \\"big\\" one, (red)", target="碗")'
    assert READER.read(written) == [Call("pick_and_place", arguments)]
    assert write_call("open_gripper", "{}") == "open_gripper()"


def test_a_call_among_words_is_found_where_one_must_be() -> None:
    for text in (
        'pick_and_place(object="red cube", target="bowl") = done',
        'I pick_and_place(it), so: pick_and_place("red cube", "bowl").',
    ):
        assert READER.first_in(text) == PICKED[0]
    assert READER.first_in("pick_and_place(object=(") is None
    assert READER.first_in("nothing") is None


def test_what_is_given_to_a_function_that_takes_nothing_is_dropped() -> None:
    reader = CallReader([Function(name="status", parameters={"type": "object", "properties": {}})])
    assert reader.read("status(10)") == [Call("status", {})]
    assert reader.read("status(of the arm)") == [Call("status", {})]


def test_how_every_call_can_begin() -> None:
    def opening(*required: str, **properties: str) -> str:
        schema = {"properties": {name: {"type": kind} for name, kind in properties.items()}}
        return call_opening(Function(name="f", parameters={**schema, "required": list(required)}))

    assert opening("b", a="string", b="string") == "f(b="
    assert opening(a="string") == "f("
    assert opening() == "f("
    assert (
        call_opening(Function(name="f", parameters={"properties": {"a b": {}}, "required": ["a b"]})) == "f("
    )
