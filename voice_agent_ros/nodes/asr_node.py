# SPDX-License-Identifier: Apache-2.0
"""`audio/in` to partial and final transcripts, and to `stop` as soon as somebody says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.time import Time
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.asr.endpointing import EndpointOptions
from voice_agent_ros.asr.streaming import (
    Event,
    Failed,
    SpeechEnded,
    SpeechStarted,
    StreamingOptions,
    StreamingRecognizer,
    Words,
)
from voice_agent_ros.asr.vad import SAMPLE_RATE, SileroDetector
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.intent.stop_phrases import find_stop_phrase
from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.msg import AudioChunk, StopRequest, Transcript, VoiceActivity
from voice_agent_ros.nodes import qos, spin
from voice_agent_ros.nodes.conversions import objects_of, seconds
from voice_agent_ros.nodes.parameters import Parameter, declare, read

PARAMETERS = (
    Parameter("recognizer", "whisper_local", "Speech recognizer.", choices=("whisper_local",)),
    Parameter("model", "whisper-tiny.en", "Weights in the catalogue."),
    Parameter("model_path", "", "Weights elsewhere; empty: the catalogue's."),
    Parameter("language", "en", "Language that is recognized, BCP-47."),
    Parameter("threads", 2, "Threads of one decode.", (1, 16)),
    Parameter("vad_threshold", 0.5, "Voice activity from this probability on.", (0.05, 0.95)),
    Parameter("endpoint_silence_s", 0.5, "Silence that ends an utterance, s.", (0.2, 3.0)),
    Parameter("pause_s", 0.13, "Silence after which decoding starts on suspicion, s.", (0.05, 1.0)),
    Parameter("partial_interval_s", 0.5, "New speech between two partials, s.", (0.2, 5.0)),
    Parameter("max_speech_s", 20.0, "Longest utterance, s.", (2.0, 28.0)),
    Parameter("session_id", "default", "Conversation that the transcripts belong to."),
)


class AsrNode(LifecycleNode):
    """Adapter around StreamingRecognizer."""

    def __init__(self) -> None:
        super().__init__("asr_node")
        declare(self, PARAMETERS)
        self._ears: StreamingRecognizer | None = None
        self._active = False
        self._stream_id, self._next_sequence = "", 0
        self._lost = 0
        self._stopped_turn = ""
        self._transcripts = self.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self._activity = self.create_publisher(VoiceActivity, "speech/activity", qos.EVENTS)
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.create_subscription(AudioChunk, "audio/in", self._on_audio, qos.AUDIO_IN)
        self.create_subscription(Detection3DArray, "objects", self._on_objects, qos.EVENTS)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Load the models."""
        try:
            values = self._values = read(self, PARAMETERS)
            from voice_agent_ros.asr.recognizers.whisper_local import WhisperLocal

            path = Path(values.model_path) if values.model_path else path_of(values.model)
            recognizer = WhisperLocal(path, values.language, values.threads)
            options = StreamingOptions(
                partial_interval_s=values.partial_interval_s,
                endpoint=EndpointOptions(
                    threshold=values.vad_threshold,
                    pause_s=values.pause_s,
                    end_silence_s=values.endpoint_silence_s,
                    max_speech_s=values.max_speech_s,
                ),
            )
            self._ears = StreamingRecognizer(SileroDetector(), recognizer, self._on_event, options)
        except VoiceAgentError as error:
            self.get_logger().error(f"Speech recognition cannot be set up: {error}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Begin to listen."""
        self._active = True
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Stop listening."""
        self._active = False
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Free the models."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """End the decoding thread."""
        self._active = False
        if self._ears is not None:
            self._ears.close()
            self._ears = None

    # Hearing.

    def _on_audio(self, message: AudioChunk) -> None:
        if not self._active or self._ears is None:
            return
        if message.sample_rate != SAMPLE_RATE or message.channels != 1:
            self.get_logger().error(
                f"audio/in has {message.sample_rate} Hz and {message.channels} channels; "
                f"{SAMPLE_RATE} Hz mono is needed. Correct the publisher.",
                throttle_duration_sec=10.0,
            )
            return
        if message.stream_id != self._stream_id:
            self._stream_id, self._next_sequence = message.stream_id, message.sequence
        if message.sequence != self._next_sequence:
            self._lost += max(0, message.sequence - self._next_sequence)
            self.get_logger().warning(f"{self._lost} audio chunks lost so far.", throttle_duration_sec=10.0)
        self._next_sequence = message.sequence + 1
        self._ears.feed(np.asarray(message.data, dtype=np.int16), seconds(message.header.stamp))

    def _on_objects(self, message: Detection3DArray) -> None:
        if self._ears is not None:
            self._ears.hints = [thing.name for thing in objects_of(message)]

    # What was heard; partly in the decoding thread.

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Words):
            self._publish_words(event)
        elif isinstance(event, Failed):
            self.get_logger().info(f"Turn {event.turn_id}: nothing understood: {event.reason}.")
        else:
            self._publish_activity(event)

    def _publish_words(self, words: Words) -> None:
        phrase = find_stop_phrase(words.text, words.language)
        if phrase and words.turn_id != self._stopped_turn:
            self._stopped_turn = words.turn_id
            self._publish_stop(words, phrase)
        message = Transcript(
            session_id=self._values.session_id,
            turn_id=words.turn_id,
            revision=words.revision,
            text=words.text,
            stable_length=words.stable_length,
            is_final=words.is_final,
            confidence=words.confidence,
            language=words.language,
            audio_hash=words.audio_hash,
        )
        message.header.stamp = self.get_clock().now().to_msg()
        message.speech_start, message.speech_end = stamp(words.speech_start), stamp(words.speech_end)
        self._transcripts.publish(message)

    def _publish_stop(self, words: Words, phrase: str) -> None:
        message = StopRequest(scope=StopRequest.SCOPE_ALL, phrase=phrase, turn_id=words.turn_id)
        message.source = "transcript" if words.is_final else "partial_transcript"
        message.session_id = self._values.session_id
        message.header.stamp = self.get_clock().now().to_msg()
        self._stop.publish(message)
        self.get_logger().warning(f"Turn {words.turn_id}: stop requested: {phrase!r}.")

    def _publish_activity(self, event: SpeechStarted | SpeechEnded) -> None:
        message = VoiceActivity(stream_id=self._stream_id, turn_id=event.turn_id)
        message.is_speech = isinstance(event, SpeechStarted)
        message.header.stamp = stamp(event.at)
        self._activity.publish(message)


def stamp(at: float) -> object:
    """A time in s as builtin_interfaces/Time."""
    return Time(nanoseconds=round(at * 1e9)).to_msg()


def main() -> None:
    """Run the node."""
    spin.main(AsrNode)
