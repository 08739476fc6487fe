# SPDX-License-Identifier: Apache-2.0
"""Several steps in one reply: only as a declared sequence, each step traced to its own part of the sentence."""

import json

import pytest
from talk import SCENE

from voice_agent_ros.intent.settling import settled_proposals
from voice_agent_ros.intent.skills import SkillError, parse_call
from voice_agent_ros.intent.stepwise import meant_steps, mood_of, sequence_of, ungrounded_steps
from voice_agent_ros.llm.forms import calls_in, response_format, wire
from voice_agent_ros.llm.prompt import action_request

TWO = "have the hand let loose, then budge two centimetres leftwards"
OPEN, LEFT = {"open_gripper": {}}, {"move_by": {"direction": "left", "distance": 0.02}}


def call_of(text, arguments, language="en"):
    (call,) = settled_proposals([("sequence", json.dumps(arguments))], text, SCENE, language)
    return call


@pytest.mark.parametrize(
    ("text", "skills"),
    [
        (TWO, ["open_gripper", "move_by"]),
        ("budge over a little leftwards and hold tight with that hand", ["move_by", "close_gripper"]),
        ("before the arm parks itself at home, that hand should let loose", ["open_gripper", "move_to"]),
        (
            "snag the red one, then the blue one should be in the bowl, then park at home",
            ["pick", "pick_and_place", "move_to"],
        ),
        ("have the red one in the bowl and the blue one in your hand", ["pick_and_place", "pick"]),
        ("先让夹爪松一松，然后手再抬高三厘米", ["open_gripper", "move_by"]),
        # One command.
        ("snag the red one", []),
        ("手再抬高三厘米", []),
        ("the pink one and the red cube should be in the bowl", []),
        ("the red cube and the blue cube", []),
        ("go and snag the red one", []),
        ("snag the red one and put it in the bowl", []),
        # A step that can mean nothing: no sequence is offered.
        (f"{TWO}, then sing a song", []),
        ("; then ".join(["budge left"] * 9), []),
        ("", []),
    ],
)
def test_where_a_sentence_comes_apart(text, skills):
    steps = meant_steps(text, SCENE, "en" if text.isascii() else "zh")
    assert [skill for step in steps for skill in step.skills] == skills


def test_what_only_orders_the_steps_is_no_condition():
    assert mood_of("first let loose with that hand, after that park at home", "en").is_command
    assert not mood_of("if it rains, then park at home", "en").is_command
    assert not mood_of("let loose with that hand, then never park at home", "en").is_command
    assert not mood_of("the bell rang yesterday, then park at home", "en").is_command


def test_the_only_call_on_offer_has_a_place_for_each_step():
    request = action_request(TWO, SCENE, "en")
    (tool,) = request.tools
    places = tool["function"]["parameters"]["properties"]
    assert [list(place["properties"]) for place in places.values()] == [["open_gripper"], ["move_by"]]
    assert "1. have the hand let loose 2. budge two centimetres leftwards" in request.messages[-1]["content"]
    schema = json.dumps(response_format(request.tools))
    assert '"maxLength"' not in schema or '"object"' in schema
    for form in ("json", "written"):
        assert len(json.dumps(wire(request, form)["messages"], ensure_ascii=False).encode()) <= 4096


def test_six_long_steps_keep_the_prompt_small():
    text = "; then ".join(
        [
            "snag the red one",
            "budge left 2 cm",
            "have the hand let loose",
            "park at home",
            "wave",
            "look at the bowl",
        ]
    )
    request = action_request(text, SCENE, "en")
    assert len(meant_steps(text, SCENE, "en")) == 6
    for form in ("json", "written", "tools"):
        told = wire(request, form)
        assert len(json.dumps([told["messages"], told.get("tools", [])], ensure_ascii=False).encode()) <= 4096


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": OPEN, "second": LEFT},
        {"steps": [OPEN, LEFT]},
        {"steps": [{"skill": "open_gripper"}, {"skill": "move_by", "arguments": LEFT["move_by"]}]},
        {"steps": [{"name": "open_gripper", "arguments": {}}, LEFT]},
    ],
)
def test_forms_in_which_it_may_be_declared(arguments):
    call = call_of(TWO, arguments)
    assert [step["skill"] for step in call.as_dict()["arguments"]["steps"]] == ["open_gripper", "move_by"]
    assert ungrounded_steps(call, TWO, SCENE, "en") == []


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"steps": 7},
        {"steps": ["open_gripper"]},
        {"second": OPEN, "first": LEFT},
        {"first": OPEN, "third": LEFT},
        {"first": {"open_gripper": {}, "wave": {}}},
        {"first": {"open_gripper": []}},
        {"first": {7: {}}},
    ],
)
def test_what_is_no_list_of_steps(arguments):
    with pytest.raises(SkillError):
        sequence_of(arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"first": OPEN, "second": {"resume": {}}},
        {"first": OPEN, "second": {"sequence": {"first": OPEN, "second": OPEN}}},
        {"first": OPEN, "second": {"move_by": {"direction": "left", "distance": float("nan")}}},
        {"first": OPEN, "second": {"fly": {}}},
        dict.fromkeys(("first", "second", "third", "fourth", "fifth", "sixth"), OPEN),
    ],
)
def test_each_step_is_validated_and_grounded(arguments):
    text = TWO.replace(" two centimetres", "")
    try:
        call = call_of(text, arguments)
    except SkillError:
        return
    assert ungrounded_steps(call, text, SCENE, "en")


