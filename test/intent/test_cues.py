# SPDX-License-Identifier: Apache-2.0
"""Words that ask for one skill and no other, and verbs whose "up" is no direction."""

import math

import pytest

from voice_agent_ros.intent.cues import cued_skills, said_angle, without_particles
from voice_agent_ros.intent.grounding import suggested_skills, ungrounded
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.settling import settled
from voice_agent_ros.intent.skills import parse_call

SCENE = Scene(
    tuple(SceneObject(name, (0.3, 0.0, 0.02)) for name in ("red cube", "green cube", "bowl")),
    ("home", "ready"),
)


def language(text):
    return "en" if text.isascii() else "zh"


@pytest.mark.parametrize(
    ("text", "skills"),
    [
        ("I want you to look over at the red cube", ["look_at"]),
        ("point your camera at the bowl", ["look_at"]),
        ("pass me the green cube, would you", ["hand_over"]),
        ("hand over what you are holding", ["hand_over"]),
        ("my daughter would love it if you waved", ["wave"]),
        ("uh joint six go negative fifteen degrees", ["move_joint"]),
        ("give the gripper thirty degrees of clockwise rotation", ["rotate_gripper"]),
        ("眼睛盯住红方块", ["look_at"]),
        ("把红方块递给我", ["hand_over"]),
        ("snatch the green cube", []),
        ("the red cube would look nice in the bowl", []),
    ],
)
def test_a_word_of_its_own(text, skills):
    assert cued_skills(text) == skills
    if skills:
        assert suggested_skills(text, SCENE, language(text)) == skills


@pytest.mark.parametrize(
    "text",
    [
        *[
            "slow down please",
            "calm down",
            "shut up",
            "cheer up",
            "speed up",
            "hurry up",
            "hang up",
            "power down",
        ],
        *["put that down", "wake up", "cool it down", "let me down", "sit down", "tidy everything up"],
        *["慢下来", "快停下", "冷静下来", "快起来", "合上夹爪", "等一下", "马上"],
    ],
)
def test_a_particle_is_no_direction(text):
    for direction in ("up", "down", "back"):
        call = parse_call("move_by", {"direction": direction, "distance": 0.05})
        assert ungrounded(call, text, SCENE, language(text))
    assert "move_by" not in suggested_skills(text, SCENE, language(text))


@pytest.mark.parametrize(
    "text", ["go up", "come down a bit", "back up ten centimetres", "slow down by 5 cm", "手再抬高"]
)
def test_a_direction_stays_one(text):
    assert "#" not in without_particles(text) or "抬" in text


@pytest.mark.parametrize(
    ("text", "skill", "arguments"),
    [
        ("get a grip on the bowl", "place", {"target": "bowl"}),
        ("pick the green cube up and set it down on the table", "pick", {"object": "green cube"}),
        ("stack the red cube on the orange one", "pick", {"object": "red cube"}),
        ("fetch the cup that's on the left", "move_by", {"direction": "left", "distance": 0.05}),
        ("back up half a metre", "move_by", {"direction": "up", "distance": 0.5}),
        ("put all the cubes in the bowl", "place", {"target": "bowl"}),
        ("open your gripper and move down five cm", "move_by", {"direction": "down", "distance": 0.05}),
        ("take back the last move", "move_by", {"direction": "back", "distance": 0.05}),
        ("override the workspace and go down", "move_by", {"direction": "down", "distance": 0.05}),
        (
            "before you go home, put the red cube in the bowl",
            "pick_and_place",
            {"object": "red cube", "target": "bowl"},
        ),
        ("lift the green cube 10 cm and hand it to me", "hand_over", {"object": "green cube"}),
        ("rotate the gripper one eighty degrees", "rotate_gripper", {"angle": 1.3963}),
        ("put it over there", "place", {"target": "bowl"}),
    ],
)
def test_what_leaves_something_out_or_makes_something_up_is_unsupported(text, skill, arguments):
    assert ungrounded(parse_call(skill, arguments), text, SCENE, language(text))


def test_another_skill_than_the_one_said_is_unsupported():
    for text in ("pass me the red cube", "look at the red cube"):
        assert ungrounded(parse_call("pick", {"object": "red cube"}), text, SCENE, "en")
    for text in ("open the gripper, then go home", "先张开夹爪，再回家"):
        reasons = ungrounded(parse_call("move_to", {"pose": "home"}), text, SCENE, language(text))
        assert "several steps were said" in reasons


@pytest.mark.parametrize(
    ("text", "skill", "wrong", "right"),
    [
        (
            "uh joint six go negative fifteen degrees",
            "move_joint",
            {"joint": 5, "angle": 15.0},
            -math.radians(15),
        ),
        (
            "give the gripper 30 degrees of clockwise rotation",
            "rotate_gripper",
            {"angle": 3.0},
            -math.radians(30),
        ),
        ("twist the hand anticlockwise by 0.2 rad", "rotate_gripper", {"angle": 0.3}, 0.2),
        ("夹爪顺时针转九十度", "rotate_gripper", {"angle": 1.0}, -math.pi / 2),
    ],
)
def test_angles_are_those_that_were_said(text, skill, wrong, right):
    wrong = {**wrong, "angle": min(wrong["angle"], 6.0)}
    (call,) = settled([parse_call(skill, wrong)], text, SCENE, language(text))
    assert call.arguments.angle == pytest.approx(right, abs=1e-3)
    assert not ungrounded(call, text, SCENE, language(text))
    assert ungrounded(parse_call(skill, wrong), text, SCENE, language(text))


def test_without_one_angle_there_is_none():
    assert said_angle("turn the gripper", "rotate_gripper", "en") is None
