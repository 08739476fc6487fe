# SPDX-License-Identifier: Apache-2.0
"""A lifecycle node under test and a scripted counterpart, spun by the test's own thread."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from voice_agent_ros.nodes.spin import destroy_node

DEADLINE_S = 15.0
SPIN_S = 0.02


class Counterpart:
    """Talks to the node under test; waiting for something spins both."""

    def __init__(self, executor: SingleThreadedExecutor, name: str) -> None:
        self.executor, self.node = executor, rclpy.create_node(name)
        executor.add_node(self.node)

    def wait(self, condition: Callable[[], object], deadline_s: float = DEADLINE_S) -> None:
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, "it did not happen in time"
            self.executor.spin_once(SPIN_S)

    def settle(self, duration_s: float = 0.3) -> None:
        end = time.monotonic() + duration_s
        while time.monotonic() < end:
            self.executor.spin_once(SPIN_S)


class Stage:
    """Nodes of one executor."""

    def __init__(self) -> None:
        self.executor = SingleThreadedExecutor()
        self._nodes: list[Any] = []

    def add(self, node: Any, **parameters: Any) -> Any:
        """Have the node spun, with these parameters."""
        self._nodes.append(node)
        if node.executor is None:
            self.executor.add_node(node)
        node.set_parameters([Parameter(name, value=value) for name, value in parameters.items()])
        return node

    def activate(self, node: Any) -> None:
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        for node in self._nodes:
            getattr(node, "close", lambda: None)()
            self.executor.remove_node(node)
            destroy_node(node)
        self.executor.shutdown()


@contextmanager
def stage() -> Iterator[Stage]:
    """ROS for one test."""
    rclpy.init()
    one = Stage()
    yield one
    one.close()
    rclpy.try_shutdown()
