# SPDX-License-Identifier: Apache-2.0
"""A node's heartbeat on `alive`: the bridge stops a motion when who could still say stop falls silent."""

from __future__ import annotations

from rclpy.node import Node
from std_msgs.msg import String

from voice_agent_ros.nodes import qos

PERIOD_S = 0.2
TOPIC = "alive"


def beat(node: Node) -> None:
    """Publish the node's name from its executor's thread for as long as that runs."""
    publisher = node.create_publisher(String, TOPIC, qos.EVENTS)
    message = String(data=node.get_name())
    node.create_timer(PERIOD_S, lambda: publisher.publish(message))
