# SPDX-License-Identifier: Apache-2.0
"""JSON that was asked for: what the model is told, and what of its words is taken for the JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from voice_agent_ros.xlm import json_schema
from voice_agent_ros.xlm.json_schema import problem_with, schema_problem
from voice_agent_ros.xlm.structured import JsonFormat, NotJson
from voice_agent_ros.xlm.type_text import type_text

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "description": "full name"}, "age": {"type": "integer"}},
    "required": ["name"],
}
NESTED = {
    "$defs": {"Leaf": {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}},
    "type": "object",
    "properties": {
        "leaves": {"type": "array", "items": {"$ref": "#/$defs/Leaf"}},
        "kind": {"enum": ["a", 1, None]},
        "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "free": {"type": "object", "additionalProperties": {"type": "boolean"}},
    },
}
LOOP = {"$defs": {"N": {"type": "object", "properties": {"n": {"$ref": "#/$defs/N"}}}}, "$ref": "#/$defs/N"}


def test_types_are_written_shortly() -> None:
    assert type_text(PERSON) == '{"name": string /* full name */, "age"?: integer}'
    assert type_text(NESTED) == (
        '{"leaves"?: [{"x": number}, ...], "kind"?: "a" | 1 | null, "maybe"?: string | null, '
        '"free"?: {[key]: boolean}}'
    )
    assert len(type_text(LOOP)) < 500
    assert type_text({}) == type_text(True) == "any"


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Ada", "age": 36}',
        ' \n{"name": "Ada", "age": 36}\n',
        'Here it is: {"name": "Ada", "age": 36} Anything else?',
        '```json\n{"name": "Ada", "age": 36}\n```',
        'Sure:\n```\n{"name": "Ada", "age": 36}\n```\nDone.',
        'As in [1] above: {"name": "Ada", "age": 36}',
        '{"name": "Ada", "age": 36}{"name": "Bob"}',
    ],
)
def test_json_is_found_among_words(text: str) -> None:
    assert json.loads(JsonFormat(PERSON).read(text)) == {"name": "Ada", "age": 36}
    assert json.loads(JsonFormat().read(text)) == {"name": "Ada", "age": 36}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("My name is Ada.", "not JSON"),
        ('{"name": "Ada"', "not valid JSON"),
        ('{"name": Ada}', "not valid JSON"),
        ('{"age": 36}', "'name' is a required property"),
        ('{"name": "Ada", "age": "old"}', "age: 'old' is not of type 'integer'"),
        ('{"name": "Ada", "age": NaN}', "not valid JSON"),
        ('["Ada"]', "is not of type 'object'"),
        ("[" * 5_000, "nested too deeply"),
    ],
)
def test_what_does_not_fit_is_named(text: str, why: str) -> None:
    with pytest.raises(NotJson) as caught:
        JsonFormat(PERSON).read(text)
    assert why in str(caught.value)


def test_other_values_than_objects() -> None:
    assert JsonFormat({"type": "integer"}).read(" 42.") == "42"
    assert JsonFormat({"type": "array", "items": {"type": "integer"}}).read("So [1, 2]!") == "[1, 2]"
    with pytest.raises(NotJson):
        JsonFormat().read("[1, 2]")


def test_how_a_reply_can_begin() -> None:
    assert JsonFormat().opening() == '{"'
    assert JsonFormat(PERSON).opening() == '{"name":'
    assert JsonFormat(NESTED).opening() == ""  # it may be empty
    assert JsonFormat({"type": "integer"}).opening() == ""


def test_the_end_is_seen() -> None:
    wanted = JsonFormat(PERSON)
    assert not wanted.is_complete('{"name": {"first": "Ada"}')
    assert not wanted.is_complete('{"name": "}')
    assert wanted.is_complete('{"name": "Ada"}\n')


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "objekt"}, "objekt"),
        ({"properties": []}, "[]"),
        ({"$ref": "https://example.com/schema"}, "outside"),
        ({"properties": {"a": {"items": {"$ref": "file:///etc/passwd"}}}}, "outside"),
        ({"$ref": "#/$defs/missing"}, "leads nowhere"),
        ({"properties": {"a": {"$ref": "#/properties/a/type/0"}}}, "leads nowhere"),
    ],
)
def test_bad_schemas(schema: dict[str, Any], why: str) -> None:
    assert why in schema_problem(schema)


def test_a_schema_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    base_class = json_schema._base_class
    monkeypatch.setattr(json_schema, "_base_class", lambda schema: looked.append("") or base_class(schema))
    for _ in range(3):
        assert "objekt" in schema_problem({"description": "asked for again and again", "type": "objekt"})
    assert len(looked) == 1


def test_good_schemas() -> None:
    assert [schema_problem(schema) for schema in (PERSON, NESTED, LOOP, {})] == ["", "", "", ""]
    assert (
        problem_with({"leaves": [{"x": 1}, {"x": "y"}]}, NESTED) == "leaves.1.x: 'y' is not of type 'number'"
    )
    assert "nowhere" in problem_with({}, {"$ref": "#/$defs/missing"})
    assert problem_with({"n": {"n": {}}}, LOOP) == ""
