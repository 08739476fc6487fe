# SPDX-License-Identifier: Apache-2.0
"""What a few words change in what was asked about."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_agent_ros.intent.amendments import amended
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call

SCENE = Scene(
    tuple(SceneObject(n, (0.3, 0.0, 0.02)) for n in ("red cube", "green cube", "blue cube", "bowl", "plate")),
    ("home", "ready"),
    places=(SceneObject("tray", (0.2, 0.2, 0.0), source="taught"),),
)
PUT = parse_call("pick_and_place", {"object": "blue cube", "target": "bowl"})
PICK = parse_call("pick", {"object": "blue cube"})
UP = parse_call("move_by", {"direction": "up", "distance": 0.05})
HOME = parse_call("move_to", {"pose": "home"})
TURN = parse_call("rotate_gripper", {"angle": 0.5})
JOINT = parse_call("move_joint", {"joint": 2, "angle": 0.5})


@pytest.mark.parametrize(
    ("asked", "text", "changed"),
    [
        (PUT, "no, the red one", {"object": "red cube"}),
        (PUT, "no, into the plate", {"target": "plate"}),
        (PUT, "no, the tray", {"target": "tray"}),
        (PUT, "no, the red one onto the plate", {"object": "red cube", "target": "plate"}),
        (PUT, "不，放到盘子里", {"target": "plate"}),
        (PICK, "no, the red one", {"object": "red cube"}),
        (UP, "no, ten centimetres", {"distance": 0.1}),
        (UP, "no, to the left", {"direction": "left"}),
        (HOME, "no, the ready position", {"pose": "ready"}),
        (TURN, "no, the other way, clockwise", None),
        (TURN, "no, clockwise", {"angle": -0.5}),
        (JOINT, "no, joint three", {"joint": 3}),
    ],
)
def test_one_thing_changes(asked, text, changed):
    found = amended(asked, text, SCENE, "en" if text.isascii() else "zh")
    if changed is None:
        assert found is None
        return
    assert found is not None
    assert found.call is not None
    assert found.call.as_dict()["arguments"] == {**asked.as_dict()["arguments"], **changed}
    assert found.call.skill == asked.skill


def test_a_pick_may_get_a_place():
    found = amended(PICK, "no, put it into the bowl", SCENE, "en")
    assert found is not None
    assert found.call == PUT


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "no, thanks",
        "no, don't",
        "no, not the red one",
        "no, the elephant",
        "no, the blue one",
        "no, the red one is nicer",
        "the red one was there yesterday",
        "I like the red one",
        "what about the red one being moved tomorrow",
        "no, why the red one",
        "stop",
        "不要",
        "不要红色的",
        "红色的很好看",
    ],
)
def test_no_amendment(text):
    assert amended(PUT, text, SCENE, "en" if text.isascii() else "zh") is None


@given(
    st.text(max_size=80), st.sampled_from([PUT, PICK, UP, HOME, TURN, JOINT]), st.sampled_from(["en", "zh"])
)
def test_whatever_is_said_it_is_a_valid_call_or_none(text, asked, language):
    found = amended(asked, text, SCENE, language)
    if found is not None and found.call is not None:
        parse_call(found.call.skill, found.call.arguments_json())
        assert found.call != asked
