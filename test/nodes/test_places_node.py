# SPDX-License-Identifier: Apache-2.0
"""Taught places and the scene file through the bridge's ROS interfaces, with a simulated arm that nobody sees."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
import yaml
from bridge_person import TIMEOUT_S, Person, Spinning, parameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from until import until
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.nodes.intent_bridge_node import IntentBridgeNode
from voice_agent_ros.nodes.sim_arm_node import SimArmNode
from voice_agent_ros.nodes.spin import destroy_node

pytestmark = pytest.mark.ros
SCENE = "objects: [{name: yellow ball, position: [0.35, 0.1, 0.02], size: [0.04, 0.04, 0.04]}]"


@pytest.fixture(scope="module")
def spinning() -> Iterator[Spinning]:
    rclpy.init(args=["--ros-args", "-r", "sim_arm_node:objects:=elsewhere"])
    nodes = Spinning()
    yield nodes
    nodes.end()
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = tmp_path_factory.mktemp("files")
    (files / "scene.yaml").write_text(SCENE)
    return files


@pytest.fixture(scope="module")
def bridge(spinning: Spinning, files: Path) -> IntentBridgeNode:
    sim = spinning(SimArmNode())
    sim.trigger_configure()
    sim.trigger_activate()
    node = IntentBridgeNode()
    node.set_parameters(parameters(files / "audit.jsonl"))
    node.set_parameters(
        [
            Parameter("scene_path", value=str(files / "scene.yaml")),
            Parameter("places_path", value=str(files / "places.yaml")),
        ]
    )
    spinning(node)
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    return node


@pytest.fixture(scope="module")
def _person(spinning: Spinning, bridge: IntentBridgeNode) -> Person:
    person = spinning(Person())
    assert person.intents.wait_for_server(TIMEOUT_S)
    until(lambda: all(p.get_subscription_count() for p in (person.heard, person.played, person.stopping)))
    return person


@pytest.fixture
def person(_person: Person) -> Person:
    until(lambda: _person.speed() < 0.01)
    _person.feedback.clear()
    _person.resume()
    time.sleep(0.25)  # the policy's least interval between two intents
    return _person


def test_what_the_file_says_is_known(bridge: IntentBridgeNode, person: Person) -> None:
    assert bridge._senses is not None
    assert bridge._senses.scene().names == ("yellow ball",)
    result = person.do("Pick up the red cube.", "pick", object="red cube")
    assert (result.outcome, result.rule) == ("refused", "not_known")
    assert "yellow ball" in result.message


def test_a_place_is_taught_and_gone_to(person: Person, files: Path) -> None:
    result = person.do("Remember this as the tray.", "remember_place", name="tray")
    assert (result.outcome, result.message) == ("done", "I'll remember this place as tray.")
    (place,) = yaml.safe_load((files / "places.yaml").read_text())["places"]
    assert place["name"] == "tray"
    time.sleep(0.25)
    assert person.do("Move up five centimeters.", "move_by", direction="up", distance=0.05).outcome == "done"
    time.sleep(0.25)
    assert person.do("Go to the tray.", "move_to", pose="tray").outcome == "done"


def test_once_somebody_looks_the_file_does_not_count(bridge: IntentBridgeNode, person: Person) -> None:
    senses = bridge._senses
    assert senses is not None
    camera = person.create_publisher(Detection3DArray, "objects", 1)
    until(lambda: senses.scene().names == ())
    message = Detection3DArray()
    message.header.frame_id = "base_link"
    until(lambda: camera.publish(message) or senses._sight.has_seen)
    person.destroy_publisher(camera)
    until(lambda: person.count_publishers("objects") == 0)
    assert senses.scene().names == ()
    assert not senses.scene().is_blind


@pytest.mark.parametrize("name", ["scene_path", "places_path"])
def test_a_file_that_does_not_fit_is_named(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("nonsense: 1")
    node = IntentBridgeNode()
    node.set_parameters([*parameters(tmp_path / "audit.jsonl"), Parameter(name, value=str(broken))])
    try:
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    finally:
        node.close()
        destroy_node(node)
    assert str(broken) in capfd.readouterr().err
