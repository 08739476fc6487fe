# SPDX-License-Identifier: Apache-2.0
"""rviz, rqt and the diagnostics' groups look at topics that exist, of that type, in the graph of all our nodes."""

from __future__ import annotations

import ast
import json
import time
from importlib import import_module
from pathlib import Path

import pytest
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy
from rosidl_runtime_py.utilities import get_message

from voice_agent_ros.nodes.spin import destroy_node

CONFIG = Path(__file__).resolve().parents[2] / "config"
NODES = {
    "audio_node": "AudioNode",
    "asr_node": "AsrNode",
    "llm_node": "LlmNode",
    "tts_node": "TtsNode",
    "intent_bridge_node": "IntentBridgeNode",
    "stop_guard_node": "StopGuardNode",
    "supervisor_node": "SupervisorNode",
    "telemetry_node": "TelemetryNode",
    "sim_arm_node": "SimArmNode",
}
SHOWS = {
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
    "rviz_default_plugins/RobotModel": "std_msgs/msg/String",
    "vision_msgs_rviz_plugins/Detection3DArray": "vision_msgs/msg/Detection3DArray",
}
WITHOUT_TOPIC = {"rviz_default_plugins/Grid", "rviz_default_plugins/TF"}
# What Humble's rviz and rqt call what these files use, by their plugin descriptions.
RVIZ = {
    *SHOWS, *WITHOUT_TOPIC, "rviz_common/Displays", "rviz_common/Views", "rviz_default_plugins/FocusCamera",
    "rviz_default_plugins/Interact", "rviz_default_plugins/Measure", "rviz_default_plugins/MoveCamera",
    "rviz_default_plugins/Orbit", "rviz_default_plugins/Select", "",
}  # fmt: skip
RQT = {"rqt_robot_monitor/RobotMonitor", "rqt_plot/Plot", "rqt_topic/TopicPlugin", "rqt_console/Console"}
TIMEOUT_S = 20.0


@pytest.fixture(scope="module")
def graph():
    """A node that watches, beside all of ours."""
    rclpy.init()
    watcher = rclpy.create_node("watcher")
    watcher.status = {}
    watcher.create_subscription(
        DiagnosticArray,
        "/diagnostics",
        lambda message: watcher.status.update({one.name: one for one in message.status}),
        50,
    )
    nodes = [getattr(import_module(f"voice_agent_ros.nodes.{name}"), kind)() for name, kind in NODES.items()]
    executor = SingleThreadedExecutor()
    for node in (watcher, *nodes):
        executor.add_node(node)
    deadline = time.monotonic() + TIMEOUT_S
    wanted = ("audio_node:", "asr_node:", "telemetry_node: processes")
    while not all(any(name.startswith(one) for name in watcher.status) for one in wanted):
        assert time.monotonic() < deadline, watcher.status
        executor.spin_once(timeout_sec=0.1)
    yield watcher
    executor.shutdown()
    for node in (watcher, *nodes):
        destroy_node(node)
    rclpy.try_shutdown()


def topics(graph):
    return {name.lstrip("/"): types for name, types in graph.get_topic_names_and_types()}


@pytest.mark.parametrize("path", sorted(CONFIG.glob("rviz/*.rviz")), ids=lambda path: path.name)
def test_rviz_shows_topics_that_exist(graph, path):
    displays = yaml.safe_load(path.read_text(encoding="utf-8"))["Visualization Manager"]["Displays"]
    there, seen = topics(graph), set()
    for display in displays:
        if display["Class"] in WITHOUT_TOPIC:
            continue
        source = display.get("Topic") or display["Description Topic"]
        name = source["Value"].lstrip("/")
        seen.add(name)
        assert there.get(name) == [SHOWS[display["Class"]]], name
        if source["Durability Policy"] == "Transient Local":
            offered = {one.qos_profile.durability for one in graph.get_publishers_info_by_topic(f"/{name}")}
            assert offered == {DurabilityPolicy.TRANSIENT_LOCAL}, name
    assert "markers" in seen


def values_of(content, key):
    """All values of a key, wherever it stands."""
    if isinstance(content, list):
        return [found for one in content for found in values_of(one, key)]
    if not isinstance(content, dict):
        return []
    return [
        found for name, one in content.items() for found in ([one] if name == key else values_of(one, key))
    ]


@pytest.mark.parametrize("path", sorted(CONFIG.glob("rviz/*.rviz")), ids=lambda path: path.name)
def test_rviz_knows_everything_by_its_name_and_any_arm_has_the_frames(path):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(values_of(content, "Class")) <= RVIZ
    frames = {*values_of(content, "Reference Frame"), *values_of(content, "Target Frame")}
    assert frames == {"<Fixed Frame>"}, "which -f sets"


def test_rqt_plots_fields_that_exist(graph):
    perspective = json.loads((CONFIG / "rqt" / "voice_agent.perspective").read_text(encoding="utf-8"))
    manager = perspective["groups"]["pluginmanager"]
    running = ast.literal_eval(manager["keys"]["running-plugins"]["repr"])
    assert set(running) == RQT
    there = topics(graph)
    plots = [
        manager["groups"][f"plugin__rqt_plot__Plot__{number}"]["groups"]["plugin"]["keys"]
        for number in running["rqt_plot/Plot"]
    ]
    plotted = [field for plot in plots for field in ast.literal_eval(plot["topics"]["repr"])]
    for field in plotted:
        topic = next(name for name in sorted(there, key=len, reverse=True) if field.startswith(f"/{name}/"))
        (kind,) = there[topic]
        name = field.removeprefix(f"/{topic}/").partition("[")[0]
        assert name in get_message(kind).get_fields_and_field_types(), field
    assert {"/bridge/state/is_moving", "/latency/goal_accepted/data"} <= set(plotted)


def test_every_diagnostic_has_one_group(graph):
    settings = yaml.safe_load((CONFIG / "diagnostics.yaml").read_text(encoding="utf-8"))
    groups = {
        name: one["startswith"]
        for name, one in settings["analyzers"]["ros__parameters"].items()
        if isinstance(one, dict)
    }
    for status in graph.status:
        taken = [group for group, prefixes in groups.items() if status.startswith(tuple(prefixes))]
        assert len(taken) == 1, (status, taken)
    assert {"telemetry_node: latch", "telemetry_node: controllers"} <= set(graph.status)
