# SPDX-License-Identifier: Apache-2.0
"""The supervisor on the graph: why a node cannot be brought up is told by the agent's state, in the node's words."""

from __future__ import annotations

import time

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn
from voice_agent_ros.msg import AgentState

from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.spin import destroy_node
from voice_agent_ros.nodes.supervisor_node import SupervisorNode

pytestmark = pytest.mark.ros
TIMEOUT_S = 20.0


class BrokenNode(LifecycleNode):
    """Cannot be configured, and says why."""

    def on_configure(self, state):
        self.get_logger().error("There are no weights.\nRun: voice-agent models fetch")
        return TransitionCallbackReturn.FAILURE


@pytest.mark.parametrize("namespace", ["", "left_arm"])
def test_the_reason_is_in_the_state(namespace: str) -> None:
    rclpy.init(args=["--ros-args", "-r", f"__ns:=/{namespace}"])
    broken, supervisor = BrokenNode("asr_node"), SupervisorNode()
    stranger = rclpy.create_node("asr_node", namespace="/another_robot", use_global_arguments=False)
    executor = SingleThreadedExecutor()
    told: list[AgentState] = []
    try:
        for node in (broken, stranger, supervisor):
            executor.add_node(node)
        stranger.create_timer(0.5, lambda: stranger.get_logger().error("The stranger's trouble."))
        broken.create_subscription(AgentState, "state", told.append, qos.STATE)
        deadline = time.monotonic() + TIMEOUT_S
        while not any("no weights. Run:" in one.message for one in told):
            assert time.monotonic() < deadline, told
            executor.spin_once(timeout_sec=0.05)
        assert told[-1].state == AgentState.DEGRADED
        assert not any("stranger" in one.message for one in told)
    finally:
        executor.shutdown()
        for node in (supervisor, stranger, broken):
            destroy_node(node)
        rclpy.try_shutdown()
