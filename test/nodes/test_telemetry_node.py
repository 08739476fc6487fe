# SPDX-License-Identifier: Apache-2.0
"""telemetry_node on a graph with a faked agent: diagnostics, markers, and what `voice-agent stats` makes of them."""

from __future__ import annotations

import json
import time

import pytest
import rclpy
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import Float64, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from visualization_msgs.msg import Marker, MarkerArray
from voice_agent_ros.msg import BridgeState, Intent, SkillCall, StageTiming, Transcript, TurnReport

from voice_agent_ros.config_files import config_path
from voice_agent_ros.motion.arm_config import load_arm
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.telemetry_node import TelemetryNode
from voice_agent_ros.share import shared_file

TIMEOUT_S = 15.0


class Graph:
    """The node, and an agent that says what a test wants."""

    def __init__(self) -> None:
        self.telemetry = TelemetryNode()
        self.agent = rclpy.create_node("faked_agent")
        self.executor = SingleThreadedExecutor()
        for node in (self.telemetry, self.agent):
            self.executor.add_node(node)
        self.status: dict[str, object] = {}
        self.markers: dict[tuple[str, int], Marker] = {}
        self.agent.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 10)
        self.agent.create_subscription(MarkerArray, "markers", self._on_markers, qos.STATE)
        self.publishers = {
            kind: self.agent.create_publisher(kind, topic, qos.EVENTS)
            for kind, topic in (
                (BridgeState, "bridge/state"),
                (Transcript, "speech/transcript"),
                (TurnReport, "turns"),
                (Intent, "intent"),
                (JointTrajectory, "planned_path"),
            )
        }

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        self.status |= {status.name: status for status in message.status}

    def _on_markers(self, message: MarkerArray) -> None:
        self.markers = {(marker.ns, marker.id): marker for marker in message.markers}

    def say(self, message: object) -> None:
        self.publishers[type(message)].publish(message)

    def wait(self, condition) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline
            self.executor.spin_once(timeout_sec=0.1)

    def wait_for_subscribers(self) -> None:
        self.wait(lambda: all(publisher.get_subscription_count() for publisher in self.publishers.values()))


@pytest.fixture
def graph():
    rclpy.init()
    made = Graph()
    yield made
    made.executor.shutdown()
    for node in (made.telemetry, made.agent):
        node.destroy_node()
    rclpy.try_shutdown()


def level(status) -> int:
    return int.from_bytes(status.level, "little")


def test_what_is_missing_is_told_and_what_comes_is_seen(graph):
    graph.wait_for_subscribers()
    graph.wait(lambda: "telemetry_node: latch" in graph.status)
    assert level(graph.status["telemetry_node: latch"]) == 3
    assert level(graph.status["telemetry_node: controllers"]) == 2
    graph.say(BridgeState(is_latched=True, latch_reason="spoken stop"))
    graph.wait(lambda: ("words", 2) in graph.markers and "spoken stop" in graph.markers["words", 2].text)
    graph.say(Transcript(text="pick up the cube", is_final=True))
    graph.wait(lambda: graph.markers["words", 1].text == "pick up the cube")
    assert graph.markers["workspace", 0].type == Marker.LINE_LIST
    assert len(graph.markers["workspace", 0].points) == 24
    assert graph.markers["workspace", 0].header.frame_id == "base_link"


def test_latencies_of_turns_are_published(graph):
    plotted: list[float] = []
    graph.agent.create_subscription(
        Float64, "latency/final_transcript", lambda message: plotted.append(message.data), qos.EVENTS
    )
    graph.wait(graph.telemetry._plots["final_transcript"].get_subscription_count)
    graph.wait_for_subscribers()
    end = Time(sec=100, nanosec=0)
    stages = [StageTiming(name="final_transcript", end=Time(sec=100, nanosec=600_000_000))]
    calls = [SkillCall(skill="pick", arguments_json=json.dumps({"object": "red cube"}))]
    report = TurnReport(
        turn_id="t",
        heard="pick",
        engine="grammar",
        outcome="done",
        speech_end=end,
        stages=stages,
        calls=calls,
    )
    graph.say(report)

    def has_come() -> bool:
        status = graph.status.get("telemetry_node: latency")
        return status is not None and any(pair.key == "final_transcript P50 [s]" for pair in status.values)

    graph.wait(has_come)
    graph.wait(lambda: plotted)
    assert plotted == [pytest.approx(0.6)]
    values = {pair.key: pair.value for pair in graph.status["telemetry_node: latency"].values}
    assert values["final_transcript P50 [s]"] == "0.600"
    assert values["outcome done"] == "1"


def test_the_way_of_the_tool_is_shown_until_the_turn_ends(graph):
    pytest.importorskip("pinocchio")
    arm = load_arm(config_path("arms/prim6.yaml"))
    description = graph.agent.create_publisher(String, "robot_description", qos.STATE)
    description.publish(String(data=shared_file("urdf/prim6.urdf").read_text(encoding="utf-8")))
    graph.wait_for_subscribers()
    graph.wait(description.get_subscription_count)
    ends = ([0.0] * len(arm.arm.joints), [0.5] * len(arm.arm.joints))
    points = [JointTrajectoryPoint(positions=positions) for positions in ends]

    def is_shown() -> bool:
        graph.say(JointTrajectory(joint_names=list(arm.arm.joints), points=points))
        way = graph.markers.get(("planned path", 0))
        return way is not None and way.action == Marker.ADD

    graph.wait(is_shown)
    assert len(graph.markers["planned path", 0].points) == 2

    def is_gone() -> bool:
        graph.say(TurnReport(turn_id="t", outcome="done"))  # again, for paths may still be on their way
        return graph.markers["planned path", 0].action == Marker.DELETE

    graph.wait(is_gone)
