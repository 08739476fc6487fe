# SPDX-License-Identifier: Apache-2.0
"""telemetry_node: watches the agent from outside, and publishes diagnostics and markers. Nothing acts on them."""

from __future__ import annotations

import shutil
import time
from collections import deque
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, String
from trajectory_msgs.msg import JointTrajectory
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import MarkerArray

from voice_agent_ros.config_files import config_path
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.motion.arm_config import arm_file, load_arm
from voice_agent_ros.motion.audit_record import default_path
from voice_agent_ros.motion.policy import load_policy
from voice_agent_ros.msg import AgentState, BridgeState, Intent, PlaybackStatus, Transcript, TurnReport
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.marker_board import MarkerBoard
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.nodes.spin import main as spin
from voice_agent_ros.telemetry import health
from voice_agent_ros.telemetry.process_table import ProcessTable
from voice_agent_ros.telemetry.statistics import Latencies
from voice_agent_ros.telemetry.tool_path import ToolPath
from voice_agent_ros.telemetry.turns import turn_of

PARAMETERS = (
    Parameter("arm", "prim6", "Arm file: config/arms/<arm>.yaml."),
    Parameter("arm_path", "", "An arm file elsewhere."),
    Parameter("policy_path", "", "Policy file; empty: config/policy.yaml. For its boxes."),
    Parameter("audit_path", "", "Where the audit record is; empty: as for intent_bridge_node."),
    Parameter("window", 100, "Turns that latencies are told of.", (1, 100_000)),
    Parameter("period", 1.0, "Seconds between diagnostics.", (0.1, 60.0)),
)


# Seconds from the end of speech, of every turn in which they occur, for plots.
REPLIES = 20  # whose gaps are told of
PLOTTED = ("final_transcript", "intent", "goal_accepted", "first_motion", "first_audio")


class TelemetryNode(Node):
    """Keeps the last of everything, and judges it once in a period."""

    def __init__(self) -> None:
        super().__init__("telemetry_node")
        declare(self, PARAMETERS)
        values = read(self, PARAMETERS)
        arm = load_arm(arm_file(values.arm, values.arm_path))
        policy = load_policy(Path(values.policy_path) if values.policy_path else config_path("policy.yaml"))
        self._record = Path(values.audit_path).expanduser() if values.audit_path else default_path()
        self._tool = ToolPath(arm)
        self._actions = (arm.arm.action, arm.gripper.action)
        self._latencies = Latencies(values.window)
        self._processes = ProcessTable()
        self._agent = AgentState()
        self._bridge: tuple[float, BridgeState] | None = None
        self._joints_at: float | None = None
        self._joints_count = 0
        self._underruns: deque[int] = deque(maxlen=REPLIES)
        self._looked_at = time.monotonic()
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._markers = self.create_publisher(MarkerArray, "markers", qos.STATE)
        self._plots = {
            stage: self.create_publisher(Float64, f"latency/{stage}", qos.EVENTS) for stage in PLOTTED
        }
        self._board = MarkerBoard(arm.base_frame, policy.limits)
        self._subscribe()
        self.create_timer(values.period, self._judge)

    def _subscribe(self) -> None:
        for kind, topic, callback, profile in (
            (AgentState, "state", self._on_agent, qos.STATE),
            (BridgeState, "bridge/state", self._on_bridge, qos.EVENTS),
            (JointState, "joint_states", self._on_joints, qos.EVENTS),
            (PlaybackStatus, "audio/playback", self._on_playback, qos.EVENTS),
            (TurnReport, "turns", self._on_turn, qos.EVENTS),
            (Transcript, "speech/transcript", self._on_transcript, qos.EVENTS),
            (Intent, "intent", self._on_intent, qos.EVENTS),
            (Detection3DArray, "objects", self._on_objects, qos.EVENTS),
            (String, "robot_description", self._on_description, qos.STATE),
            (JointTrajectory, "planned_path", self._on_path, qos.EVENTS),
        ):
            self.create_subscription(kind, topic, callback, profile)

    def _on_agent(self, message: AgentState) -> None:
        self._agent = message

    def _on_bridge(self, message: BridgeState) -> None:
        self._bridge = (time.monotonic(), message)
        self._show(self._board.latch(is_latched=message.is_latched, reason=message.latch_reason))

    def _on_joints(self, _: JointState) -> None:
        self._joints_at = time.monotonic()
        self._joints_count += 1

    def _on_playback(self, message: PlaybackStatus) -> None:
        if message.is_finished:
            self._underruns.append(message.underruns)

    def _on_turn(self, message: TurnReport) -> None:
        turn = turn_of(message)
        self._latencies.add(turn)
        for stage, latency in turn.latencies().items():
            if stage in self._plots:
                self._plots[stage].publish(Float64(data=latency))
        self._show(self._board.outcome(message.outcome))

    def _on_transcript(self, message: Transcript) -> None:
        self._show(self._board.heard(message.text, is_final=message.is_final))

    def _on_intent(self, message: Intent) -> None:
        self._show(self._board.target([call.arguments_json for call in message.calls]))

    def _on_objects(self, message: Detection3DArray) -> None:
        self._board.see(message)

    def _on_description(self, message: String) -> None:
        self._tool.describe(message.data)

    def _on_path(self, message: JointTrajectory) -> None:
        try:
            points = self._tool.points(message.joint_names, [point.positions for point in message.points])
        except (VoiceAgentError, ImportError) as error:
            self.get_logger().warning(f"The path cannot be shown: {error}", once=True)
            return
        self._show(self._board.path(points))

    def _show(self, is_changed: bool) -> None:
        if is_changed:
            self._markers.publish(self._board.markers())

    def _judge(self) -> None:
        now = time.monotonic()
        elapsed, self._looked_at = now - self._looked_at, now
        rate, self._joints_count = self._joints_count / elapsed, 0
        served = {name for name, _ in self.get_service_names_and_types()}
        wanted = {name: self.resolve_service_name(f"{name}/_action/send_goal") for name in self._actions}
        absent = [name for name, service in wanted.items() if service not in served]
        bridge = self._bridge[1] if self._bridge else BridgeState()
        folder = next(path for path in self._record.absolute().parents if path.is_dir())
        is_supervised = self.count_publishers("state") > 0  # the last word of one that is gone says nothing
        findings = (
            health.agent(
                self._agent.state if is_supervised else "",
                self._agent.message,
                {node.name: (node.state, node.message) for node in self._agent.nodes},
            ),
            health.latency(self._latencies),
            health.latch(
                now - self._bridge[0] if self._bridge else None,
                is_latched=bridge.is_latched,
                reason=bridge.latch_reason,
                is_moving=bridge.is_moving,
            ),
            health.joint_states(None if self._joints_at is None else now - self._joints_at, rate),
            health.controllers(absent, self._actions),
            health.playback(sum(self._underruns), len(self._underruns)),
            health.disk(shutil.disk_usage(folder).free, str(folder)),
            health.processes(self._processes.look(), self._processes.available()),
        )
        array = DiagnosticArray(status=[self._status(finding) for finding in findings])
        array.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(array)

    def _status(self, finding: health.Finding) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=bytes([finding.level]),
            # As diagnostic_updater names them.
            name=f"{self.get_name()}: {finding.name}",
            message=finding.message,
            hardware_id="voice_agent",
            values=[KeyValue(key=key, value=value) for key, value in finding.values.items()],
        )


def main() -> None:
    """Entry point."""
    spin(TelemetryNode)
