# SPDX-License-Identifier: Apache-2.0
"""`audio/in` for a node: by its topic, or by the short cut from an audio_node in the same process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from voice_agent_ros.asr.vad import SAMPLE_RATE
from voice_agent_ros.audio import in_process
from voice_agent_ros.audio.in_process import Heard
from voice_agent_ros.msg import AudioChunk
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.conversions import seconds

TOPIC = "audio/in"
SHORT_CUT_AFTER_S = 2.0  # without audio on the short cut the topic is listened to again


class AudioFeed:
    """Gives each chunk to who wants it, in the thread that has it: the node's, or the microphone's.

    Attributes:
        problem: why what comes cannot be used; empty: it can.
    """

    def __init__(self, node: Any, take: Callable[[Heard], None]) -> None:
        self._node, self._take = node, take
        self._short_cut_at = float("-inf")
        self._end_short_cut: Callable[[], None] = lambda: None
        self.problem = ""
        self._subscription: Any = self._listen_to_topic()

    @property
    def is_short_cut(self) -> bool:
        """No messages are needed."""
        return self._subscription is None

    def open(self) -> None:
        """Take the short cut, too, where there is one."""
        self._end_short_cut = in_process.listen(self._node.resolve_topic_name(TOPIC), self._hear)

    def close(self) -> None:
        """Leave the short cut. The topic stays: what comes by it is nothing to who does not listen."""
        self._end_short_cut()

    def watch(self, now: float) -> None:
        """Give up the topic while the short cut serves, and the other way round; monotonic time, s."""
        is_served = now - self._short_cut_at < SHORT_CUT_AFTER_S
        if is_served and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
        elif not is_served and self._subscription is None:
            self._subscription = self._listen_to_topic()

    def _listen_to_topic(self) -> Any:
        return self._node.create_subscription(AudioChunk, TOPIC, self._on_audio, qos.AUDIO_IN)

    def _on_audio(self, message: AudioChunk) -> None:
        if message.sample_rate != SAMPLE_RATE or message.channels != 1:
            self.problem = (
                f"audio/in has {message.sample_rate} Hz and {message.channels} channels; "
                f"{SAMPLE_RATE} Hz mono is needed. Correct the publisher."
            )
            self._node.get_logger().error(self.problem, throttle_duration_sec=10.0)
            return
        self.problem = ""
        samples, at = np.frombuffer(message.data, np.int16), seconds(message.header.stamp)
        self._take(Heard(message.stream_id, message.sequence, samples, at))

    def _hear(self, heard: Heard) -> None:
        self._short_cut_at = time.monotonic()
        self._take(heard)
