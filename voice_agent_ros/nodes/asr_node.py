# SPDX-License-Identifier: Apache-2.0
"""`audio/in` to partial and final transcripts, and to `stop` as soon as somebody says so."""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from std_msgs.msg import Bool
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.asr.attention import Attention
from voice_agent_ros.asr.debug_recordings import DebugRecordings
from voice_agent_ros.asr.decoding import Decoded, DecodingWorker
from voice_agent_ros.asr.ending import judge_ending
from voice_agent_ros.asr.heard import Event, NothingHeard, SpeechEnded, SpeechStarted, StopHeard, Words
from voice_agent_ros.asr.recognizer import Recognizer
from voice_agent_ros.asr.recognizers.engines import load_recognizer
from voice_agent_ros.asr.sequence import SequenceCheck
from voice_agent_ros.asr.spotters import MicroWakeWordSpotter, stop_spotter
from voice_agent_ros.asr.spotting import KeywordSpotter, Spotted, SpottingWorker
from voice_agent_ros.asr.stop_watch import StopWatch
from voice_agent_ros.asr.streaming import StreamingRecognizer
from voice_agent_ros.asr.vad import SileroDetector
from voice_agent_ros.audio.in_process import Heard
from voice_agent_ros.audio.stream_names import hears_the_robot
from voice_agent_ros.errors import ModelMissingError, VoiceAgentError
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.whole_command import WholeCommands
from voice_agent_ros.msg import BridgeState, ReplyChunk, StopRequest, Transcript, VoiceActivity
from voice_agent_ros.nodes import asr_messages, health, heartbeat, qos, spin
from voice_agent_ros.nodes.asr_parameters import (
    ATTENTION,
    KEEPING,
    LISTENING,
    STOPPING,
    attention_options,
    debug_recordings,
    streaming_options,
)
from voice_agent_ros.nodes.audio_feed import AudioFeed
from voice_agent_ros.nodes.conversions import objects_of
from voice_agent_ros.nodes.log_lines import of_turn
from voice_agent_ros.nodes.managed import ManagedNode
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.nodes.recognizer_parameters import RECOGNIZER_PARAMETERS, recognizer_options
from voice_agent_ros.nodes.wakeup import Wakeup

PARAMETERS = (
    *RECOGNIZER_PARAMETERS,
    *LISTENING,
    *ATTENTION,
    *STOPPING,
    *KEEPING,
    Parameter("session_id", "", "Conversation that the transcripts belong to; empty: a new one."),
)
WATCH_PERIOD_S = 0.25
NO_AUDIO = "No audio arrives. Is audio_node up, with a source other than none?"
STARVED_AFTER_S = 1.0  # no audio for so long in mid-utterance: it ends there


