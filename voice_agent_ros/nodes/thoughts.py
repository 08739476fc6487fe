# SPDX-License-Identifier: Apache-2.0
"""What the model thinks, on a topic of its own for whoever wishes to read it; nothing that speaks listens there."""

from __future__ import annotations

from rclpy.node import Node

from voice_agent_ros.llm.client import Event, ThinkingDelta
from voice_agent_ros.msg import ReplyChunk
from voice_agent_ros.nodes import qos

TOPIC = "thoughts"


class ThoughtPublisher:
    """Publishes thoughts piece by piece as long as somebody reads them."""

    def __init__(self, node: Node) -> None:
        self._publisher = node.create_publisher(ReplyChunk, TOPIC, qos.EVENTS)
        self._chat_id, self._index = "", 0

    def take(self, chat_id: str, event: Event) -> None:
        """News of a request to the model; its first event that is no thought ends the thoughts."""
        if isinstance(event, ThinkingDelta):
            if not self._publisher.get_subscription_count():
                return
            if chat_id != self._chat_id:
                self._end()
                self._chat_id, self._index = chat_id, 0
            self._publish(event.text, is_last=False)
            self._index += 1
        elif chat_id == self._chat_id:
            self._end()

    def _end(self) -> None:
        if self._chat_id:
            self._publish("", is_last=True)
            self._chat_id = ""

    def _publish(self, text: str, *, is_last: bool) -> None:
        self._publisher.publish(
            ReplyChunk(
                turn_id=self._chat_id.partition("#")[0],
                reply_id=f"{self._chat_id}-thoughts",
                index=self._index,
                text=text,
                kind=ReplyChunk.KIND_TEXT,
                is_last=is_last,
            )
        )
