# SPDX-License-Identifier: Apache-2.0
"""Utterances of more than one plain command: steps, corrections, counts, places, pronouns and quantities."""

import math

import pytest

from voice_agent_ros.intent.discourse import EXPIRES_S, Discourse
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call

SCENE = Scene(
    (
        SceneObject("red cube", (0.30, 0.10, 0.02)),
        SceneObject("green cube", (0.35, 0.0, 0.02)),
        SceneObject("blue cube", (0.30, -0.10, 0.02)),
        SceneObject("bowl", (0.42, 0.15, 0.03)),
    ),
    ("home", "ready"),
)


@pytest.fixture(scope="module")
def grammars():
    return SentenceGrammars()


def written(result):
    """Calls in short: "pick red cube"; steps of a sequence one after the other."""
    calls = [call.as_dict() for call in result.calls]
    if calls and calls[0]["skill"] == "sequence":
        calls = calls[0]["arguments"]["steps"]
    return [
        " ".join([call["skill"], *(str(value) for value in call["arguments"].values())]) for call in calls
    ]


STEPS = [
    ("open the gripper, then go home", ["open_gripper", "move_to home"]),
    ("go to ready, wave and come back home", ["move_to ready", "wave", "move_to home"]),
    ("before you close the gripper, go down 3 cm", ["move_by down 0.03", "close_gripper"]),
    ("after you open the gripper, go to ready", ["open_gripper", "move_to ready"]),
    ("pick up the red cube and then hand it to me", ["pick red cube", "hand_over red cube"]),
    (
        "put the red cube in the bowl and then the blue one",
        ["pick_and_place red cube bowl", "pick_and_place blue cube bowl"],
    ),
    ("bring your fingers together and shut the hand", ["close_gripper"]),
    ("先张开夹爪，再回家", ["open_gripper", "move_to home"]),
    ("回家之前先合上夹爪", ["close_gripper", "move_to home"]),
    ("拿起红方块然后往上抬十厘米", ["pick red cube", "move_by up 0.1"]),
]


@pytest.mark.parametrize(("text", "calls"), STEPS)
def test_steps(grammars, text, calls):
    assert written(grammars.parse(text, "", SCENE)) == calls


@pytest.mark.parametrize(
    "text",
    [
        "open the gripper and then tell me a joke",
        "open the gripper, then don't go home",
        "he opened the gripper and then went home",
        ", then ".join(["go up 5 cm", "go left 5 cm"] * 4),
        "说完再见然后他就回家",
        "open the gripper before maintenance",
    ],
)
def test_no_step_is_done_unless_all_are_understood(grammars, text):
    assert grammars.parse(text, "", SCENE).calls == ()


CORRECTED = [
    ("pick up the red, no wait, sorry, the blue cube", ["pick blue cube"]),
    ("go up, no, down I mean, 2 cm", ["move_by down 0.02"]),
    ("not the green cube, take the red one", ["pick red cube"]),
    ("往左，哎不是，往右七厘米", ["move_by right 0.07"]),
    ("抓红色，不对不对，抓绿色方块", ["pick green cube"]),
    ("不要绿的，拿蓝色方块", ["pick blue cube"]),
    ("move left twenty, no, five centimetres", ["move_by left 0.05"]),
    ("move up one hundred, sorry, twenty millimetres", ["move_by up 0.02"]),
    ("向上移动二十厘米，不对，五厘米", ["move_by up 0.05"]),
    ("抬高10厘米不对是5厘米", ["move_by up 0.05"]),
    ("put the red cube on the green one, no wait, put it in the bowl", ["pick_and_place red cube bowl"]),
    ("take the blue cube, no wait, drop it in the bowl", ["pick_and_place blue cube bowl"]),
    ("put it on the red cube, no, in the bowl", ["place bowl"]),
    ("把红色方块放到绿色方块上，不对，把它放到碗里", ["pick_and_place red cube bowl"]),
    ("grab the red cube? no thanks", []),
    ("pick up the red cube, no, don't", []),
    ("open the gripper, no please", []),
]


@pytest.mark.parametrize(("text", "calls"), CORRECTED)
def test_corrections(grammars, text, calls):
    assert written(grammars.parse(text, "", SCENE)) == calls


CUBES = ["red cube", "green cube", "blue cube"]


@pytest.mark.parametrize(
    ("text", "things"),
    [
        ("put all the cubes in the bowl", CUBES),
        ("all three cubes go in the bowl", CUBES),
        ("put everything into the bowl", CUBES),
        ("put the red and the blue cube in the bowl", ["red cube", "blue cube"]),
        ("把三个方块都放进碗里", CUBES),
        ("把红方块和蓝方块放进碗里", ["red cube", "blue cube"]),
    ],
)
def test_several_things(grammars, text, things):
    assert written(grammars.parse(text, "", SCENE)) == [f"pick_and_place {thing} bowl" for thing in things]


