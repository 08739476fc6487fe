# SPDX-License-Identifier: Apache-2.0
"""The action `chat`: the model for other nodes. Text streams as feedback; a cancel ends the request at the endpoint."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.task import Future

from voice_agent_ros.action import Chat
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.llm.chat_goals import calls_json, chat_request
from voice_agent_ros.llm.client import Asking, ChatRequest, Event, Failed, Finished, TextDelta, ThinkingDelta

Ask = Callable[[ChatRequest, Callable[[Event], None]], Asking]
MAX_CONTENT_CHARACTERS = 100_000


@dataclass
class _Running:
    """One goal under way."""

    over: Future
    deadline: float
    chat: Asking | None = None
    content: str = ""
    reasoning: str = ""
    news: deque[Event] = field(default_factory=deque)


class ChatServer:
    """Serves goals as long as there is somebody to ask.

    Args:
        wake: lets `deliver` be called soon in the node's executor; may be called from any thread.
    """

    def __init__(self, node: Node, wake: Callable[[], None]) -> None:
        self._node, self._wake = node, wake
        self._ask: Ask | None = None
        self._limit = 0
        self._timeout_s = 0.0
        self._running: dict[bytes, _Running] = {}
        self._accepted = 0
        self._server = ActionServer(
            node,
            Chat,
            "chat",
            execute_callback=self._execute,
            goal_callback=self._judge,
            cancel_callback=self._cancel,
        )

    def open(self, ask: Ask, limit: int, timeout_s: float) -> None:
        """Take goals from now on, so many at a time."""
        self._ask, self._limit, self._timeout_s = ask, limit, timeout_s

    def close(self) -> None:
        """Take no more, and give up those under way."""
        self._ask = None
        for running in list(self._running.values()):
            self._end(running, None)

    def tick(self) -> None:
        """Deadlines."""
        now = time.monotonic()
        for running in list(self._running.values()):
            if now > running.deadline and not running.over.done():
                self._end(running, Failed("too_slow", "The goal's time is up."))

    def deliver(self) -> None:
        """Pass on what has come from the model, in the node's executor."""
        for running in list(self._running.values()):
            while running.news:
                event = running.news.popleft()
                if isinstance(event, (Finished, Failed)):
                    self._end(running, event)

    def _judge(self, goal: Any) -> GoalResponse:  # noqa: ARG002
        """A limit on how many: a server on the robot answers one at a time, and the person comes first."""
        if self._ask is None or self._accepted >= self._limit:
            return GoalResponse.REJECT
        self._accepted += 1
        return GoalResponse.ACCEPT

    def _cancel(self, handle: Any) -> CancelResponse:
        running = self._running.get(bytes(handle.goal_id.uuid))
        if running is not None:
            self._end(running, None)
        return CancelResponse.ACCEPT

    def _end(self, running: _Running, event: Event | None) -> None:
        """None: given up."""
        if running.chat is not None:
            running.chat.abort()
        if not running.over.done():
            running.over.set_result(event)

    async def _execute(self, handle: Any) -> Any:
        key = bytes(handle.goal_id.uuid)
        began = time.monotonic()
        try:
            return await self._carry_out(handle, key, began)
        finally:
            self._running.pop(key, None)
            self._accepted -= 1

    async def _carry_out(self, handle: Any, key: bytes, began: float) -> Any:
        goal = handle.request
        ask = self._ask
        timeout_s = min(goal.timeout_s, self._timeout_s) if goal.timeout_s > 0.0 else self._timeout_s
        try:
            pictures = [bytes(image.data) for image in goal.images]
            request = chat_request(goal.messages_json, goal.tools_json, goal.max_tokens, pictures, timeout_s)
        except VoiceAgentError as error:
            handle.abort()
            return Chat.Result(problem=Chat.Result.PROBLEM_BAD_REQUEST, message=str(error))
        running = self._running[key] = _Running(Future(executor=self._node.executor), began + timeout_s)
        if ask is None or handle.is_cancel_requested:
            self._end(running, None)
        else:
            running.chat = ask(request, partial(self._on_event, handle, running))
        event = await running.over
        return self._result(handle, running, event, time.monotonic() - began)

    def _on_event(self, handle: Any, running: _Running, event: Event) -> None:
        """In the client's thread. Feedback is published here; everything else waits for the executor."""
        if running.over.done():
            return
        if isinstance(event, TextDelta):
            running.content = (running.content + event.text)[:MAX_CONTENT_CHARACTERS]
            handle.publish_feedback(Chat.Feedback(content=event.text))
            return
        if isinstance(event, ThinkingDelta):
            running.reasoning = (running.reasoning + event.text)[:MAX_CONTENT_CHARACTERS]
            handle.publish_feedback(Chat.Feedback(reasoning=event.text))
            return
        running.news.append(event)
        self._wake()

    def _result(self, handle: Any, running: _Running, event: Event | None, total_s: float) -> Any:
        result = Chat.Result(content=running.content, reasoning=running.reasoning, total_s=total_s)
        if isinstance(event, Finished):
            result.tool_calls_json = calls_json(event.calls)
            result.first_token_s, result.finish_reason = event.first_token_s, event.reason
            if event.usage is not None:
                result.prompt_tokens = event.usage.prompt_tokens
                result.completion_tokens = event.usage.completion_tokens
            handle.succeed()
        elif isinstance(event, Failed):
            result.problem, result.message = event.problem, event.message
            handle.abort()
        else:
            result.problem, result.message = Chat.Result.PROBLEM_CANCELED, "Given up on request."
            if handle.is_cancel_requested:
                handle.canceled()
            else:
                handle.abort()
        return result
