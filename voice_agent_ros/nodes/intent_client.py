# SPDX-License-Identifier: Apache-2.0
"""The dialogue's side of the action `execute_intent`: each goal is sent once, and its news come back as events.

A bridge that is not to be seen for a moment is waited for, but no words are sent after newer ones, or after a stop.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
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
WAIT_S = 1.0  # for a bridge that is not to be seen
LOST_S = 5.0  # so long out of sight: nobody knows how what it was doing ends


@dataclass(frozen=True)
class _Waiting:
    """A goal that could not be sent yet."""

    until: float
    key: str
    heard: Heard
    engine: Engine
    calls: tuple[SkillCall, ...]


class IntentClient:
    """Sends intents to the bridge.

    Args:
        listener: takes each event with the key of its goal, in the node's executor.
        clock: monotonic time, s.
    """

    def __init__(self, node: Node, listener: Listener, clock: Callable[[], float] = time.monotonic) -> None:
        self._node, self._listener, self._clock = node, listener, clock
        self._waiting: _Waiting | None = None  # at most one: the newest
        self._under_way: dict[str, None] = {}
        self._seen_at = clock()
        self._client = ActionClient(node, ExecuteIntent, "execute_intent")

    def is_ready(self) -> bool:
        """Whether the bridge is there."""
        return bool(self._client.server_is_ready())

    def send(self, key: str, heard: Heard, engine: Engine, calls: tuple[SkillCall, ...]) -> None:
        """Send a goal. It is not sent again, whatever happens; the bridge knows a key once only."""
        self.give_up()
        waiting = _Waiting(self._clock() + WAIT_S, key, heard, engine, calls)
        if self.is_ready():
            self._send(waiting)
        else:
            self._waiting = waiting

    def give_up(self, except_for: str = "", outcome: str = "refused", rule: str = "interrupted") -> None:
        """What still waits is not wanted any more: somebody speaks, in another turn than this, or has said stop."""
        waiting = self._waiting
        if waiting is None or waiting.heard.turn_id == except_for:
            return
        if any(call.skill == "stop" for call in waiting.calls):
            return  # that is always wanted
        self._waiting = None
        # After the caller's own bookkeeping.
        event = GoalEvent("result", self._now(), outcome=outcome, rule=rule)
        if (executor := self._node.executor) is not None:
            executor.create_task(self._listener, waiting.key, event)

    def tick(self) -> None:
        """To be called some ten times a second: sends what waits, or says that nobody is there."""
        waiting, now = self._waiting, self._clock()
        if self.is_ready():
            self._seen_at, self._waiting = now, None
            if waiting is not None:
                self._send(waiting)
            return
        if waiting is not None and now >= waiting.until:
            self._waiting = None
            self._listener(waiting.key, GoalEvent("unavailable", self._now()))
        if now - self._seen_at >= LOST_S:
            for key in list(self._under_way):
                self._tell(key, GoalEvent("lost", self._now()))

    def _send(self, waiting: _Waiting) -> None:
        key, heard, engine, calls = waiting.key, waiting.heard, waiting.engine, waiting.calls
        self._under_way[key] = None
        intent = Intent(
            session_id=heard.session_id, turn_id=heard.turn_id, engine=engine, calls=call_messages(calls)
        )
        intent.header.stamp = self._node.get_clock().now().to_msg()
        goal = ExecuteIntent.Goal(intent=intent, idempotency_key=key)
        sending = self._client.send_goal_async(goal, feedback_callback=partial(self._on_feedback, key))
        sending.add_done_callback(partial(self._on_goal_response, key))

    def _on_goal_response(self, key: str, future: Future) -> None:
        if future.exception() is not None or not future.result().accepted:
            self._tell(key, GoalEvent("rejected", self._now()))
            return
        future.result().get_result_async().add_done_callback(partial(self._on_result, key))

    def _on_feedback(self, key: str, message: Any) -> None:
        feedback = message.feedback
        at = seconds(feedback.stamp) or self._now()
        self._listener(key, GoalEvent(feedback.phase, at, feedback.message, feedback.nonce))

    def _on_result(self, key: str, future: Future) -> None:
        if future.exception() is not None:
            self._tell(key, GoalEvent("lost", self._now()))
            return
        result = future.result().result
        event = GoalEvent("result", self._now(), result.message, outcome=result.outcome, rule=result.rule)
        self._tell(key, event)

    def _tell(self, key: str, event: GoalEvent) -> None:
        """The last news of a goal."""
        self._under_way.pop(key, None)
        self._listener(key, event)

    def _now(self) -> float:
        return float(self._node.get_clock().now().nanoseconds) * 1e-9