def test_the_quantity_of_its_own_part_counts():
    text = "budge up two centimetres, then budge leftwards by three centimetres"
    up = {"move_by": {"direction": "up", "distance": 0.5}}
    call = call_of(text, {"first": up, "second": LEFT})
    assert [step["arguments"]["distance"] for step in call.as_dict()["arguments"]["steps"]] == [0.02, 0.03]
    assert ungrounded_steps(call, text, SCENE, "en") == []


def test_it_is_what_the_step_before_took():
    text = "snag the red one, then bring it over to me"
    call = call_of(
        text, {"first": {"pick": {"object": "red cube"}}, "second": {"hand_over": {"object": "it"}}}
    )
    assert call.as_dict()["arguments"]["steps"][1]["arguments"] == {"object": "red cube"}
    assert ungrounded_steps(call, text, SCENE, "en") == []
    other = {"first": {"pick": {"object": "red cube"}}, "second": {"hand_over": {"object": "blue cube"}}}
    assert ungrounded_steps(call_of(text, other), text, SCENE, "en")


def test_a_single_call_is_not_half_of_what_was_said():
    assert ungrounded_steps(parse_call("open_gripper", {}), TWO, SCENE, "en") == ["several steps were said"]
    text = "budge over a little leftwards and hold tight with that hand"
    assert ungrounded_steps(parse_call("close_gripper", {}), text, SCENE, "en") == ["several steps were said"]


def test_picking_up_and_putting_down_is_one_call():
    text = "it'd be neat to have the green one in your claw, then that thing ought to end up inside the bowl"
    call = call_of(
        text, {"first": {"pick": {"object": "green cube"}}, "second": {"place": {"target": "bowl"}}}
    )
    assert call.as_dict() == {
        "skill": "pick_and_place",
        "arguments": {"object": "green cube", "target": "bowl"},
    }
    assert ungrounded_steps(call, text, SCENE, "en") == []


@pytest.mark.parametrize(
    "reply",
    [
        '{"sequence":{"first":{"open_gripper":{}},"second":{"move_by":{"direction":"left","distance":0.02}}}}',
        'sequence(first={"open_gripper": {}}, second={"move_by": {"direction": "left", "distance": 0.02}})',
        "sequence(first={'open_gripper': {}}, second={'move_by': {'direction': 'left', 'distance': 0.02}})",
        '```json\n{"name": "sequence", "arguments": {"first": {"open_gripper": {}}, "second":'
        ' {"move_by": {"direction": "left", "distance": 0.02}}}}\n```',
    ],
)
def test_it_is_read_in_every_form_in_which_models_write_calls(reply):
    request = action_request(TWO, SCENE, "en")
    ((found,), rest) = calls_in(reply, request.tools)
    assert (found.name, rest) == ("sequence", "")
    call = call_of(TWO, json.loads(found.arguments_json))
    assert ungrounded_steps(call, TWO, SCENE, "en") == []


def test_its_schema_takes_what_its_examples_write_and_nothing_else():
    import jsonschema

    request = action_request(TWO, SCENE, "en")
    schema = response_format(request.tools)["json_schema"]["schema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    for message in request.messages:
        for call in message.get("tool_calls", ()):
            jsonschema.validate({"sequence": json.loads(call["function"]["arguments"])}, schema)
    for wrong in (
        {"sequence": {"first": OPEN}},
        {"sequence": {"first": LEFT, "second": OPEN}},
        {"sequence": {"first": OPEN, "second": LEFT, "third": OPEN}},
        {"open_gripper": {}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
