# SPDX-License-Identifier: Apache-2.0
"""The bridge through its ROS interfaces, with the simulated arm: what is asked, what moves, what stops it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
from bridge_person import TIMEOUT_S, Person, Spinning, parameters, wait
from rclpy.lifecycle import TransitionCallbackReturn
from std_srvs.srv import Trigger
from until import until
from voice_agent_ros.msg import BridgeState, PlaybackStatus, StopRequest
from voice_agent_ros.srv import Confirm

from voice_agent_ros.motion.audit_chain import verify
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.intent_bridge_node import MAX_OPEN_INTENTS, IntentBridgeNode
from voice_agent_ros.nodes.sim_arm_node import SimArmNode
from voice_agent_ros.nodes.spin import destroy_node
from voice_agent_ros.share import shared_file

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def spinning() -> Iterator[Spinning]:
    rclpy.init()
    nodes = Spinning()
    yield nodes
    nodes.end()
    rclpy.try_shutdown()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit") / "audit.jsonl"


@pytest.fixture(scope="module")
def sim(spinning: Spinning) -> SimArmNode:
    node = spinning(SimArmNode())
    node.trigger_configure()
    node.trigger_activate()
    return node


@pytest.fixture(scope="module")
def bridge(spinning: Spinning, sim: SimArmNode, log: Path) -> IntentBridgeNode:
    node = IntentBridgeNode()
    node.set_parameters(parameters(log))
    spinning(node)
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    return node


@pytest.fixture(scope="module")
def _person(spinning: Spinning, bridge: IntentBridgeNode) -> Person:
    person = spinning(Person())
    assert person.intents.wait_for_server(TIMEOUT_S)
    until(lambda: all(p.get_subscription_count() for p in (person.heard, person.played, person.stopping)))
    until(lambda: bridge._senses.scene().names)
    return person


@pytest.fixture
def person(_person: Person) -> Person:
    until(lambda: _person.speed() < 0.01)
    _person.feedback.clear()
    _person.resume()
    time.sleep(0.25)  # the policy's least interval between two intents
    return _person


def test_a_sentence_becomes_a_motion_that_is_announced_and_measured(person: Person) -> None:
    before = person.height()
    result = person.do("Move the arm up five centimetres.", "move_by", direction="up", distance=0.05)
    assert (result.outcome, result.message) == ("done", "Done.")
    assert [f.phase for f in person.feedback] == [
        "checking",
        "judged",
        "planned",
        "executing",
        "goal_accepted",
        "first_motion",
        "last_motion",
    ]
    assert person.phase("planned").message == "I'll move up by 5 centimetres."
    assert abs(person.height() - before) > 0.01
    assert np.allclose(result.measured.position, person.joints[-1].position[:6], atol=0.02)
    person.do("Go home.", "move_to", pose="home")


def test_another_bridge_on_the_same_topics_latches_until_it_is_gone(person: Person) -> None:
    """Two robots without namespaces in one network: one voice would move both arms."""
    beats = person.create_publisher(BridgeState, "bridge/state", qos.EVENTS)
    until(lambda: beats.get_subscription_count() >= 2)
    beats.publish(BridgeState(bridge_id=person.states[-1].bridge_id))
    handle = person.propose(
        person.say("Move the arm up five centimetres."), "move_by", direction="up", distance=0.05
    )
    until(lambda: "first_motion" in [one.phase for one in person.feedback])
    beats.publish(BridgeState(bridge_id="another robot's"))
    assert person.result(handle).outcome == "stopped"
    until(lambda: person.states[-1].is_latched and "namespace" in person.states[-1].latch_reason)
    answer = wait(person.resuming.call_async(Trigger.Request()))
    assert not answer.success
    assert "ROS_DOMAIN_ID" in answer.message
    until(lambda: wait(person.resuming.call_async(Trigger.Request())).success)
    person.destroy_publisher(beats)
    time.sleep(0.25)
    person.do("Go home.", "move_to", pose="home")


def test_the_same_key_moves_nothing_twice(person: Person) -> None:
    turn = person.say("Move the arm down two centimetres.")
    first = person.result(person.propose(turn, "move_by", direction="down", distance=0.02))
    at = list(person.joints[-1].position[:6])
    second = person.result(person.propose(turn, "move_by", direction="down", distance=0.02))
    assert (first.outcome, second.outcome) == ("done", "done")
    assert np.allclose(person.joints[-1].position[:6], at, atol=0.005)
    person.do("Go home.", "move_to", pose="home")


def test_pick_and_place_is_judged_by_what_is_seen(person: Person) -> None:
    result = person.do(
        "Pick up the red cube and put it in the bowl.", "pick_and_place", object="red cube", target="bowl"
    )
    assert (result.outcome, result.message) == ("done", "Done: the red cube is in the bowl.")


def test_pick_holds_and_place_lets_go(person: Person) -> None:
    result = person.do("Pick up the green cube.", "pick", object="green cube")
    assert (result.outcome, result.message) == ("done", "I've got the green cube.")
    time.sleep(0.25)
    result = person.do("Put it in the bowl.", "place", target="bowl")
    assert (result.outcome, result.message) == ("done", "Done: the green cube is in the bowl.")


def test_nothing_seen_of_an_elephant(person: Person) -> None:
    result = person.do("Pick up the purple elephant.", "pick", object="purple elephant")
    assert (result.outcome, result.rule) == ("refused", "unknown_object")
    assert result.message.startswith("I can't see a purple elephant. I see the ")


@pytest.mark.parametrize(
    ("skill", "arguments", "rule"),
    [
        ("self_destruct", {}, "bad_arguments"),
        ("move_by", {"direction": "up", "distance": float("nan")}, "bad_arguments"),
        ("move_by", {"direction": "up", "distance": 1e308}, "bad_arguments"),
        ("move_by", {"direction": "up", "distance": "5"}, "bad_arguments"),
        ("resume", {}, "not_allowed"),
    ],
)
def test_what_a_hostile_model_may_send(
    person: Person, skill: str, arguments: dict[str, Any], rule: str
) -> None:
    at = list(person.joints[-1].position[:6])
    result = person.do("Move the arm up a bit, would you.", skill, **arguments)
    assert (result.outcome, result.rule) == ("refused", rule)
    assert np.allclose(person.joints[-1].position[:6], at, atol=0.005)


def ask(person: Person) -> tuple[Any, str]:
    turn = person.say("The blue one deserves a place in the bowl.")
    handle = person.propose(turn, "pick_and_place", object="blue cube", target="bowl")
    question = person.phase("awaiting_confirmation")
    assert question.message == "Shall I put the blue cube into the bowl?"
    until(lambda: person.states[-1].pending_nonce == question.nonce)
    return handle, question.nonce


def test_what_a_model_understood_is_done_after_a_spoken_yes(person: Person) -> None:
    handle, nonce = ask(person)
    status = PlaybackStatus(stream_id=nonce, is_finished=True)
    status.header.stamp = person.get_clock().now().to_msg()
    person.played.publish(status)
    time.sleep(0.1)
    assert person.speed() < 0.01
    person.say("Yes, please.", after_s=0.05)
    result = person.result(handle)
    assert (result.outcome, result.message) == ("done", "Done: the blue cube is in the bowl.")


def test_a_no_by_service_moves_nothing(person: Person) -> None:
    turn = person.say("Let the gripper yawn open for me.")
    handle = person.propose(turn, "open_gripper")
    until(lambda: person.states[-1].pending_nonce)
    nonce = person.states[-1].pending_nonce
    late = wait(person.confirming.call_async(Confirm.Request(nonce="confirm-of-before", accept=True)))
    assert (late.success, nonce in late.message) == (False, True)
    assert wait(person.confirming.call_async(Confirm.Request(nonce=nonce, accept=False))).success
    assert not wait(person.confirming.call_async(Confirm.Request(nonce=nonce, accept=True))).success
    result = person.result(handle)
    assert (result.outcome, result.rule) == ("refused", "not_confirmed")


def test_stop_in_mid_motion_latches_until_resumed(person: Person) -> None:
    handle = person.propose(person.say("Move to ready."), "move_to", pose="ready")
    person.phase("first_motion")
    person.stopping.publish(StopRequest(source="test", scope=StopRequest.SCOPE_ALL, phrase="stop"))
    result = person.result(handle)
    assert (result.outcome, result.message) == ("stopped", "Stopped.")
    until(lambda: person.speed() < 0.01)
    until(lambda: person.states[-1].is_latched)
    assert person.states[-1].latch_reason == "test: stop"
    time.sleep(0.25)
    assert person.do("Go home.", "move_to", pose="home").rule == "latched"
    person.resume()
    time.sleep(0.25)
    assert person.do("Go home.", "move_to", pose="home").outcome == "done"


def test_stopping_speech_does_not_stop_motion(person: Person) -> None:
    handle = person.propose(person.say("Move to ready."), "move_to", pose="ready")
    person.stopping.publish(StopRequest(source="test", scope=StopRequest.SCOPE_SPEECH))
    assert person.result(handle).outcome == "done"
    time.sleep(0.25)
    person.do("Go home.", "move_to", pose="home")


def test_a_canceled_intent_stops_without_a_latch(person: Person) -> None:
    handle = person.propose(person.say("Move to ready."), "move_to", pose="ready")
    person.phase("first_motion")
    wait(handle.cancel_goal_async())
    assert person.result(handle).outcome == "stopped"
    time.sleep(0.25)
    assert person.do("Go home.", "move_to", pose="home").outcome == "done"


def test_a_second_intent_while_moving_is_refused_at_once(person: Person) -> None:
    handle = person.propose(person.say("Move to ready."), "move_to", pose="ready")
    person.phase("goal_accepted")
    began = time.monotonic()
    assert person.do("Open the gripper.", "open_gripper").rule == "busy"
    assert time.monotonic() - began < 0.3
    assert person.result(handle).outcome == "done"
    time.sleep(0.25)
    person.do("Go home.", "move_to", pose="home")


def test_a_flood_is_rejected_and_a_stop_gets_through(
    person: Person, bridge: IntentBridgeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "_open_intents", MAX_OPEN_INTENTS)  # so many wait for something
    assert not person.propose(person.say("Move to ready."), "move_to", pose="ready").accepted
    assert not person.states[-1].is_latched
    assert not person.propose("", "stop", key="stop in a flood").accepted
    until(lambda: person.states[-1].is_latched)
    assert bridge._open_intents == MAX_OPEN_INTENTS


def test_chinese_is_answered_in_chinese(person: Person) -> None:
    turn = person.say("拿起紫色的大象", language="zh")
    result = person.result(person.propose(turn, "pick", object="紫色的大象"))
    assert result.outcome == "refused"
    assert "我没有看到" in result.message


def test_what_is_on_the_table(person: Person) -> None:
    result = person.do("What is on the table?", "describe_scene")
    assert result.outcome == "done"
    assert "the bowl" in result.message


def test_the_record_is_whole(person: Person, log: Path) -> None:
    assert verify([log]).lines > 20
    assert "elephant" not in log.read_text()  # what people say is not kept


def test_activation_names_the_controller_that_is_missing(
    spinning: Spinning, sim: SimArmNode, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arm = tmp_path / "arm.yaml"
    text = shared_file("config/arms/prim6.yaml").read_text()
    arm.write_text(text.replace("gripper_controller/", "hand_controller/"))
    node = IntentBridgeNode()
    node.set_parameters(parameters(tmp_path / "log", arm_path=str(arm), controller_timeout_s=0.3))
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node.trigger_activate() == TransitionCallbackReturn.FAILURE
    node.close()
    destroy_node(node)
    assert "hand_controller/gripper_cmd" in capfd.readouterr().err


def test_configuration_says_what_does_not_fit(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("limits: {tool_speed: fast}\nskills: {allowed: [fly]}\n")
    node = IntentBridgeNode()
    node.set_parameters(parameters(tmp_path / "log", policy_path=str(policy)))
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    node.close()
    destroy_node(node)
    shown = capfd.readouterr().err
    assert "limits.tool_speed" in shown
    assert "fly" in shown
