# SPDX-License-Identifier: Apache-2.0
"""The dialogue's side of the action `execute_intent`: each goal is sent once, and its news come back as events."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future

from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.intent.dialogue_ports import GoalEvent
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.intent.turn import Engine, Heard
from voice_agent_ros.msg import Intent
from voice_agent_ros.nodes.conversions import seconds
from voice_agent_ros.nodes.dialogue_messages import call_messages

Listener = Callable[[str, GoalEvent], None]


class IntentClient:
    """Sends intents to the bridge.

    Args:
        listener: takes each event with the key of its goal, in the node's executor.
    """

    def __init__(self, node: Node, listener: Listener) -> None:
        self._node, self._listener = node, listener
        self._client = ActionClient(node, ExecuteIntent, "execute_intent")

    def is_ready(self) -> bool:
        """Whether the bridge is there."""
        return bool(self._client.server_is_ready())

    def send(self, key: str, heard: Heard, engine: Engine, calls: tuple[SkillCall, ...]) -> None:
        """Send a goal. It is not sent again, whatever happens; the bridge knows a key once only."""
        if not self.is_ready():
            # After the caller's own bookkeeping.
            assert self._node.executor is not None
            self._node.executor.create_task(self._listener, key, GoalEvent("unavailable", self._now()))
            return
        intent = Intent(
            session_id=heard.session_id, turn_id=heard.turn_id, engine=engine, calls=call_messages(calls)
        )
        intent.header.stamp = self._node.get_clock().now().to_msg()
        goal = ExecuteIntent.Goal(intent=intent, idempotency_key=key)
        sending = self._client.send_goal_async(goal, feedback_callback=partial(self._on_feedback, key))
        sending.add_done_callback(partial(self._on_goal_response, key))

    def _on_goal_response(self, key: str, future: Future) -> None:
        if future.exception() is not None or not future.result().accepted:
            self._listener(key, GoalEvent("rejected", self._now()))
            return
        future.result().get_result_async().add_done_callback(partial(self._on_result, key))

    def _on_feedback(self, key: str, message: Any) -> None:
        feedback = message.feedback
        at = seconds(feedback.stamp) or self._now()
        self._listener(key, GoalEvent(feedback.phase, at, feedback.message, feedback.nonce))

    def _on_result(self, key: str, future: Future) -> None:
        if future.exception() is not None:
            self._listener(key, GoalEvent("lost", self._now()))
            return
        result = future.result().result
        event = GoalEvent("result", self._now(), result.message, outcome=result.outcome, rule=result.rule)
        self._listener(key, event)

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9
