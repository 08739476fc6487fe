# SPDX-License-Identifier: Apache-2.0
"""The connection of `voice-agent chat` with a running agent: what happens there, as events; what the person wants, as messages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from std_msgs.msg import String
from std_srvs.srv import Trigger

from voice_agent_ros.msg import AgentState, BridgeState, ReplyChunk, StopRequest, Transcript, TurnReport
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.thoughts import TOPIC
from voice_agent_ros.telemetry.chat_events import THOUGHT, Event, Reply, Said, Status, TurnEnded
from voice_agent_ros.telemetry.turns import turn_of

JOIN_S = 5.0
POLL_S = 0.2


class ChatLink:
    """Implements `telemetry.chat_events.Link`.

    Args:
        session: its node is spun in a thread of its own while `listening`.
        thoughts: be told what the model thinks, too.
    """

    def __init__(self, session: Any, *, thoughts: bool = False) -> None:
        self._session = session
        self._tell: Callable[[Event], None] = lambda _: None
        self._agent, self._latch = "", ""
        node = session.node
        self._prompt = node.create_publisher(String, "prompt_text", qos.EVENTS)
        self._stop = node.create_publisher(StopRequest, "stop", qos.EVENTS)
        self._guard = node.create_client(Trigger, "stop_guard_node/stop")
        self._resume = node.create_client(Trigger, "intent_bridge_node/resume")
        for kind, topic, callback, profile in (
            (Transcript, "speech/transcript", self._on_transcript, qos.EVENTS),
            (ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS),
            (TurnReport, "turns", self._on_turn, qos.EVENTS),
            (AgentState, "state", self._on_agent, qos.STATE),
            (BridgeState, "bridge/state", self._on_bridge, qos.EVENTS),
        ):
            node.create_subscription(kind, topic, callback, profile)
        if thoughts:
            node.create_subscription(ReplyChunk, TOPIC, self._on_thought, qos.EVENTS)

    @contextmanager
    def listening(self, tell: Callable[[Event], None]) -> Iterator[None]:
        """Hand events over, from another thread, until the end of the block."""
        self._tell = tell
        ended = threading.Event()

        def spin() -> None:
            while not ended.is_set():
                self._session.wait(ended.is_set, POLL_S)

        thread = threading.Thread(target=spin, name="chat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(JOIN_S)

    def say(self, text: str) -> bool:
        """Send a sentence; False: nobody listens."""
        if not self._prompt.get_subscription_count():
            return False
        self._prompt.publish(String(data=text))
        return True

    def stop(self) -> bool:
        """Stop everything, by topic and by the guard's service; False: nobody listens."""
        listeners = self._stop.get_subscription_count()
        request = StopRequest(source="chat", scope=StopRequest.SCOPE_ALL)
        request.header.stamp = self._session.node.get_clock().now().to_msg()
        self._stop.publish(request)
        if self._guard.service_is_ready():
            self._guard.call_async(Trigger.Request())
            return True
        return bool(listeners)

    def resume(self) -> bool:
        """Release the motion latch; False: there is no bridge."""
        if not self._resume.service_is_ready():
            return False
        self._resume.call_async(Trigger.Request())
        return True

    def _on_transcript(self, message: Transcript) -> None:
        self._tell(Said(message.turn_id, message.text, is_final=message.is_final))

    def _on_reply(self, message: ReplyChunk) -> None:
        if message.kind != ReplyChunk.KIND_EARCON:
            self._tell(Reply(message.reply_id, message.text, message.kind, is_last=message.is_last))

    def _on_thought(self, message: ReplyChunk) -> None:
        self._tell(Reply(message.reply_id, message.text, THOUGHT, is_last=message.is_last))

    def _on_turn(self, message: TurnReport) -> None:
        self._tell(TurnEnded(turn_of(message)))

    def _on_agent(self, message: AgentState) -> None:
        self._agent = f"{message.state} {message.message}".strip()
        self._tell(Status(self._agent, self._latch))

    def _on_bridge(self, message: BridgeState) -> None:
        latch = message.latch_reason or "stopped" if message.is_latched else ""
        if latch != self._latch:
            self._latch = latch
            self._tell(Status(self._agent, latch))
