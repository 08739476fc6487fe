# SPDX-License-Identifier: Apache-2.0
"""A loudspeaker beside tts_node that plays only what the test lets it play, and keeps what it was given."""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from stage import Counterpart
from voice_agent_ros.msg import AudioChunk, PlaybackStatus, ReplyChunk, SpokenText, StopRequest

from voice_agent_ros.nodes import qos


class ScriptedLoudspeaker(Counterpart):
    """Collects audio/out, and plays it in no time when told to."""

    def __init__(self, executor: SingleThreadedExecutor) -> None:
        super().__init__(executor, "scripted_loudspeaker")
        self.chunks: dict[str, list[AudioChunk]] = {}
        self.arrivals: dict[str, float] = {}
        self.statuses: list[PlaybackStatus] = []
        self.stops: list[StopRequest] = []
        self.spoken: dict[str, SpokenText] = {}
        self.health: dict[str, str] = {}
        self.playback = self.node.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        self.replies = self.node.create_publisher(ReplyChunk, "speech/reply", qos.EVENTS)
        self.stop = self.node.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.node.create_subscription(AudioChunk, "audio/out", self._keep, qos.AUDIO_OUT)
        self.node.create_subscription(PlaybackStatus, "audio/playback", self.statuses.append, qos.EVENTS)
        self.node.create_subscription(StopRequest, "stop", self.stops.append, qos.EVENTS)
        self.node.create_subscription(SpokenText, "speech/spoken", self._keep_spoken, qos.EVENTS)
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._keep_health, qos.EVENTS)

    def _keep_spoken(self, message: SpokenText) -> None:
        self.spoken[message.reply_id] = message

    def _keep_health(self, message: DiagnosticArray) -> None:
        self.health |= {one.key: one.value for status in message.status for one in status.values}

    def _keep(self, chunk: AudioChunk) -> None:
        self.arrivals.setdefault(chunk.stream_id, time.monotonic())
        self.chunks.setdefault(chunk.stream_id, []).append(chunk)

    def samples(self, stream_id: str) -> int:
        return sum(len(chunk.data) for chunk in self.chunks.get(stream_id, []))

    def is_complete(self, stream_id: str) -> bool:
        return any(chunk.is_last for chunk in self.chunks.get(stream_id, []))

    def report(self, stream_id: str, *, is_finished: bool = False, is_interrupted: bool = False) -> None:
        self.playback.publish(
            PlaybackStatus(
                stream_id=stream_id,
                samples_played=self.samples(stream_id),
                sample_rate=24000,
                is_finished=is_finished,
                is_interrupted=is_interrupted,
            )
        )

    def play_out(self, stream_id: str) -> None:
        """Play until the stream's last chunk."""
        played = -1
        while not self.is_complete(stream_id):
            self.wait(lambda: self.samples(stream_id) > played or self.is_complete(stream_id))  # noqa: B023
            played = self.samples(stream_id)
            self.report(stream_id)
        self.report(stream_id, is_finished=True)

    def say(self, reply_id: str, text: str, index: int = 0, *, is_last: bool = True, **fields) -> None:
        self.replies.publish(
            ReplyChunk(
                **{
                    "reply_id": reply_id,
                    "turn_id": f"turn of {reply_id}",
                    "index": index,
                    "text": text,
                    "is_last": is_last,
                    "language": "en",
                    "kind": "answer",
                    **fields,
                }
            )
        )