class AsrNode(ManagedNode):
    """Adapter around StreamingRecognizer: messages in, messages out, decoding and spotting in threads.

    Audio comes on the topic, or from an audio_node in the same process in its microphone's thread: hence the lock.
    """

    def __init__(self) -> None:
        super().__init__("asr_node")
        declare(self, PARAMETERS)
        self._recognizer: Recognizer | None = None
        self._detector: SileroDetector | None = None
        self._stop_spotter: KeywordSpotter | None = None
        self._wake_spotter: KeywordSpotter | None = None
        self._lock = threading.RLock()
        self._worker: DecodingWorker | None = None  # while active, as the rest
        self._ears: StreamingRecognizer | None = None
        self._stops: SpottingWorker | None = None
        self._wakes: SpottingWorker | None = None
        self._recordings: DebugRecordings | None = None
        self._attention = Attention(attention_options(read(self, PARAMETERS)), time.monotonic())
        self._watch_stop = StopWatch()
        self._results: deque[Callable[[], None]] = deque()  # of the workers, whose queues are bounded
        self._sequence = SequenceCheck()
        self._scene = Scene()
        self._hears_the_robot = False
        self._fed_at = float("-inf")
        self._counts = {"utterances": 0, "not understood": 0, "failures": 0, "spotted stops": 0}
        self._problems: dict[str, str] = {}  # by what has it, until it works again
        self._engine = self._stop_turn = ""
        self._transcripts = self.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self._activity = self.create_publisher(VoiceActivity, "speech/activity", qos.EVENTS)
        self._replies = self.create_publisher(ReplyChunk, "speech/reply", qos.EVENTS)
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self._audio = AudioFeed(self, self._take)
        self.create_subscription(Detection3DArray, "objects", self._on_objects, qos.EVENTS)
        self.create_subscription(Bool, "speech/speaking", self._on_speaking, qos.STATE)
        self.create_subscription(BridgeState, "bridge/state", self._on_bridge, qos.EVENTS)
        self.create_service(Trigger, "~/listen", self._on_listen)
        self._wake = Wakeup(self, self._take_results)
        self.create_timer(WATCH_PERIOD_S, self._watch)
        heartbeat.beat(self)
        health.report(self, "speech recognition", self._health)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Load the models."""
        try:
            values = self._values = read(self, PARAMETERS)
            begun = time.monotonic()
            self._recognizer = load_recognizer(
                recognizer_options(values),
                self.get_logger().warning,
                on_change=lambda _name, _why: None,  # its words name it: told with their turn
            )
            self._detector = SileroDetector()
            self._wake_spotter = (
                MicroWakeWordSpotter(values.wake_word) if values.attention == "wake_word" else None
            )
            self._is_whole = WholeCommands(lambda: self._scene, values.language)
        except VoiceAgentError as error:
            self.get_logger().error(f"Speech recognition cannot be set up. {error}")
            return TransitionCallbackReturn.FAILURE
        try:
            self._stop_spotter = stop_spotter(
                values.stop_spotter, values.stop_spotter_model, values.language, values.stop_sensitivity
            )
        except ModelMissingError as error:
            if values.stop_spotter == "micro_wake_word":
                self.get_logger().error(f"The stop spotter cannot be set up. {error}")
                return TransitionCallbackReturn.FAILURE
            self._stop_spotter = None  # stop in a partial is heard all the same
            self.get_logger().warning(f"No stop spotter. {error}")
        self.get_logger().info(f"{values.recognizer} loaded in {time.monotonic() - begun:.1f} s.")
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Begin to listen."""
        assert self._recognizer is not None
        assert self._detector is not None
        values = self._values
        try:
            self._recordings = debug_recordings(values, self.get_logger().warning)
        except VoiceAgentError as error:
            self.get_logger().error(str(error))
            return TransitionCallbackReturn.FAILURE
        if self._recordings is not None:
            self.get_logger().warning(f"Every utterance is kept in {values.debug_audio_path}.")
        self._session_id = values.session_id or str(uuid.uuid4())
        judge = partial(judge_ending, is_command=self._is_whole)
        self._worker = DecodingWorker(self._recognizer, self._keep_decoded, judge)
        self._stops = self._spotting(self._stop_spotter, self._on_stop_spotted, "stop spotter")
        self._wakes = self._spotting(self._wake_spotter, self._on_wake_word, "wake word")
        if self._wakes is not None:
            self._wakes.arm(True)
        with self._lock:
            self._attention = Attention(attention_options(values), time.monotonic())
            self._watch_stop = StopWatch(is_always_armed=values.stop_armed == "always")
            self._sequence = SequenceCheck()
            self._ears = StreamingRecognizer(self._detector, self._worker, streaming_options(values))
            self._ears.keep = self._recordings.add if self._recordings is not None else None
        self._audio.open()
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Stop listening; an utterance that was not finished is dropped."""
        with self._lock:
            self._ears = None
        self.close()
        self._worker = self._stops = self._wakes = self._recordings = None
        self._results.clear()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Free the models."""
        if self._recognizer is not None:
            self._recognizer.close()
        self._recognizer = self._detector = self._stop_spotter = self._wake_spotter = None
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """End the threads. Callbacks may still run in another thread, so what they use stays."""
        self._audio.close()
        for worker in (self._worker, self._stops, self._wakes, self._recordings):
            if worker is not None:
                worker.close()

    def _spotting(
        self, spotter: KeywordSpotter | None, then: Callable[[Spotted], None], name: str
    ) -> SpottingWorker | None:
        def fail(problem: str) -> None:
            self.get_logger().error(f"The {name} hears nothing any more. {problem}")
            self._problems[name] = problem

        if spotter is None:
            return None
        return SpottingWorker(spotter, lambda spotted: self._keep(partial(then, spotted)), fail, name)

    # Hearing.

    def _take(self, heard: Heard) -> None:
        with self._lock:
            if self._ears is None:
                return
            verdict = self._sequence.check(heard.stream_id, heard.sequence)
            if verdict.lost:
                told = f"{verdict.lost} chunks of audio lost, {self._sequence.lost} so far."
                self.get_logger().warning(of_turn(self._ears.turn_id, told), throttle_duration_sec=5.0)
            if verdict.is_new_stream:
                self._hears_the_robot = hears_the_robot(heard.stream_id)
                self._publish(self._ears.cut())
            if verdict.is_old:
                return
            now = self._fed_at = time.monotonic()
            attends = self._attention.is_given(now, hears_the_robot=self._hears_the_robot)
            self._publish(self._ears.attend(attends))
            self._publish(self._ears.feed(heard.samples, heard.at))
            if self._stops is not None:
                self._stops.arm(
                    self._watch_stop.is_armed(
                        now,
                        robot_sounds=self._attention.robot_sounds(now),
                        hears_the_robot=self._hears_the_robot,
                    )
                )
                self._stops.feed(heard.samples, heard.at)
            if self._wakes is not None:
                self._wakes.feed(heard.samples, heard.at)

    def _on_objects(self, message: Detection3DArray) -> None:
        names = [thing.name for thing in objects_of(message)]
        if [thing.name for thing in self._scene.objects] != names:
            self._scene = Scene(objects=tuple(SceneObject(name, (0.2, 0.0, 0.0)) for name in names))
        if self._ears is not None:
            self._ears.hints = names

    def _on_speaking(self, message: Bool) -> None:
        with self._lock:
            self._attention.robot_speaks(message.data, time.monotonic())

    def _on_bridge(self, message: BridgeState) -> None:
        if message.is_moving:
            self._watch_stop.moves(time.monotonic())

    def _on_listen(self, request: Any, response: Any) -> Any:  # noqa: ARG002
        if self._ears is None:
            response.message = "asr_node is not active."
            return response
        with self._lock:
            response.success = self._attention.listen(time.monotonic())
        response.message = "listening" if response.success else "The parameter attention is off."
        return response

    def _watch(self) -> None:
        """Audio that stops coming in mid-utterance must not keep everybody waiting."""
        now = time.monotonic()
        self._audio.watch(now)
        with self._lock:
            if self._watch_stop.is_overdue(now):
                self._tell_of_doubt()
            if self._ears is not None and self._ears.is_hearing and now - self._fed_at > STARVED_AFTER_S:
                told = f"no audio for {now - self._fed_at:.1f} s in mid-utterance: is audio_node up?"
                self._warn(self._ears.turn_id, told)
                self._publish(self._ears.cut())

    # From the workers' threads to ours.

    def _keep(self, result: Callable[[], None]) -> None:
        self._results.append(result)
        self._wake.trigger()

    def _keep_decoded(self, result: Decoded) -> None:
        self._keep(partial(self._on_decoded, result))

    def _take_results(self) -> None:
        with self._lock:
            while self._results:
                self._results.popleft()()

    def _on_decoded(self, result: Decoded) -> None:
        if self._ears is not None:
            self._publish(self._ears.decoded(result))

    def _on_stop_spotted(self, spotted: Spotted) -> None:
        if self._watch_stop.spotted(time.monotonic()):
            self._counts["spotted stops"] += 1
            turn = self._stop_turn = self._ears.turn_id if self._ears is not None else ""
            stop = asr_messages.stop_in_sound(spotted.phrase, self._session_id, turn, self._now())
            self._stop.publish(stop)
            self._warn(turn, f"stop requested: the spotter heard {spotted.phrase!r}.")

    def _on_wake_word(self, spotted: Spotted) -> None:
        if self._attention.listen(time.monotonic()):
            self.get_logger().info(f"Attentive: {spotted.phrase!r} was heard.")

    # What goes out.

    def _publish(self, events: list[Event]) -> None:
        for event in events:
            if self._watch_stop.take(event, time.monotonic()):
                self._tell_of_doubt()
            if isinstance(event, StopHeard):
                self._stop.publish(asr_messages.stop_in_words(event, self._session_id, self._now()))
                self._warn(event.turn_id, f"stop requested: {event.phrase!r}.")
            elif isinstance(event, Words):
                self._counts["utterances"] += event.is_final
                self._note_engine(event)
                self._problems.pop("recognizer", None)
                self._transcripts.publish(asr_messages.transcript(event, self._session_id, self._now()))
            elif isinstance(event, NothingHeard):
                self._report(event)
            else:
                self._publish_activity(event)

    def _publish_activity(self, event: SpeechStarted | SpeechEnded) -> None:
        now = time.monotonic()
        if isinstance(event, SpeechStarted):
            self._attention.speech_began(now)
        else:
            self._attention.speech_ended(now)
        self._activity.publish(asr_messages.activity(event, self._sequence.stream_id))

    def _tell_of_doubt(self) -> None:
        self._warn(self._stop_turn, "stopped in doubt: no words confirm the stop that the spotter heard.")
        notice = asr_messages.stopped_in_doubt(str(uuid.uuid4()), self._session_id, self._values.language)
        self._replies.publish(notice)

    def _note_engine(self, words: Words) -> None:
        known, self._engine = self._engine, words.engine
        if words.engine != known and (known or " instead of " in words.engine):
            self._warn(words.turn_id, f"speech is recognized by {words.engine} from now on.")

    def _warn(self, turn_id: str, told: str) -> None:
        self.get_logger().warning(of_turn(turn_id, told))

    def _report(self, event: NothingHeard) -> None:
        text = f"nothing understood: {event.reason}."
        self._counts["failures" if event.is_failure else "not understood"] += 1
        if event.is_failure:
            self._problems["recognizer"] = event.reason
            self.get_logger().error(of_turn(event.turn_id, text))
        else:
            self.get_logger().info(of_turn(event.turn_id, text))

    def _health(self) -> health.Health:
        is_starved = self._ears is not None and time.monotonic() - self._fed_at > STARVED_AFTER_S
        spotters = [worker for worker in (self._stops, self._wakes) if worker is not None]
        values = {
            **self._counts,
            "chunks lost": self._sequence.lost,
            "chunks the spotters lost": sum(worker.lost for worker in spotters),
            "spotters behind, s": round(max((worker.behind_s for worker in spotters), default=0.0), 2),
            "stop spotter listens": self._stops is not None and self._stops.is_armed,
            "short cut": self._audio.is_short_cut,
            "recognized by": self._engine or "nobody yet",
        }
        problem = " ".join(filter(None, (self._audio.problem, *self._problems.values())))
        if self._ears is None:
            return health.Health("ok", "not active", values)
        if is_starved:
            return health.Health("error", problem or NO_AUDIO, values)
        if problem:
            return health.Health("warn", problem, values)
        return health.Health("ok", "listening", values)

    def _now(self) -> Any:
        return self.get_clock().now().to_msg()


def main() -> None:
    """Run the node."""
    spin.main(AsrNode)
