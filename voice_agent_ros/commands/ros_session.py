# SPDX-License-Identifier: Apache-2.0
"""A short visit to the ROS graph, for the verbs that talk to a running agent."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from voice_agent_ros.errors import VoiceAgentError

SPIN_S = 0.05
POLL_S, JOIN_S = 0.2, 5.0
DISCOVERY_S = 5.0
STATE_S = 1.0  # more, for what is kept for whoever comes late


class RosMissingError(VoiceAgentError):
    """The ROS Python packages, or our interfaces, cannot be imported."""


class NoAnswerError(VoiceAgentError):
    """The part of the agent that should answer does not."""


def add_session_arguments(parser: argparse.ArgumentParser, timeout_s: float) -> None:
    """Arguments that all these verbs share."""
    parser.add_argument("--namespace", default="", help="namespace of the robot")
    parser.add_argument(
        "--timeout",
        type=float,
        default=timeout_s,
        metavar="S",
        help="give up after so long; default: %(default)s",
    )


class RosSession:
    """A node of our own, spun only while we wait for something."""

    def __init__(self, node: Any, executor: Any) -> None:
        self.node = node
        self._executor = executor
        self._states: list[Any] | None = None

    def wait(self, condition: Callable[[], object], timeout_s: float) -> bool:
        """Spin until the condition holds; False if the time is over first."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() >= deadline:
                return False
            self._executor.spin_once(timeout_sec=SPIN_S)
        return True

    @contextmanager
    def spinning(self) -> Iterator[None]:
        """Spin in a thread of its own until the end of the block."""
        ended = threading.Event()

        def spin() -> None:
            while not ended.is_set():
                self.wait(ended.is_set, POLL_S)

        thread = threading.Thread(target=spin, name="session", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(JOIN_S)

    def require(self, condition: Callable[[], object], timeout_s: float, missing: str) -> None:
        """Like `wait`, but the time must not be over first.

        Raises:
            NoAnswerError: it was; `missing` says who did not answer.
        """
        told = self._supervisors_words()
        if not self.wait(condition, timeout_s):
            raise NoAnswerError(f"{missing} within {timeout_s:.0f} s.", self._why(told))

    def _supervisors_words(self) -> list[Any]:
        """What it says of the agent from now on, and what it said last."""
        from voice_agent_ros.msg import AgentState
        from voice_agent_ros.nodes import qos

        if self._states is None:
            self._states = []
            self.node.create_subscription(AgentState, "state", self._states.append, qos.STATE)
        return self._states

    def _why(self, told: list[Any]) -> str:
        """What may be the reason that nobody answers."""
        if not self.wait(lambda: told, STATE_S):
            return "Is the agent running, with the same ROS_DOMAIN_ID and namespace? See: ros2 node list"
        why = f"{told[-1].state}: {told[-1].message}".rstrip(": .")
        return f"The agent is {why}. See: voice-agent doctor --area agent"


@contextmanager
def ros_session(namespace: str) -> Iterator[RosSession]:
    """Enter the graph; leaves it in any case.

    Raises:
        RosMissingError: there is no ROS in this Python.
    """
    try:
        import rclpy
        from rclpy.executors import SingleThreadedExecutor
        from rclpy.signals import SignalHandlerOptions

        import voice_agent_ros.msg  # noqa: F401  without our interfaces nothing below works
    except ImportError as error:
        raise RosMissingError(
            f"This needs ROS 2 and the built package ({error}).",
            "Source your workspace, or run .ros/bin/voice-agent.",
        ) from error
    # SIGINT stays Python's own: KeyboardInterrupt ends the wait, and the goal can still be cancelled.
    try:
        rclpy.init(args=None, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # RCLError, which has no name to be imported on Humble
        told = str(error).partition(", at /")[0]
        raise RosMissingError(f"ROS cannot start: {told}.", "See: voice-agent doctor --area ros") from error
    node = None
    executor = None
    try:
        node = rclpy.create_node(
            "voice_agent_cli", namespace=namespace or None, start_parameter_services=False
        )
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        yield RosSession(node, executor)
    finally:
        if executor is not None:
            executor.shutdown()
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
