# SPDX-License-Identifier: Apache-2.0
"""The scenarios marked `ros: true` on the real nodes and the simulated arm, in real time.

The loudspeaker is a fake in this process, and no language model answers.
"""

from __future__ import annotations

import re
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

import launch_testing
import launch_testing.actions
import launch_testing.asserts
import launch_testing.markers
import numpy as np
import pytest
import rclpy
from action_msgs.msg import GoalStatusArray
from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch_ros.actions import Node
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_action_status_default
from scenario_file import Expect, Expectation, FaultNow, Hear, Resume, Scenario, Stop, Wait, load
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection3DArray
from voice_agent_ros.msg import (
    AgentState,
    BridgeState,
    PlaybackStatus,
    ReplyChunk,
    StopRequest,
    Transcript,
    TurnReport,
)
from witness import Chain

from voice_agent_ros.nodes import qos
from voice_agent_ros.sim.arm import ARM_JOINTS

SCENARIOS = Path(__file__).parents[1] / "scenarios"
ACTIONS = ("arm_controller/follow_joint_trajectory", "gripper_controller/gripper_cmd")
STARTUP_S, SETTLE_S, CALL_S = 60.0, 30.0, 5.0
IN_OR_ON_M = {"bowl": 0.09}  # between centres
ON_A_CUBE_M = 0.035  # two cubes beside one another are farther apart
QUESTION_S = 0.4  # how long the fake loudspeaker takes for a reply


@pytest.mark.launch_test
@pytest.mark.launch
@launch_testing.markers.keep_alive
def generate_test_description() -> LaunchDescription:
    share = Path(get_package_share_directory("voice_agent_ros"))
    bridge = {
        "urdf_path": str(share / "urdf" / "prim6.urdf"),
        "policy_path": str(share / "config" / "policy.simulation.yaml"),
        "audit_path": str(Path(tempfile.mkdtemp()) / "audit.jsonl"),
    }
    nodes = ["sim_arm_node", "intent_bridge_node", "llm_node"]
    processes = (
        ("sim_arm_node", {}),
        ("intent_bridge_node", bridge),
        ("llm_node", {"llm_url": "http://127.0.0.1:9/v1"}),
        ("stop_guard_node", {}),
        ("supervisor_node", {"nodes": nodes, "resume_when_ready": True}),
    )
    return LaunchDescription(
        [
            *(Node(package="voice_agent_ros", executable=name, parameters=[own]) for name, own in processes),
            launch_testing.actions.ReadyToTest(),
        ]
    )


