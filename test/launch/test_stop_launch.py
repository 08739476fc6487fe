# SPDX-License-Identifier: Apache-2.0
"""Stopping the simulated arm in mid-motion: by the topic, and by killing the bridge with SIGKILL."""

from __future__ import annotations

import signal
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

import launch_testing
import launch_testing.actions
import launch_testing.markers
import psutil
import pytest
import rclpy
from action_msgs.msg import GoalStatus, GoalStatusArray
from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch_ros.actions import Node
from rclpy.qos import qos_profile_action_status_default
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.msg import AgentState, Intent, SkillCall, StopRequest, Transcript

from voice_agent_ros.nodes import qos

STANDSTILL = 0.02  # rad/s


@pytest.mark.launch_test
@pytest.mark.launch
@launch_testing.markers.keep_alive
def generate_test_description() -> LaunchDescription:
    share = Path(get_package_share_directory("voice_agent_ros"))
    bridge = {
        "urdf_path": str(share / "urdf" / "prim6.urdf"),
        "policy_path": str(share / "config" / "policy.yaml"),
        "audit_path": str(Path(tempfile.mkdtemp()) / "audit.jsonl"),
    }
    supervisor = {"nodes": ["sim_arm_node", "intent_bridge_node"]}
    processes = (
        ("sim_arm_node", {}),
        ("intent_bridge_node", bridge),
        ("stop_guard_node", {}),
        ("supervisor_node", supervisor),
    )
    nodes = [
        Node(package="voice_agent_ros", executable=name, parameters=[values]) for name, values in processes
    ]
    return LaunchDescription([*nodes, launch_testing.actions.ReadyToTest()])


class TestStop(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        rclpy.init()
        cls.node = rclpy.create_node("test_stop_launch")
        cls.state, cls.velocity, cls.status = AgentState(), 0.0, {}
        cls.node.create_subscription(AgentState, "state", lambda m: setattr(cls, "state", m), qos.STATE)
        cls.node.create_subscription(JointState, "joint_states", cls.on_joints, qos.EVENTS)
        topic = "arm_controller/follow_joint_trajectory/_action/status"
        cls.node.create_subscription(GoalStatusArray, topic, cls.on_status, qos_profile_action_status_default)
        cls.transcripts = cls.node.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        cls.stop = cls.node.create_publisher(StopRequest, "stop", qos.EVENTS)
        cls.resume = cls.node.create_client(Trigger, "intent_bridge_node/resume")
        cls.intents = rclpy.action.ActionClient(cls.node, ExecuteIntent, "execute_intent")

    @classmethod
    def on_joints(cls, message: JointState) -> None:
        cls.velocity = max(abs(value) for value in message.velocity[:6])

    @classmethod
    def on_status(cls, message: GoalStatusArray) -> None:
        cls.status |= {bytes(status.goal_info.goal_id.uuid): status.status for status in message.status_list}

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        rclpy.shutdown()

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not condition():
            rclpy.spin_once(self.node, timeout_sec=0.02)
        return condition()

    def move(self, turn_id: str, text: str, pose: str) -> None:
        """Say it, propose it, and wait until the arm is well under way."""
        message = Transcript(turn_id=turn_id, text=text, is_final=True, confidence=0.95, language="en")
        self.transcripts.publish(message)
        self.wait(lambda: False, 0.2)
        call = SkillCall(skill="move_to", arguments_json=f'{{"pose": "{pose}"}}', call_id="1")
        intent = Intent(turn_id=turn_id, engine="grammar", calls=[call])
        self.status.clear()
        self.intents.send_goal_async(ExecuteIntent.Goal(intent=intent, idempotency_key=turn_id))
        assert self.wait(lambda: self.velocity > 0.05, 10.0), "the arm did not begin to move"

    def test_1_stop_on_the_topic(self) -> None:
        assert self.wait(lambda: self.state.state == AgentState.READY, 60.0), self.state
        assert self.resume.wait_for_service(5.0)
        future = self.resume.call_async(Trigger.Request())
        assert self.wait(future.done, 5.0)
        self.move("turn-1", "Move to ready.", "ready")
        self.stop.publish(StopRequest(source="test", scope=StopRequest.SCOPE_ALL))
        assert self.wait(lambda: GoalStatus.STATUS_CANCELED in self.status.values(), 1.0), self.status
        assert self.wait(lambda: self.velocity < STANDSTILL, 1.0)

    def test_2_killing_the_bridge_stops_the_arm(self) -> None:
        self.wait(lambda: False, 0.5)  # the guard repeats its cancels for a while
        future = self.resume.call_async(Trigger.Request())
        assert self.wait(future.done, 5.0)
        self.move("turn-2", "Move to ready.", "ready")
        bridges = [
            process
            for process in psutil.Process().children(recursive=True)
            if any(part.endswith("/intent_bridge_node") for part in process.cmdline())
        ]
        assert len(bridges) == 1
        bridges[0].send_signal(signal.SIGKILL)
        assert self.wait(lambda: GoalStatus.STATUS_CANCELED in self.status.values(), 1.5), self.status
        assert self.wait(lambda: self.velocity < STANDSTILL, 1.0)
