# SPDX-License-Identifier: Apache-2.0
"""One neutral request, three forms on the wire, one way to read the replies."""

import json

import jsonschema
import pytest

from voice_agent_ros.intent.skills import SKILLS, SkillError, parse_call
from voice_agent_ros.llm.chat import ChatRequest, ToolCall
from voice_agent_ros.llm.forms import calls_in, is_complete, response_format, wire
from voice_agent_ros.llm.prompt import tool_schema

TOOLS = tuple(tool_schema(skill) for skill in ("pick", "move_by", "open_gripper"))
CALL = {"id": "c1", "type": "function", "function": {"name": "pick", "arguments": '{"object": "cup"}'}}
TALK = (
    {"role": "system", "content": "Be good."},
    {"role": "user", "content": "the cup"},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "refused: too heavy"},
    {"role": "user", "content": "and now?"},
)
REQUEST = ChatRequest(TALK, TOOLS, purpose="act")


def test_tools_travel_as_they_are():
    sent = wire(REQUEST, "tools")
    assert sent["messages"] == list(TALK)
    assert sent["tools"] == list(TOOLS)
    assert sent["tool_choice"] == "auto"


@pytest.mark.parametrize(
    ("form", "call"), [("json", '{"pick":{"object":"cup"}}'), ("written", 'pick(object="cup")')]
)
def test_other_forms_tell_functions_calls_and_results_in_words(form, call):
    sent = wire(REQUEST, form)
    system, _, called, result, _ = sent["messages"]
    assert "tools" not in sent
    assert "pick(object)" in system["content"]
    assert called == {"role": "assistant", "content": call}
    assert result == {"role": "user", "content": "Result of pick: refused: too heavy"}
    assert ("response_format" in sent) is (form == "json")


def test_only_talk_has_no_form():
    plain = ChatRequest(TALK[:2])
    assert wire(plain, "json") == wire(plain, "tools") == wire(plain, "written")


@pytest.mark.parametrize("skill", [name for name, skill in SKILLS.items() if skill.arguments.offered_to_llm])
def test_the_schema_of_every_skill_is_one(skill):
    schema = response_format([tool_schema(skill)])["json_schema"]["schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"unclear": {}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"resume": {}}, schema)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ('{"pick":{"object":"cup"}}', [("pick", {"object": "cup"})]),
        ('```json\n{"pick": {"object": "cup"}}\n```', [("pick", {"object": "cup"})]),
        ('{"name": "pick", "arguments": {"object": "cup"}}', [("pick", {"object": "cup"})]),
        ('pick(object="cup")', [("pick", {"object": "cup"})]),
        ('{"unclear":{}}', []),
        ('{"pick": "cup"}', []),
        ('{"resume": {}}', []),
        ("pick up the cup", []),
        ("unclear", []),
        ("{" * 5000, []),
        ('{"move_by": {"direction": "up", "distance": NaN}}', [("move_by", None)]),
    ],
)
def test_replies_of_every_form_are_read(text, calls):
    found, _ = calls_in(text, TOOLS)
    assert [call.name for call in found] == [name for name, _ in calls]
    for call, (_, arguments) in zip(found, calls, strict=True):
        if arguments is None:
            with pytest.raises(SkillError):
                parse_call(call.name, call.arguments_json)
        else:
            assert json.loads(call.arguments_json) == arguments
            assert isinstance(call, ToolCall)


def test_json_that_has_ended_is_known():
    assert is_complete('{"pick":{}} ')
    assert not is_complete('{"pick":{}')
    assert not is_complete("")