class Stage:
    """What a scenario does and sees over ROS."""

    def __init__(self) -> None:
        self.node = rclpy.create_node("test_scenarios_launch")
        self.state, self.bridge, self.joints = AgentState(), BridgeState(), JointState()
        self.objects: dict[str, Any] = {}
        self.reports: dict[str, TurnReport] = {}
        self.said: list[str] = []
        self._replies: list[tuple[float, str]] = []
        self.goals: dict[str, set[bytes]] = {name: set() for name in ACTIONS}
        self._turn, self._turns = "", 0
        urdf = Path(get_package_share_directory("voice_agent_ros")) / "urdf" / "prim6.urdf"
        self._chain = Chain(urdf.read_text(), list(ARM_JOINTS), "tcp")
        listen = self.node.create_subscription
        listen(AgentState, "state", lambda m: setattr(self, "state", m), qos.STATE)
        listen(BridgeState, "bridge/state", lambda m: setattr(self, "bridge", m), qos.EVENTS)
        listen(JointState, "joint_states", lambda m: setattr(self, "joints", m), qos.EVENTS)
        listen(Detection3DArray, "objects", self._on_objects, qos.EVENTS)
        listen(TurnReport, "turns", lambda m: self.reports.update({m.turn_id: m}), qos.EVENTS)
        listen(ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS)
        for name in ACTIONS:
            topic, kept = f"{name}/_action/status", self.goals[name]
            listen(
                GoalStatusArray,
                topic,
                lambda m, kept=kept: kept.update(bytes(s.goal_info.goal_id.uuid) for s in m.status_list),
                qos_profile_action_status_default,
            )
        self._heard = self.node.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self._played = self.node.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        self._stop = self.node.create_publisher(StopRequest, "stop", qos.EVENTS)
        self._resume = self.node.create_client(Trigger, "intent_bridge_node/resume")
        self._set = self.node.create_client(SetParameters, "sim_arm_node/set_parameters")
        self.mark()

    def _on_objects(self, message: Detection3DArray) -> None:
        self.objects = {
            d.results[0].hypothesis.class_id: d.bbox.center.position for d in message.detections if d.results
        }

    def _on_reply(self, chunk: ReplyChunk) -> None:
        if chunk.text.strip():
            self.said.append(chunk.text.strip())
        if chunk.is_last:
            due = time.monotonic() + QUESTION_S
            self._replies.append((due, chunk.reply_id))

    def wait(self, condition: Callable[[], Any], timeout_s: float) -> bool:
        """Spin until something is so."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not condition():
            rclpy.spin_once(self.node, timeout_sec=0.02)
            while self._replies and self._replies[0][0] <= time.monotonic():
                message = PlaybackStatus(stream_id=self._replies.pop(0)[1], is_finished=True)
                message.sample_rate, message.samples_played = 16000, 8000
                message.header.stamp = self.node.get_clock().now().to_msg()
                self._played.publish(message)
        return bool(condition())

    def call(self, client: Any, request: Any) -> Any:
        assert client.wait_for_service(CALL_S)
        future = client.call_async(request)
        assert self.wait(future.done, CALL_S)
        return future.result()

    def reset(self) -> None:
        """As every scenario begins."""
        self._do_fault(FaultNow(fault="none", gripper_fault="none", abort_error_code=-4))
        self.call(self._resume, Trigger.Request())
        self._do_hear(Hear(hear="Go home."))
        self.mark()

    def mark(self) -> None:
        """What follows is counted from here."""
        goals = [len(kept) for kept in self.goals.values()]
        self._marked = (*goals, len(self.said), self._tool())

    def _tool(self) -> np.ndarray:
        q = np.array(self.joints.position[:6]) if self.joints.position else np.zeros(6)
        return self._chain.places(q[None, :])[1][0, :3, 3]

    def play(self, scenario: Scenario) -> None:
        """All its steps."""
        self.reset()
        for number, step in enumerate(scenario.steps, start=1):
            if isinstance(step, Hear):
                self._do_hear(step)
            elif isinstance(step, Stop):
                self._do_stop(step)
            elif isinstance(step, Resume):
                self.call(self._resume, Trigger.Request())
            elif isinstance(step, Wait):
                self.wait(lambda: False, step.wait)
            elif isinstance(step, FaultNow):
                self._do_fault(step)
            else:
                assert isinstance(step, Expect), f"step {number} cannot be played over ROS"
                self._check(step.expect, f"{scenario.name}, step {number}")

    def _do_hear(self, step: Hear) -> None:
        assert step.llm is None, "no model answers here"
        if not step.again:
            self._turns += 1
            self._turn = f"turn-{self._turns}"
        message = Transcript(turn_id=self._turn, session_id="test", text=step.hear, is_final=True)
        message.confidence, message.language = step.confidence, step.language or "en"
        now = self.node.get_clock().now().to_msg()
        message.header.stamp = message.speech_start = message.speech_end = now
        self._heard.publish(message)
        if step.settle:
            self.wait(lambda: False, 0.3)
            done = lambda: self._turn in self.reports and (not self.bridge.is_moving)  # noqa: E731
            assert self.wait(done, SETTLE_S), f"{step.hear!r}: nothing was reported"
            self.wait(lambda: False, 0.2)

    def _do_stop(self, step: Stop) -> None:
        self._stop.publish(StopRequest(source=step.stop, scope=StopRequest.SCOPE_ALL))
        self.wait(lambda: self.bridge.is_latched and not self.bridge.is_moving, 2.0)

    def _do_fault(self, step: FaultNow) -> None:
        request = SetParameters.Request()
        values = step.model_dump(exclude_none=True)
        request.parameters = [
            Parameter(name, value=value).to_parameter_msg() for name, value in values.items()
        ]
        assert all(result.successful for result in self.call(self._set, request).results)

    def _check(self, wanted: Expectation, where: str) -> None:
        self.wait(lambda: False, 0.3)
        arm, gripper, said, tool = self._marked
        goals = [len(kept) - before for kept, before in zip(self.goals.values(), (arm, gripper), strict=True)]
        words, report = " ".join(self.said[said:]), self.reports.get(self._turn, TurnReport())
        story = f"{where}: {report.heard!r} -> {report.outcome} {report.rule}, said {words!r}, goals {goals}"
        for key in ("outcome", "rule", "engine"):
            asked = getattr(wanted, key)
            assert asked is None or getattr(report, key) == asked, story
        if wanted.goals is not None:
            assert sum(goals) > 0 if wanted.goals == "some" else sum(goals) == wanted.goals, story
        assert wanted.says is None or re.search(wanted.says, words), story
        assert wanted.never_says is None or not re.search(wanted.never_says, words), story
        assert wanted.latched is None or self.bridge.is_latched == wanted.latched, story
        assert wanted.moving is None or self.bridge.is_moving == wanted.moving, story
        if wanted.tool_moved is not None:
            assert np.allclose(self._tool() - tool, wanted.tool_moved, atol=0.004), story
        for name, place in (wanted.objects or {}).items():
            assert isinstance(place, str), story
            near = {other for other in self.objects if other != name and self._is_at(name, other)}
            assert near == {place} - {"table"}, f"{story}, the {name} is in or on {near or 'the table'}"
        self.mark()

    def _is_at(self, name: str, other: str) -> bool:
        one, place = self.objects[name], self.objects[other]
        return bool(np.hypot(one.x - place.x, one.y - place.y) < IN_OR_ON_M.get(other, ON_A_CUBE_M))


class TestScenarios(unittest.TestCase):
    def test_scenarios_on_the_real_nodes(self) -> None:
        scenarios = [s for path in sorted(SCENARIOS.glob("*.yaml")) for s in load(path) if s.ros]
        assert len(scenarios) >= 3
        rclpy.init()
        try:
            stage = Stage()
            assert stage.wait(lambda: stage.state.state == AgentState.READY, STARTUP_S), stage.state
            for scenario in scenarios:
                stage.play(scenario)
            stage.node.destroy_node()
        finally:
            rclpy.shutdown()


@launch_testing.post_shutdown_test()
class TestAfterShutdown(unittest.TestCase):
    def test_every_process_ended_cleanly(self, proc_info: launch_testing.ProcInfoHandler) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
