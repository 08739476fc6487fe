# SPDX-License-Identifier: Apache-2.0
"""The action `chat`: the model for other nodes. Text streams as feedback; a cancel ends the request at the endpoint."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.task import Future

from voice_agent_ros.action import Chat
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.llm.chat_goals import calls_json, chat_request
from voice_agent_ros.llm.client import Asking, ChatRequest, Event, Failed, Finished, TextDelta, ThinkingDelta
from voice_agent_ros.llm.picture_sources import pictures_in, with_pictures
from voice_agent_ros.nodes.pictures import PictureRules, Pictures, Run

Ask = Callable[[ChatRequest, Callable[[Event], None]], Asking]
MAX_CONTENT_CHARACTERS = 100_000


@dataclass
class _Running:
    """One goal under way."""

    over: Future
    deadline: float
    chat: Asking | None = None
    picture: Future | None = None  # that is waited for
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
        self._pictures = Pictures(node, wake)
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

    def open(self, ask: Ask, limit: int, timeout_s: float, rules: PictureRules, run: Run) -> None:
        """Take goals from now on, so many at a time.

        Args:
            rules: where pictures may come from.
            run: fetches one beside the node's executor.
        """
        self._ask, self._limit, self._timeout_s = ask, limit, timeout_s
        self._pictures.rules, self._pictures.run = rules, run

    def close(self) -> None:
        """Take no more, and give up those under way."""
        self._ask = self._pictures.run = None
        for running in list(self._running.values()):
            self._end(running, None)

    def tick(self) -> None:
        """Deadlines."""
        self._pictures.tick()
        now = time.monotonic()
        for running in list(self._running.values()):
            if now > running.deadline and not running.over.done():
                self._end(running, Failed("too_slow", "The goal's time is up."))

    def deliver(self) -> None:
        """Pass on what has come from the model, in the node's executor."""
        self._pictures.deliver()
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
        if running.picture is not None:
            self._pictures.give_up(running.picture)

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
            running = self._running[key] = _Running(Future(executor=self._node.executor), began + timeout_s)
            request = await self._with_pictures(request, running)
        except VoiceAgentError as error:
            if (ended := self._running.get(key)) is not None and ended.over.done():
                return self._result(handle, ended, ended.over.result(), time.monotonic() - began)
            handle.abort()
            return Chat.Result(problem=Chat.Result.PROBLEM_BAD_REQUEST, message=str(error))
        if ask is None or handle.is_cancel_requested:
            self._end(running, None)
        elif not running.over.done():
            running.chat = ask(request, partial(self._on_event, handle, running))
        event = await running.over
        return self._result(handle, running, event, time.monotonic() - began)

    async def _with_pictures(self, request: ChatRequest, running: _Running) -> ChatRequest:
        """The request with the pictures that its messages only name.

        Raises:
            ImageError: one of them cannot be had.
        """

        def wait(future: Future) -> None:
            running.picture = future

        places = pictures_in(request.messages)
        if not places:
            return request
        found = await self._pictures.of(places, wait)
        return replace(request, messages=with_pictures(request.messages, found))

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
