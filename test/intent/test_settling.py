# SPDX-License-Identifier: Apache-2.0
"""Loose calls made exact by what was said and seen."""

import json

import pytest

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.settling import settled, settled_proposals
from voice_agent_ros.intent.skills import parse_call

SCENE = Scene(tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "blue cube", "bowl")))


def made(*calls, text="", language="en"):
    found = settled([parse_call(skill, arguments) for skill, arguments in calls], text, SCENE, language)
    return [(call.skill, call.arguments.model_dump(exclude_none=True)) for call in found]


def test_names_become_those_seen():
    assert made(("pick", {"object": "the red block"})) == [("pick", {"object": "red cube"})]
    assert made(("place", {"target": "dish"})) == [("place", {"target": "bowl"})]
    assert made(("pick", {"object": "红色方块"}), language="zh") == [("pick", {"object": "red cube"})]


def test_what_can_mean_several_is_left_alone():
    assert made(("pick", {"object": "cube"})) == [("pick", {"object": "cube"})]
    assert made(("pick", {"object": "elephant"})) == [("pick", {"object": "elephant"})]


def test_the_only_distance_said_counts():
    up = {"direction": "up", "distance": 0.5}
    assert made(("move_by", up), text="ten centimetres up") == [
        ("move_by", {"direction": "up", "distance": 0.1})
    ]
    assert made(("move_by", up), text="up, ten or twenty centimetres, or ten metres") == [("move_by", up)]
    assert made(("move_by", up), text="up") == [("move_by", up)]
    assert made(("move_by", up), text="up ten metres") == [("move_by", up)]


def test_picking_and_placing_is_one_call():
    pick, place = ("pick", {"object": "red cube"}), ("place", {"target": "bowl"})
    assert made(pick, place) == [("pick_and_place", {"object": "red cube", "target": "bowl"})]
    assert made(place, pick) == [place, pick]
    assert made(pick, ("place", {"object": "blue cube", "target": "bowl"}))[0][0] == "pick"


def test_what_is_said_twice_counts_once():
    assert made(("open_gripper", {}), ("open_gripper", {})) == [("open_gripper", {})]


@pytest.mark.parametrize(
    ("text", "target", "is_settled"),
    [
        ("I'd love to see the blue one end up with the others.", "basket", True),
        ("the blue one belongs with the rest", "others", True),
        ("the blue one belongs with the others in the basket", "basket", False),
        ("the blue one deserves a place", "basket", False),
    ],
)
def test_with_the_others_is_where_they_are(text, target, is_settled):
    things = (
        SceneObject("red cube", (0.42, 0.15, 0.03)),
        SceneObject("blue cube", (0.30, -0.10, 0.02)),
        SceneObject("bowl", (0.42, 0.15, 0.0275), size=(0.18, 0.18, 0.055)),
    )
    arguments = json.dumps({"object": "blue cube", "target": target})
    (call,) = settled_proposals([("pick_and_place", arguments)], text, Scene(things), "en")
    assert call.arguments.target == ("bowl" if is_settled else target)


def test_with_others_in_two_places_nothing_is_settled():
    things = [SceneObject("blue cube", (0.0, -0.3, 0.02))]
    for number, name in enumerate(("bowl", "tray")):
        things.append(SceneObject(name, (0.4, 0.2 * number, 0.0275), size=(0.18, 0.18, 0.055)))
        things.append(SceneObject(f"cube {number}", (0.4, 0.2 * number, 0.03)))
    arguments = json.dumps({"object": "blue cube", "target": "others"})
    proposed = [("pick_and_place", arguments)]
    (call,) = settled_proposals(
        proposed, "the blue one should be with the others", Scene(tuple(things)), "en"
    )
    assert call.arguments.target == "others"
