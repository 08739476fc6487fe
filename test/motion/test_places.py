# SPDX-License-Identifier: Apache-2.0
"""Taught places: their names, their file, and what the bridge does with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from room import Room

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.grounding import ungrounded
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.bridge import IntentBridge, Proposal
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.gate import Gate
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.places import MAX_PLACES, Places, place_name
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import RobotModel

HERE = (0.3, 0.1, 0.15)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "places.yaml"


@pytest.fixture
def places(path: Path) -> Places:
    return Places(path)


# Names.


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("the tray", "tray"),
        ("My Out-Tray", "out-tray"),
        ("drop zone 2.", "drop zone 2"),
        ("bob's corner", "bob's corner"),
        ("托盘", "托盘"),
        ("那个角落", "角落"),
    ],
)
def test_names_are_folded(said: str, name: str) -> None:
    assert place_name(said) == name
    assert place_name(name) == name


@pytest.mark.parametrize(
    "said",
    [
        "",
        "it",
        "there",
        "the left",
        "42",
        "stop",
        "停止",
        "这里",
        "那边",
        "home",
        "a" * 41,
        "../..",
        "$x^y",
        "a/b",
    ],
)
def test_what_is_no_name(places: Places, path: Path, said: str) -> None:
    with pytest.raises(Refusal, match="bad_name"):
        places.remember(said, HERE, 0.0, Scene())
    assert not path.exists()


@pytest.mark.parametrize(
    "said", ["a\nb: c", "ignore; rm", "{tray}", "!!python/object", "- x: &a [*a]", "'quoted'"]
)
def test_a_name_is_never_more_than_words(places: Places, path: Path, said: str) -> None:
    try:
        name = places.remember(said, HERE, 0.0, Scene())
    except Refusal:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz '-")
    assert [place.name for place in Places(path).objects()] == [name]


# The file.


def test_a_place_outlives_the_process(places: Places, path: Path) -> None:
    assert places.remember("the tray", HERE, 0.5, Scene()) == "tray"
    (again,) = Places(path).objects()
    assert (again.name, again.position, again.source, again.is_fixed) == ("tray", HERE, "taught", True)
    assert places.forget("my tray") == "tray"
    assert Places(path).objects() == ()


def test_teaching_again_replaces(places: Places) -> None:
    places.remember("tray", HERE, 0.0, Scene())
    places.remember("the tray", (0.2, 0.0, 0.1), 0.0, Scene(places=places.objects()))
    (place,) = places.objects()
    assert place.position == (0.2, 0.0, 0.1)


@pytest.mark.parametrize("name", ["red cube", "Red  Cube", "ready", "low rest"])
def test_names_in_use_stay_what_they_are(places: Places, path: Path, name: str) -> None:
    scene = Scene((SceneObject("red cube", HERE),), ("home", "ready", "low_rest"))
    with pytest.raises(Refusal, match="name_taken"):
        places.remember(name, HERE, 0.0, scene)
    assert not path.exists()


def test_forgetting_what_nobody_taught(places: Places) -> None:
    with pytest.raises(Refusal, match="unknown_place"):
        places.forget("tray")


def test_there_is_a_limit(places: Places) -> None:
    for index in range(MAX_PLACES):
        places.remember(f"spot {index}", HERE, 0.0, Scene())
    with pytest.raises(Refusal, match="too_many_places"):
        places.remember("one more", HERE, 0.0, Scene())
    places.remember("spot 3", HERE, 0.0, Scene())


@pytest.mark.parametrize(
    "text",
    [
        "places: [{name: tray, position: [0, 0, .nan]}]",
        "places: [{name: tray, position: [0, 0, 99]}]",
        "places: [{name: tray, position: [0, 0]}]",
        "places: [{name: stop, position: [0, 0, 0]}]",
        "places: [{name: tray, position: [0, 0, 0], fast: true}]",
        "places: [{name: tray, position: [0, 0, 0]}, {name: tray, position: [0, 0, 1]}]",
        "[]",
        "",
        "places: [",
        "!!python/object/apply:os.getcwd []",
    ],
)
def test_a_file_that_does_not_fit_is_named(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"places\.yaml"):
        Places(path)
    assert path.read_text() == text


def test_a_full_disk_changes_nothing(places: Places, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places.remember("tray", HERE, 0.0, Scene())
    before = path.read_text()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("voice_agent_ros.motion.places.os.fsync", full)
    with pytest.raises(Refusal, match="places_file"):
        places.remember("shelf", HERE, 0.0, Scene())
    assert [place.name for place in places.objects()] == ["tray"]
    assert path.read_text() == before
    assert [entry.name for entry in path.parent.iterdir()] == ["places.yaml"]


def test_another_process_reads_along(places: Places, path: Path) -> None:
    reader = Places(path)
    places.remember("tray", HERE, 0.0, Scene())
    assert reader.objects() == ()
    reader.refresh()
    assert [place.name for place in reader.objects()] == ["tray"]
    path.write_text("nonsense: [")
    reader.refresh()
    assert [place.name for place in reader.objects()] == ["tray"]


# The bridge.


class Taught(Room):
    """A room whose bridge can be taught, in which nothing is seen but what `seen` says."""

    def __init__(
        self, planner: Planner, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any, tmp_path: Path
    ) -> None:
        super().__init__(planner, controllers, arm, policy, clock, tmp_path / "audit.jsonl")
        self.places = Places(tmp_path / "places.yaml")
        self.known = KnownThings((), self.places, tuple(arm.poses))
        seen = controllers.seen
        controllers.scene = lambda: self.known.scene(controllers.seen.objects)
        assert controllers.scene().names == seen.names
        self.executor = Executor(controllers, controllers, arm, policy, clock)
        gate = Gate(policy, SentenceGrammars(), clock)
        self.bridge = IntentBridge(
            gate, planner, self.executor, controllers, policy, self.audit, clock, None, self.known
        )
        self.bridge.resume()


@pytest.fixture
def room(
    planner: Planner, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any, tmp_path: Path
) -> Iterator[Taught]:
    room = Taught(planner, controllers, arm, policy, clock, tmp_path)
    yield room
    room.close()


def test_taught_gone_back_to_and_forgotten(room: Taught, model: RobotModel) -> None:
    taught_at = model.tool_pose(room.controllers.snapshot.arm).position
    result = room.say("Remember this as the tray.", "remember_place", name="tray")
    assert (result.outcome, result.message) == ("done", "I'll remember this place as tray.")
    assert room.sent == []
    assert (
        room.say("Move the arm up five centimeters.", "move_by", direction="up", distance=0.05).outcome
        == "done"
    )
    result = room.say("Go to the tray.", "move_to", pose="tray")
    assert result.outcome == "done", result
    there = model.tool_pose(room.controllers.snapshot.arm).position
    assert np.linalg.norm(there - taught_at) < 2e-3
    assert room.say("Forget the tray.", "forget_place", name="tray").message == "I have forgotten tray."
    result = room.say("Go to the tray.", "move_to", pose="tray")
    assert (result.outcome, result.rule) == ("refused", "unknown_pose")


def test_taught_on_the_way(room: Taught, model: RobotModel) -> None:
    steps = [
        {"skill": "remember_place", "arguments": {"name": "tray"}},
        {"skill": "move_by", "arguments": {"direction": "up", "distance": 0.05}},
        {"skill": "move_to", "arguments": {"pose": "tray"}},
    ]
    here = model.tool_position(room.controllers.snapshot.arm)
    said = "Remember this as the tray, then move up five centimeters, then go to the tray."
    result = room.propose(parse_call("sequence", {"steps": steps}), room.hear(said))
    assert result.outcome == "done", result
    assert result.message == "I'll remember this place as tray."
    assert np.linalg.norm(model.tool_position(room.controllers.snapshot.arm) - here) < 2e-3
    assert len(room.sent) == 2
    assert [entry["skill"] for entry in room.entries("taught")] == ["remember_place"]


def test_something_is_put_there(room: Taught, planner: Planner, situation: Any, model: RobotModel) -> None:
    room.places.remember("tray", (0.30, 0.0, 0.05), 0.0, Scene())
    call = parse_call("pick_and_place", {"object": "red cube", "target": "tray"})
    plan = planner.plan((call,), dataclasses.replace(situation, scene=room.controllers.scene()))
    released = next(
        index for index, step in enumerate(plan.steps) if getattr(step, "releases", False) and index > 1
    )
    at = model.tool_pose(plan.steps[released - 1].trajectory.end).position  # type: ignore[union-attr]
    assert np.allclose(at, (0.30, 0.0, 0.05), atol=2e-3)


def test_a_place_is_nothing_to_take_and_in_nobodys_way(
    room: Taught, planner: Planner, situation: Any
) -> None:
    room.places.remember("tray", (0.39, -0.06, 0.02), 0.0, Scene())  # where the red cube is
    assert room.say("Pick up the tray.", "pick", object="tray").rule == "cannot_take"
    assert "tray" not in room.say("What do you see?", "describe_scene").message
    call = parse_call("pick", {"object": "red cube"})
    assert planner.plan((call,), dataclasses.replace(situation, scene=room.controllers.scene())).steps


def test_a_thing_seen_comes_before_a_place(room: Taught) -> None:
    room.places.remember("ball", HERE, 0.0, Scene())
    ball = SceneObject("ball", (0.35, 0.0, 0.02))
    scene = room.known.scene([ball])
    assert scene.find("ball") == ball
    assert scene.places == ()


@pytest.mark.parametrize(
    "text", ["Don't remember this as the tray.", "Did you remember this as the tray?", "Hello."]
)
def test_nobody_asked_for_it(room: Taught, text: str) -> None:
    result = room.say(text, "remember_place", name="tray")
    assert result.outcome == "refused"
    assert room.places.objects() == ()


def test_a_client_that_nobody_talked_to_teaches_nothing(room: Taught) -> None:
    call = parse_call("remember_place", {"name": "tray"})
    result = room.bridge.carry_out(Proposal((call,), "", "key"), lambda progress: None)
    assert (result.outcome, result.rule) == ("refused", "not_allowed")


def test_the_record_does_not_tell_the_name(room: Taught) -> None:
    room.say("Remember this as the secret drawer.", "remember_place", name="secret drawer")
    assert [entry["skill"] for entry in room.entries("taught")] == ["remember_place"]
    assert "secret" not in room.log.read_text()


def test_a_dry_run_teaches_nothing(room: Taught) -> None:
    turn = room.hear("Remember this as the tray.")
    call = parse_call("remember_place", {"name": "tray"})
    result = room.bridge.carry_out(Proposal((call,), turn, "key", dry_run=True), lambda progress: None)
    assert result.outcome == "done"
    assert room.places.objects() == ()


def test_the_file_can_be_read_by_people(places: Places, path: Path) -> None:
    places.remember("托盘", HERE, 0.25, Scene())
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == {
        "places": [{"name": "托盘", "position": list(HERE), "yaw": 0.25}]
    }


def test_a_model_may_mean_a_place_only_if_it_was_said() -> None:
    tray = SceneObject("tray", HERE, source="taught", is_fixed=True)
    scene = Scene((SceneObject("red cube", HERE),), ("home",), places=(tray,))
    call = parse_call("pick_and_place", {"object": "red cube", "target": "tray"})
    assert ungrounded(call, "The red cube belongs in the tray, so put it there.", scene, "en") == []
    assert ungrounded(call, "Put the red cube away.", scene, "en")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("Remember this as the tray.", ("remember_place", {"name": "tray"})),
        ("Forget the tray.", ("forget_place", {"name": "tray"})),
        ("Put the red cube in the tray.", ("pick_and_place", {"object": "red cube", "target": "tray"})),
        ("Go to the tray.", ("move_to", {"pose": "tray"})),
        ("记住这里叫角落", ("remember_place", {"name": "角落"})),
        ("忘记角落", ("forget_place", {"name": "角落"})),
        ("Don't forget the tray.", None),
        ("Don't remember this as the tray.", None),
        ("Did you forget the tray?", None),
    ],
)
def test_what_people_say_about_places(text: str, call: tuple[str, dict[str, Any]] | None) -> None:
    tray = SceneObject("tray", HERE, source="taught", is_fixed=True)
    scene = Scene((SceneObject("red cube", HERE),), ("home",), places=(tray,))
    expected = [parse_call(*call)] if call else []
    assert list(SentenceGrammars().calls(text, "en", scene)) == expected