@pytest.mark.parametrize(
    "text", ["put both cubes in the bowl", "pick up all the cubes", "把两个方块都放进碗里"]
)
def test_a_count_that_does_not_fit_is_asked_about(grammars, text):
    result = grammars.parse(text, "", SCENE)
    assert result.calls == ()
    assert result.ambiguous == ("red cube", "green cube", "blue cube")


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("pick up the cube on the left", "red cube"),
        ("pick up the leftmost cube", "red cube"),
        ("take the cube on the far right", "blue cube"),
        ("grab the cube in the middle", "green cube"),
        ("take the one next to the bowl", "red cube"),
        ("pick up the cube to the right of the green cube", "blue cube"),
        ("拿左边的方块", "red cube"),
        ("抓离碗最近的方块", "red cube"),
        ("拿中间的方块", "green cube"),
    ],
)
def test_things_named_by_their_place(grammars, text, thing):
    assert written(grammars.parse(text, "", SCENE)) == [f"pick {thing}"]


def test_left_is_the_users_left(grammars):
    turned = Scene(SCENE.objects, SCENE.poses, user_frame_yaw=math.pi)
    assert written(grammars.parse("pick up the cube on the left", "", turned)) == ["pick blue cube"]


def test_a_tie_is_asked_about(grammars):
    scene = Scene((SceneObject("red cube", (0.3, 0.1, 0.0)), SceneObject("blue cube", (0.4, 0.11, 0.0))))
    result = grammars.parse("pick up the leftmost cube", "", scene)
    assert result.calls == ()
    assert set(result.ambiguous) == {"red cube", "blue cube"}


def test_it_and_the_other_one_are_what_was_spoken_of(grammars):
    said = Discourse().after(parse_call("look_at", {"target": "red cube"}))
    assert written(grammars.parse("pick it up", "", SCENE, said)) == ["pick red cube"]
    assert written(grammars.parse("把它拿起来", "", SCENE, said)) == ["pick red cube"]
    held = said.after(parse_call("pick", {"object": "red cube"}))
    assert written(grammars.parse("put it in the bowl", "", SCENE, held)) == ["place bowl"]
    two = Scene((SCENE.objects[0], SCENE.objects[2], SCENE.objects[3]), SCENE.poses)
    assert written(grammars.parse("pick up the other one", "", two, said)) == ["pick blue cube"]
    assert grammars.parse("pick up the other one", "", SCENE, said).calls == ()


def test_there_is_where_the_last_thing_went(grammars):
    said = Discourse().after(parse_call("pick_and_place", {"object": "red cube", "target": "bowl"}))
    assert written(grammars.parse("put the green cube there", "", SCENE, said)) == [
        "pick_and_place green cube bowl"
    ]
    assert grammars.parse("put the green cube there", "", SCENE).calls == ()


def test_what_was_spoken_of_is_forgotten():
    said = Discourse("red cube", at=10.0)
    assert said.at_time(10.0 + EXPIRES_S) == said
    assert said.at_time(10.1 + EXPIRES_S) == Discourse()


@pytest.mark.parametrize(
    ("text", "skill", "value"),
    [
        ("turn joint three by twenty degrees", "move_joint", math.radians(20)),
        ("rotate joint 1 minus 30 degrees", "move_joint", math.radians(-30)),
        ("第二关节转动负二十度", "move_joint", math.radians(-20)),
        ("rotate the gripper ninety degrees clockwise", "rotate_gripper", -math.pi / 2),
        ("give the gripper a quarter turn anticlockwise", "rotate_gripper", math.pi / 2),
        ("turn the gripper to the left by 45 degrees", "rotate_gripper", math.pi / 4),
        ("夹爪顺时针转九十度", "rotate_gripper", -math.pi / 2),
        ("把夹爪转半圈", "rotate_gripper", math.pi),
    ],
)
def test_angles(grammars, text, skill, value):
    (call,) = grammars.parse(text, "", SCENE).calls
    assert call.skill == skill
    assert call.as_dict()["arguments"]["angle"] == pytest.approx(value, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("half speed", ["set_speed 0.5"]),
        ("set the speed to 30 percent", ["set_speed 0.3"]),
        ("速度减到一半", ["set_speed 0.5"]),
        ("用百分之三十的速度", ["set_speed 0.3"]),
        ("remember this spot as drop zone", ["remember_place drop zone"]),
        ("forget the place called drop zone", ["forget_place drop zone"]),
        ("把这里记成“投放点”", ["remember_place 投放点"]),
    ],
)
def test_speeds_and_names(grammars, text, calls):
    assert written(grammars.parse(text, "", SCENE)) == calls


def test_taught_places_are_known_whatever_they_are_called(grammars):
    spot = SceneObject("drop zone", (0.3, -0.2, 0.0), source="taught")
    scene = Scene(SCENE.objects, SCENE.poses, places=(spot,))
    assert written(grammars.parse("put the red cube in the drop zone", "", scene)) == [
        "pick_and_place red cube drop zone"
    ]
    assert written(grammars.parse("go to the drop zone", "", scene)) == ["move_to drop zone"]


@pytest.mark.parametrize(
    "text",
    [
        "put it on the red cube in the bowl",
        "take it and put it in the bowl on the red cube",
        *("do it", "do that for me", "make it", "can you do that", "try it", "run it"),
    ],
)
def test_what_names_no_thing_to_move_and_nothing_to_repeat(grammars, text):
    assert not grammars.parse(text, "", SCENE).calls


@pytest.mark.parametrize(
    "text",
    ["turn joint two to 30 degrees", "turn the gripper to 90 degrees", "把关节二转到30度", "夹爪转到90度"],
)
def test_an_angle_to_turn_to_is_none_to_turn_by(grammars, text):
    assert not grammars.parse(text, "", SCENE).calls
