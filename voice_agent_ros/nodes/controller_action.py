# SPDX-License-Identifier: Apache-2.0
"""An action whose goals are carried out by a simulated controller, on another thread than the executor's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.lifecycle import LifecycleNode
from rclpy.task import Future

FEEDBACK_PERIOD_S = 0.05  # the controllers' default action_monitor_rate


class Controller(Protocol):
    """What an action asks of its controller; called on the executor's thread."""

    def rejection(self, request: Any) -> str:
        """Why a goal cannot be accepted, or ""."""

    def start(self, request: Any, on_done: Callable[[Any], None]) -> None:
        """Carry a goal out; one that runs is replaced. on_done gets the outcome, once, on any thread."""

    def cancel(self) -> None:
        """Give up the goal that runs, if one does: its on_done is called."""

    def feedback(self) -> Any:
        """A feedback message, or None if there is nothing to tell."""

    def result(self, outcome: Any) -> tuple[bool, Any]:
        """Whether this outcome is a success, and its result message."""


class ControllerAction:
    """The action server of one controller, which follows one goal at a time: the newest.

    Motion starts and a cancel takes effect within the callback that brings it: neither waits for a task.
    """

    def __init__(self, node: LifecycleNode, action_type: Any, name: str, controller: Controller) -> None:
        self._node = node
        self._name = name
        self._controller = controller
        self._current: ServerGoalHandle | None = None
        self._server = ActionServer(
            node,
            action_type,
            name,
            execute_callback=_not_by_itself,
            goal_callback=self._judge,
            handle_accepted_callback=self._accepted,
            cancel_callback=self._cancel,
        )
        self._feedback = node.create_timer(FEEDBACK_PERIOD_S, self._publish_feedback)
        self._feedback.cancel()  # an idle controller has nothing to tell

    def _judge(self, request: Any) -> GoalResponse:
        reason = self._controller.rejection(request)
        if reason:
            self._node.get_logger().warning(f"Goal of {self._name} rejected: {reason}")
        return GoalResponse.REJECT if reason else GoalResponse.ACCEPT

    def _accepted(self, handle: ServerGoalHandle) -> None:
        future = Future(executor=self._node.executor)
        self._controller.start(handle.request, future.set_result)
        self._current = handle
        self._feedback.reset()
        handle.execute(partial(self._await_outcome, future))

    async def _await_outcome(self, future: Future, handle: ServerGoalHandle) -> Any:
        is_success, result = self._controller.result(await future)
        if self._current is handle:
            self._current = None
            self._feedback.cancel()
        if is_success:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return result

    def _cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        # A goal that was replaced a moment ago is over already: what runs now is not its motion.
        if self._current is handle:
            self._controller.cancel()
        return CancelResponse.ACCEPT

    def _publish_feedback(self) -> None:
        if self._current is not None and self._current.is_active:
            feedback = self._controller.feedback()
            if feedback is not None:
                self._current.publish_feedback(feedback)


def _not_by_itself(handle: ServerGoalHandle) -> Any:
    """Never called: each goal is executed with a callback that knows its future."""
    raise NotImplementedError(handle.goal_id)
