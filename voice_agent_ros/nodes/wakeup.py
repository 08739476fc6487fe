# SPDX-License-Identifier: Apache-2.0
"""Calls from other threads into a node's executor."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable

from rclpy.node import Node


class Wakeup:
    """Lets a callback run soon in the thread of the node's executor.

    A task and not a guard condition: rclpy's EventsExecutor knows no guard conditions.

    Args:
        callback: must take all that is waiting, as several triggers may be one call.
    """

    def __init__(self, node: Node, callback: Callable[[], None]) -> None:
        self._node, self._callback = node, callback
        self._lock = threading.Lock()
        self._is_due = False

    def trigger(self) -> None:
        """From any thread. Without effect while nobody spins the node."""
        executor = self._node.executor
        if executor is None:
            return
        with self._lock:
            if self._is_due:
                return
            self._is_due = True
        executor.create_task(self._run)

    def _run(self) -> None:
        with self._lock:
            self._is_due = False
        try:
            self._callback()
        except Exception:
            # The EventsExecutor of rclpy 7.1 crashes when a task raises: without this nobody would learn why.
            self._node.get_logger().fatal(traceback.format_exc())
            raise
