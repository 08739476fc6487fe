# SPDX-License-Identifier: Apache-2.0
"""An arm that sees nothing: what the scene file says, and what is done and said without knowing more."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.plan import Rests
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.scene_file import load_scene
from voice_agent_ros.share import shared_file

TABLE = """
objects:
  - name: red cube
    position: [0.39, -0.06, 0.02]
    size: [0.04, 0.04, 0.04]
    yaw: 0.5
  - {name: bowl, position: [0.30, -0.28, 0.0275], size: [0.18, 0.18, 0.055], fixed: true}
"""
PICK_AND_PLACE = parse_call("pick_and_place", {"object": "red cube", "target": "bowl"})


@pytest.fixture
def given(tmp_path: Path) -> tuple[SceneObject, ...]:
    path = tmp_path / "scene.yaml"
    path.write_text(TABLE)
    return load_scene(path)


def test_what_comes_with_the_package_says_nothing_yet() -> None:
    assert load_scene(shared_file("config/scene.yaml")) == ()


def test_the_example_in_it_fits(tmp_path: Path) -> None:
    text = shared_file("config/scene.yaml").read_text()
    example = "\n".join(line[1:] for line in text.splitlines() if line.startswith("#  "))
    path = tmp_path / "scene.yaml"
    path.write_text(f"objects:\n{example}\n")
    assert [thing.name for thing in load_scene(path)] == ["red cube", "bowl"]


def test_things_are_read(given: tuple[SceneObject, ...]) -> None:
    cube, bowl = given
    assert cube.position == (0.39, -0.06, 0.02)
    assert math.isclose(2 * math.asin(cube.orientation[2]), 0.5)
    assert (cube.source, cube.is_fixed, bowl.is_fixed) == ("given", False, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "objects: [{name: a, position: [0, 0, 0]}]",
        "objects: [{name: '', position: [0, 0, 0], size: [1, 1, 1]}]",
        "objects: [{name: '...', position: [0, 0, 0], size: [1, 1, 1]}]",
        "objects: [{name: a, position: [0, 0, .inf], size: [1, 1, 1]}]",
        "objects: [{name: a, position: [0, 0, 0], size: [1, 1, 0]}]",
        "objects: [{name: a, position: [0, 0, 0], size: [1, 1, 1], colour: red}]",
        "objects: [{name: A, position: [0, 0, 0], size: [1, 1, 1]}, {name: a, position: [0, 0, 0], size: [1, 1, 1]}]",
        "objects: {",
    ],
)
def test_a_file_that_does_not_fit_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"scene\.yaml"):
        load_scene(path)


def test_what_is_seen_counts_more(given: tuple[SceneObject, ...]) -> None:
    seen = SceneObject("Red Cube", (0.2, 0.2, 0.02))
    known = KnownThings(given)
    assert known.scene([seen], use_given=True).names == ("Red Cube", "bowl")
    assert known.scene([seen]).names == ("Red Cube",)


def test_an_unseen_thing_is_carried_and_nobody_claims_to_have_seen_it(
    planner: Planner, controllers: Any, arm: Any, policy: Any, clock: Any, situation: Any, given: Any
) -> None:
    known = KnownThings(given, None, tuple(arm.poses))
    controllers.scene = lambda: known.scene((), use_given=True, is_blind=True)
    plan = planner.plan((PICK_AND_PLACE,), dataclasses.replace(situation, scene=controllers.scene()))
    (promise,) = plan.promises
    assert isinstance(promise, Rests)
    assert not promise.is_seen
    controllers.snapshot = dataclasses.replace(controllers.snapshot, at=clock())
    executor = Executor(controllers, controllers, arm, policy, clock)
    ending = executor.run(plan, lambda *_: None, executor.epoch)
    assert (ending.outcome, ending.sentence) == ("done", "done.unseen")
    assert "without seeing" in sentences.outcome(ending.sentence, ending.details, "en")
    known.left(promise.object, promise.left_at)
    moved = controllers.scene().find("red cube")
    assert np.allclose(moved.position[:2], promise.left_at[:2])


def test_fixed_things_stay(planner: Planner, situation: Any, given: Any, arm: Any) -> None:
    scene = KnownThings(given, None, tuple(arm.poses)).scene((), use_given=True, is_blind=True)
    with pytest.raises(Refusal, match="cannot_take"):
        planner.plan((parse_call("pick", {"object": "bowl"}),), dataclasses.replace(situation, scene=scene))


@pytest.mark.parametrize(
    ("scene", "rule", "word"),
    [
        (Scene(is_blind=True), "nothing_known", "no camera"),
        (Scene((SceneObject("bowl", (0.3, 0, 0)),), is_blind=True), "not_known", "the bowl"),
        (
            Scene(places=(SceneObject("tray", (0.3, 0, 0), source="taught"),), is_blind=True),
            "not_known",
            "the tray",
        ),
        (Scene(), "unknown_object", "I see nothing"),
    ],
)
def test_it_says_what_is_missing(
    planner: Planner, situation: Any, scene: Scene, rule: str, word: str
) -> None:
    with pytest.raises(Refusal) as refused:
        planner.plan(
            (parse_call("pick", {"object": "red cube"}),), dataclasses.replace(situation, scene=scene)
        )
    assert refused.value.rule == rule
    assert word in sentences.refusal(rule, refused.value.details, "en")
    assert "红色方块" in sentences.refusal(rule, refused.value.details, "zh")


@pytest.mark.parametrize(
    ("direction", "english", "chinese"),
    [
        ("left", "I'll move to your left by 10 centimetres.", "我来向您的左边移动10厘米。"),
        ("right", "I'll move to your right by 10 centimetres.", "我来向您的右边移动10厘米。"),
        ("up", "I'll move up by 10 centimetres.", "我来向上移动10厘米。"),
    ],
)
def test_sides_are_told_as_the_user_has_them(direction: str, english: str, chinese: str) -> None:
    call = parse_call("move_by", {"direction": direction, "distance": 0.1})
    assert sentences.announcement((call,), "en", Scene()) == english
    assert sentences.announcement((call,), "zh", Scene()) == chinese
