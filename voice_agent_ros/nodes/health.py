# SPDX-License-Identifier: Apache-2.0
"""A node's entry in `/diagnostics`, once a second: how it is, in a sentence, with the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from voice_agent_ros.nodes import qos

PERIOD_S = 1.0
_LEVELS = {"ok": DiagnosticStatus.OK, "warn": DiagnosticStatus.WARN, "error": DiagnosticStatus.ERROR}


@dataclass(frozen=True)
class Health:
    """How a node is.

    Attributes:
        message: for people, with the fix where there is one.
        values: the numbers behind it.
    """

    level: Literal["ok", "warn", "error"] = "ok"
    message: str = "ok"
    values: Mapping[str, object] = field(default_factory=dict)


def report(node: Node, name: str, health: Callable[[], Health]) -> None:
    """Publish what `health` says once a second, from the node's own thread."""
    publisher = node.create_publisher(DiagnosticArray, "/diagnostics", qos.EVENTS)

    def publish() -> None:
        current = health()
        status = DiagnosticStatus(
            level=_LEVELS[current.level],
            name=f"{node.get_name()}: {name}",
            message=current.message,
            hardware_id=node.get_namespace(),
            values=[KeyValue(key=key, value=str(value)) for key, value in current.values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)

    node.create_timer(PERIOD_S, publish)
