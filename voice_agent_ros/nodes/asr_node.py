# SPDX-License-Identifier: Apache-2.0
"""`audio/in` to partial and final transcripts, and to `stop` as soon as somebody says so."""

from __future__ import annotations

import time
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.time import Time
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.asr.decoding import Decoded, DecodingWorker
from voice_agent_ros.asr.endpointing import EndpointOptions
from voice_agent_ros.asr.heard import Event, NothingHeard, SpeechEnded, SpeechStarted, StopHeard, Words
from voice_agent_ros.asr.recognizer import Recognizer
from voice_agent_ros.asr.sequence import SequenceCheck
from voice_agent_ros.asr.streaming import StreamingOptions, StreamingRecognizer
from voice_agent_ros.asr.vad import SAMPLE_RATE, SileroDetector
from voice_agent_ros.audio.stream_names import hears_the_robot
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.msg import AudioChunk, StopRequest, Transcript, VoiceActivity
from voice_agent_ros.nodes import heartbeat, qos, spin
from voice_agent_ros.nodes.conversions import objects_of, seconds
from voice_agent_ros.nodes.parameters import Parameter, declare, read

PARAMETERS = (
    Parameter("recognizer", "whisper_local", "Speech recognizer.", choices=("whisper_local",)),
    Parameter("model", "whisper-tiny.en", "Weights in the catalogue."),
    Parameter("model_path", "", "Weights elsewhere; empty: the catalogue's."),
    Parameter("language", "en", "Language that is recognized, BCP-47."),
    Parameter("threads", 2, "Threads of one decode.", (1, 16)),
    Parameter("vad_threshold", 0.5, "Voice activity from this probability on.", (0.05, 0.95)),
    Parameter("endpoint_silence_s", 0.65, "Silence that ends an utterance, s.", (0.2, 3.0)),
    Parameter("endpoint_short_s", 0.4, "The same after a whole command, s.", (0.2, 3.0)),
    Parameter(
        "endpoint_long_s",
        1.2,
        "The same after words that promise more (and, the, um, ...), and as long as no words are known, s.",
        (0.2, 5.0),
    ),
    Parameter("pause_s", 0.13, "Silence after which decoding starts on suspicion, s.", (0.05, 1.0)),
    Parameter("partial_interval_s", 0.3, "New audio between two partials, s.", (0.1, 5.0)),
    Parameter("max_speech_s", 20.0, "Longest utterance, s.", (2.0, 28.0)),
    Parameter(
        "attention",
        "open",
        "open: everything said counts. push_to_talk: the utterance after ~/listen does. Stop always counts.",
        choices=("open", "push_to_talk"),
    ),
    Parameter("listen_s", 8.0, "How long ~/listen waits for speech to begin, s.", (1.0, 60.0)),
    Parameter("session_id", "", "Conversation that the transcripts belong to; empty: a new one."),
)
WATCH_PERIOD_S = 0.25
STARVED_AFTER_S = 1.0  # no audio for so long in mid-utterance: it ends there
ECHO_TAIL_S = 0.25  # a room goes on sounding


