# SPDX-License-Identifier: Apache-2.0
"""The action say: texts that wait for their turn in the speech queue, and what was heard of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node

from voice_agent_ros.action import Say
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.msg import ReplyChunk
from voice_agent_ros.tts.delivery import Delivery, read_plan
from voice_agent_ros.tts.reply import PRIORITIES, Piece
from voice_agent_ros.tts.speech_steps import Ended


class SayServer:
    """Serves say on a node.

    Args:
        refusal: why nothing can be said now, for a voice ("": the default one); empty: it can.
        max_goals: that may wait.
        speak: takes the pieces of a text.
        can_voice: whether there is a voice for a language.
        withdraw: drops a reply.
    """

    def __init__(
        self,
        node: Node,
        *,
        refusal: Callable[[str], str],
        max_goals: Callable[[], int],
        speak: Callable[[Sequence[Piece]], None],
        can_voice: Callable[[str], bool],
        withdraw: Callable[[str], None],
    ) -> None:
        self._node = node
        self._refusal, self._max_goals, self._speak = refusal, max_goals, speak
        self._can_voice, self._withdraw = can_voice, withdraw
        self._goals: dict[str, ServerGoalHandle] = {}
        self._results: dict[str, Ended] = {}
        self._server = ActionServer(
            node,
            Say,
            "say",
            execute_callback=self._finish,
            goal_callback=self._judge,
            handle_accepted_callback=self._begin,
            cancel_callback=self._cancel,
        )

    def tell(self, reply_id: str, spoken_text: Callable[[], str]) -> None:
        """A reply has got on: its client hears how far."""
        goal = self._goals.get(reply_id)
        if goal is not None:
            goal.publish_feedback(Say.Feedback(spoken_text=spoken_text()))

    def end(self, ended: Ended) -> None:
        """A reply is over."""
        goal = self._goals.pop(ended.reply_id, None)
        if goal is not None:
            self._results[goal_key(goal)] = ended
            goal.execute()

    def _judge(self, request: Any) -> GoalResponse:
        reason = self._refusal(request.voice)
        if not reason and request.kind and request.kind not in PRIORITIES:
            reason = f"{request.kind!r} is no kind of reply"
        elif not reason and len(self._goals) >= self._max_goals():
            reason = "too many texts wait to be spoken"
        if not reason and request.speech_plan:
            try:
                read_plan(request.speech_plan)
            except ConfigurationError as error:
                reason = str(error)
        if not reason:
            return GoalResponse.ACCEPT
        self._node.get_logger().warning(f"say rejected: {reason}.")
        return GoalResponse.REJECT

    def _begin(self, goal: ServerGoalHandle) -> None:
        reply_id = f"say-{goal_key(goal)}"
        self._goals[reply_id] = goal
        request = goal.request
        said = [(request.text, Delivery(voice=request.voice))]
        if request.speech_plan:
            said = [
                # A sentence that brings no white space would run into the next one.
                (f"{text.rstrip()} ", delivery.model_copy(update={"voice": delivery.voice or request.voice}))
                for text, delivery in read_plan(request.speech_plan)
            ]
        self._speak(
            [
                Piece(
                    reply_id=reply_id,
                    index=index,
                    text=text,
                    is_last=index == len(said) - 1,
                    kind=request.kind or ReplyChunk.KIND_NOTICE,
                    turn_id=reply_id,
                    is_voiced=self._can_voice(request.language),
                    delivery=delivery,
                )
                for index, (text, delivery) in enumerate(said)
            ]
        )

    def _cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        self._withdraw(f"say-{goal_key(goal)}")
        return CancelResponse.ACCEPT

    def _finish(self, goal: ServerGoalHandle) -> Any:
        ended = self._results.pop(goal_key(goal))
        if goal.is_cancel_requested:
            goal.canceled()
        elif ended.problem and not ended.spoken_text:
            goal.abort()
        else:
            goal.succeed()
        return Say.Result(spoken_text=ended.spoken_text, interrupted=ended.is_interrupted)


def goal_key(goal: ServerGoalHandle) -> str:
    """The goal's id as text."""
    return str(uuid.UUID(bytes=bytes(goal.goal_id.uuid)))
