# SPDX-License-Identifier: Apache-2.0
"""Lets a person interrupt the robot's speech: hears voices and words, pauses, resumes and stops the loudspeaker."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from voice_agent_ros.audio.barge_in import BARGE_IN, Action, BargeIn
from voice_agent_ros.audio.playback import PlaybackQueue
from voice_agent_ros.msg import ReplyChunk, StopRequest, Transcript, VoiceActivity
from voice_agent_ros.nodes import qos

SAID_REPLIES, MAX_SAID = 3, 2000  # replies and characters of each that an echo is looked for in


class Interruption:
    """Acts for the node that owns the loudspeaker.

    Args:
        playback: the loudspeaker's queue; None while it is closed.
        is_wanted: whether speech may be interrupted now.
        stop: ends all speech here, before others hear of it.
    """

    def __init__(
        self,
        node: Node,
        playback: Callable[[], PlaybackQueue | None],
        is_wanted: Callable[[], bool],
        stop: Callable[[StopRequest], None],
    ) -> None:
        self._node, self._playback, self._is_wanted, self._stop = node, playback, is_wanted, stop
        self._decision = BargeIn()
        self._said: OrderedDict[str, str] = OrderedDict()  # by the robot lately, to know its echo
        self._requests = node.create_publisher(StopRequest, "stop", qos.EVENTS)
        node.create_subscription(VoiceActivity, "speech/activity", self._on_voice, qos.EVENTS)
        node.create_subscription(Transcript, "speech/transcript", self._on_words, qos.EVENTS)
        node.create_subscription(ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS)

    def tick(self) -> None:
        """To be called now and then."""
        self._carry_out(self._decision.on_time(time.monotonic()))

    def forget(self) -> None:
        """Everything was stopped by other means."""
        self._decision.forget()

    def _on_voice(self, message: Any) -> None:
        playback = self._playback()
        if playback is not None and self._is_wanted():
            self._carry_out(
                self._decision.on_voice(
                    time.monotonic(), is_speech=message.is_speech, robot_speaks=playback.is_playing
                )
            )

    def _on_words(self, message: Any) -> None:
        playback = self._playback()
        if playback is not None and self._is_wanted():
            says = " ".join(self._said.values())
            action = self._decision.on_words(
                message.text,
                is_final=message.is_final,
                confidence=message.confidence,
                robot_speaks=playback.is_playing,
                robot_says=says,
            )
            self._carry_out(action, message)

    def _on_reply(self, message: Any) -> None:
        self._said[message.reply_id] = (self._said.get(message.reply_id, "") + message.text)[-MAX_SAID:]
        while len(self._said) > SAID_REPLIES:
            self._said.popitem(last=False)

    def _carry_out(self, action: Action, words: Any = None) -> None:
        """Pause, go on, or stop speaking; the arm is not concerned."""
        playback = self._playback()
        if playback is None:
            return
        if action == "hold":
            playback.hold()
        elif action == "resume":
            playback.resume()
        elif action == "stop":
            stop = StopRequest(
                source=BARGE_IN,
                scope=StopRequest.SCOPE_SPEECH,
                phrase=words.text,
                session_id=words.session_id,
                turn_id=words.turn_id,
            )
            # That of the words: what answers them was made later, and is not meant.
            stop.header.stamp = words.header.stamp
            self._stop(stop)
            self._requests.publish(stop)