class AsrNode(LifecycleNode):
    """Adapter around StreamingRecognizer: messages in, messages out, decoding in a thread."""

    def __init__(self) -> None:
        super().__init__("asr_node")
        declare(self, PARAMETERS)
        self._recognizer: Recognizer | None = None
        self._detector: SileroDetector | None = None
        self._worker: DecodingWorker | None = None  # while active, as the ears
        self._ears: StreamingRecognizer | None = None
        self._results: deque[Decoded] = deque()  # the worker's, whose queue is bounded
        self._sequence = SequenceCheck()
        self._hears_the_robot = False
        self._robot_speaks = False
        self._robot_spoke_at = self._listens_until = self._fed_at = float("-inf")
        self._transcripts = self.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self._activity = self.create_publisher(VoiceActivity, "speech/activity", qos.EVENTS)
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.create_subscription(AudioChunk, "audio/in", self._on_audio, qos.AUDIO_IN)
        self.create_subscription(Detection3DArray, "objects", self._on_objects, qos.EVENTS)
        self.create_subscription(Bool, "speech/speaking", self._on_speaking, qos.STATE)
        self.create_service(Trigger, "~/listen", self._on_listen)
        self._wake = self.create_guard_condition(self._take_results)
        self.create_timer(WATCH_PERIOD_S, self._watch)
        heartbeat.beat(self)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Load the models."""
        try:
            values = self._values = read(self, PARAMETERS)
            from voice_agent_ros.asr.recognizers.whisper_local import WhisperLocal

            begun = time.monotonic()
            path = Path(values.model_path) if values.model_path else path_of(values.model)
            self._recognizer = WhisperLocal(path, values.language, values.threads)
            self._detector = SileroDetector()
        except VoiceAgentError as error:
            self.get_logger().error(f"Speech recognition cannot be set up. {error}")
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(f"{path.name} loaded in {time.monotonic() - begun:.1f} s.")
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Begin to listen."""
        assert self._recognizer is not None
        assert self._detector is not None
        values = self._values
        self._session_id = values.session_id or str(uuid.uuid4())
        self._worker = DecodingWorker(self._recognizer, self._keep_result)
        endpoint = EndpointOptions(
            threshold=values.vad_threshold,
            pause_s=values.pause_s,
            end_silence_s=values.endpoint_silence_s,
            max_speech_s=values.max_speech_s,
        )
        options = StreamingOptions(partial_interval_s=values.partial_interval_s, endpoint=endpoint)
        self._ears = StreamingRecognizer(self._detector, self._worker, options)
        self._sequence = SequenceCheck()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Stop listening; an utterance that was not finished is dropped."""
        self._ears = None
        self.close()
        self._worker = None
        self._results.clear()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Free the models."""
        self._recognizer = self._detector = None
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """End the decoding thread. Callbacks may still run in another thread, so what they use stays."""
        if self._worker is not None:
            self._worker.close()

    # Hearing.

    def _on_audio(self, message: AudioChunk) -> None:
        if self._ears is None:
            return
        if message.sample_rate != SAMPLE_RATE or message.channels != 1:
            self.get_logger().error(
                f"audio/in has {message.sample_rate} Hz and {message.channels} channels; "
                f"{SAMPLE_RATE} Hz mono is needed. Correct the publisher.",
                throttle_duration_sec=10.0,
            )
            return
        verdict = self._sequence.check(message.stream_id, message.sequence)
        if verdict.lost:
            self.get_logger().warning(
                f"{verdict.lost} chunks of audio lost, {self._sequence.lost} so far.",
                throttle_duration_sec=5.0,
            )
        if verdict.is_new_stream:
            self._hears_the_robot = hears_the_robot(message.stream_id)
            self._publish(self._ears.cut())
        if verdict.is_old:
            return
        self._fed_at = time.monotonic()
        self._publish(self._ears.attend(self._is_attentive(self._fed_at)))
        self._publish(self._ears.feed(np.asarray(message.data, np.int16), seconds(message.header.stamp)))

    def _is_attentive(self, now: float) -> bool:
        if self._hears_the_robot and (self._robot_speaks or now - self._robot_spoke_at < ECHO_TAIL_S):
            return False
        return self._values.attention == "open" or now < self._listens_until

    def _on_objects(self, message: Detection3DArray) -> None:
        if self._ears is not None:
            self._ears.hints = [thing.name for thing in objects_of(message)]

    def _on_speaking(self, message: Bool) -> None:
        if self._robot_speaks and not message.data:
            self._robot_spoke_at = time.monotonic()
        self._robot_speaks = message.data

    def _on_listen(self, request: Any, response: Any) -> Any:  # noqa: ARG002
        if self._ears is None:
            response.message = "asr_node is not active."
            return response
        self._listens_until = time.monotonic() + self._values.listen_s
        response.success, response.message = True, "listening"
        return response

    def _watch(self) -> None:
        """Audio that stops coming in mid-utterance must not keep everybody waiting."""
        if self._ears is not None and self._ears.is_hearing:
            quiet_s = time.monotonic() - self._fed_at
            if quiet_s > STARVED_AFTER_S:
                self.get_logger().warning(f"No audio for {quiet_s:.1f} s in mid-utterance: is audio_node up?")
                self._publish(self._ears.cut())

    # From the worker's thread to ours.

    def _keep_result(self, result: Decoded) -> None:
        self._results.append(result)
        self._wake.trigger()

    def _take_results(self) -> None:
        while self._results:
            result = self._results.popleft()
            if self._ears is not None:
                self._publish(self._ears.decoded(result))

    # What goes out.

    def _publish(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, StopHeard):
                self._publish_stop(event)
            elif isinstance(event, Words):
                self._publish_words(event)
            elif isinstance(event, NothingHeard):
                self._report(event)
            else:
                self._publish_activity(event)

    def _publish_words(self, words: Words) -> None:
        message = Transcript(
            session_id=self._session_id,
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

    def _publish_stop(self, event: StopHeard) -> None:
        message = StopRequest(scope=StopRequest.SCOPE_ALL, phrase=event.phrase, turn_id=event.turn_id)
        message.source = "final_transcript" if event.is_final else "partial_transcript"
        message.session_id = self._session_id
        message.header.stamp = self.get_clock().now().to_msg()
        self._stop.publish(message)
        self.get_logger().warning(f"Turn {event.turn_id}: stop requested: {event.phrase!r}.")

    def _publish_activity(self, event: SpeechStarted | SpeechEnded) -> None:
        if isinstance(event, SpeechStarted):
            self._listens_until = float("-inf")  # push to talk is for one utterance
        message = VoiceActivity(stream_id=self._sequence.stream_id, turn_id=event.turn_id)
        message.is_speech = isinstance(event, SpeechStarted)
        message.probability = event.probability
        message.header.stamp = stamp(event.at)
        self._activity.publish(message)

    def _report(self, event: NothingHeard) -> None:
        text = f"Turn {event.turn_id}: nothing understood: {event.reason}."
        if event.is_failure:
            self.get_logger().error(text)
        else:
            self.get_logger().info(text)


def stamp(at: float) -> Any:
    """A time in s as builtin_interfaces/Time."""
    return Time(nanoseconds=round(at * 1e9)).to_msg()


def main() -> None:
    """Run the node."""
    spin.main(AsrNode)
