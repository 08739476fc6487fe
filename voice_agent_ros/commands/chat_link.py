# SPDX-License-Identifier: Apache-2.0
"""The connection of `voice-agent chat` and `view` with a running agent: what happens there, as events; what the person wants, as messages."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from std_srvs.srv import Trigger

from voice_agent_ros.commands.console_session import new_session
from voice_agent_ros.msg import (
    AgentState,
    BridgeState,
    Prompt,
    ReplyChunk,
    StopRequest,
    Transcript,
    TurnReport,
)
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.dialogue_messages import is_typed
from voice_agent_ros.nodes.thoughts import TOPIC
from voice_agent_ros.srv import Confirm
from voice_agent_ros.telemetry.chat_events import (
    THOUGHT,
    Event,
    Question,
    Reply,
    Said,
    Speaker,
    Status,
    TurnEnded,
)
from voice_agent_ros.telemetry.turns import turn_of

KEPT_QUESTIONS = 8
WATCH_PERIOD_S = 1.0
FIX = "See: voice-agent doctor --area agent"
SILENT_S = 3.0  # the bridge's heartbeat comes four times a second, whatever else it does


class ChatLink:
    """Implements `telemetry.chat_events.Link`.

    Args:
        node: somebody else spins it.
        thoughts: be told what the model thinks, too.

    Attributes:
        session_id: of what is said here.
        tell: gets the events, from the thread that spins the node.
    """

    def __init__(self, node: Any, *, thoughts: bool = False) -> None:
        self._node = node
        self.session_id = new_session()
        self.tell: Callable[[Event], None] = lambda _: None
        self._agent, self._latch = "", ""
        self._status = Status("", "")
        self._beat_at: float | None = None
        self._question = Question()
        self._questions: dict[str, str] = {}  # by nonce: words and bridge tell of it in any order
        self._prompt = node.create_publisher(Prompt, "prompt", qos.EVENTS)
        self._stop = node.create_publisher(StopRequest, "stop", qos.EVENTS)
        self._guard = node.create_client(Trigger, "stop_guard_node/stop")
        self._resume = node.create_client(Trigger, "intent_bridge_node/resume")
        self._confirm = node.create_client(Confirm, "intent_bridge_node/confirm")
        for kind, topic, callback, profile in (
            (Transcript, "speech/transcript", self._on_transcript, qos.EVENTS),
            (ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS),
            (TurnReport, "turns", self._on_turn, qos.EVENTS),
            (AgentState, "state", self._on_agent, qos.STATE),
            (BridgeState, "bridge/state", self._on_bridge, qos.EVENTS),
        ):
            node.create_subscription(kind, topic, callback, profile)
        node.create_timer(WATCH_PERIOD_S, self._tell_status)
        if thoughts:
            node.create_subscription(ReplyChunk, TOPIC, self._on_thought, qos.EVENTS)

    def say(self, text: str) -> bool:
        """Send a sentence; False: nobody listens."""
        if not self._prompt.get_subscription_count():
            return False
        self._prompt.publish(Prompt(session_id=self.session_id, text=text))
        return True

    def stop(self) -> bool:
        """Stop everything, by topic and by the guard's service; False: nobody listens."""
        listeners = self._stop.get_subscription_count()
        request = StopRequest(source="chat", scope=StopRequest.SCOPE_ALL)
        request.header.stamp = self._node.get_clock().now().to_msg()
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

    def answer(self, nonce: str, *, accept: bool) -> bool:
        """Answer the question with this nonce; False: there is no bridge."""
        if not self._confirm.service_is_ready():
            return False
        self._confirm.call_async(Confirm.Request(nonce=nonce, accept=accept))
        return True

    def _on_transcript(self, message: Transcript) -> None:
        if message.session_id == self.session_id:
            by: Speaker = "you"
        else:
            by = "other" if is_typed(message) else "voice"
        self.tell(Said(message.turn_id, message.text, is_final=message.is_final, by=by))

    def _on_reply(self, message: ReplyChunk) -> None:
        if message.kind != ReplyChunk.KIND_EARCON:
            self.tell(Reply(message.reply_id, message.text, message.kind, is_last=message.is_last))
        if message.kind == ReplyChunk.KIND_QUESTION:
            before = self._questions.pop(message.reply_id, "")
            self._questions[message.reply_id] = before + message.text
            for old in list(self._questions)[:-KEPT_QUESTIONS]:
                del self._questions[old]
            self._ask(self._question.nonce)

    def _ask(self, nonce: str) -> None:
        question = Question(nonce, self._questions.get(nonce, "")) if nonce else Question()
        if question != self._question:
            self._question = question
            self.tell(question)

    def _on_thought(self, message: ReplyChunk) -> None:
        self.tell(Reply(message.reply_id, message.text, THOUGHT, is_last=message.is_last))

    def _on_turn(self, message: TurnReport) -> None:
        self.tell(TurnEnded(turn_of(message)))

    def _on_agent(self, message: AgentState) -> None:
        self._agent = f"{message.state}: {message.message}".rstrip(": ")
        self._tell_status()

    def _on_bridge(self, message: BridgeState) -> None:
        self._latch = message.latch_reason or "stopped" if message.is_latched else ""
        self._beat_at = time.monotonic()
        self._tell_status()
        self._ask(message.pending_nonce)

    def _tell_status(self) -> None:
        """What is known, as long as whoever said it is still there: a word of somebody who is gone stays."""
        agent, latch = self._agent, self._latch
        if self._beat_at is not None and time.monotonic() - self._beat_at > SILENT_S:
            agent, latch = f"{agent or 'no supervisor'}; intent_bridge_node is silent. {FIX}", ""
        elif agent and not self._node.count_publishers("state"):
            agent = f"supervisor_node is gone. {FIX}"
        if Status(agent, latch) != self._status:
            self._status = Status(agent, latch)
            self.tell(self._status)
