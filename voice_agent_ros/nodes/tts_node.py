# SPDX-License-Identifier: Apache-2.0
"""Speaks replies: text pieces in, paced audio chunks out, silent at once on a stop. Serves the action say."""

from __future__ import annotations

import array
import time
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from std_msgs.msg import String
from std_srvs.srv import Trigger

from voice_agent_ros.audio.barge_in import BARGE_IN
from voice_agent_ros.errors import ConfigurationError, VoiceAgentError
from voice_agent_ros.msg import AudioChunk, PlaybackStatus, ReplyChunk, SpokenText, StopRequest
from voice_agent_ros.nodes import health, qos, spin, voice_parameters
from voice_agent_ros.nodes.log_lines import of_turn
from voice_agent_ros.nodes.managed import ManagedNode
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.nodes.say_server import SayServer
from voice_agent_ros.nodes.wakeup import Wakeup
from voice_agent_ros.tts import earcons
from voice_agent_ros.tts.delivery import AS_USUAL, Delivery, read_delivery
from voice_agent_ros.tts.pace import Pace, pace_of
from voice_agent_ros.tts.reply import Piece
from voice_agent_ros.tts.speech_queue import SpeechQueue
from voice_agent_ros.tts.speech_steps import Chunk, Ended, Limits
from voice_agent_ros.tts.synthesis_worker import Result, SynthesisWorker
from voice_agent_ros.tts.synthesizer import Synthesizer, can_voice, speaker_of

PARAMETERS = (
    *voice_parameters.PARAMETERS,
    Parameter("language", "en", "BCP-47 language of replies that name none."),
    Parameter("volume", 1.0, "Loudness of speech; 1 is the voice's own.", (0.0, 2.0)),
    Parameter("earcons", True, "Give a short sign when something was heard, or could not be spoken."),
    Parameter("max_queue", 16, "Replies that may wait to be spoken.", (1, 256)),
    Parameter(
        "max_characters", 20_000, "Characters spoken of one reply; the rest is dropped.", (100, 1_000_000)
    ),
    Parameter("lead_s", 0.5, "Audio sent ahead of what was played, s.", (0.1, 5.0)),
    Parameter("chunk_s", 0.04, "Audio in one chunk, s.", (0.02, 0.1)),
    Parameter("playback_timeout_s", 5.0, "Audio that is not played for so long is given up, s.", (1.0, 60.0)),
    Parameter(
        "text_timeout_s", 20.0, "A reply whose text does not go on for so long is complete, s.", (1.0, 300.0)
    ),
)
FAILED_S = 60.0
FAILED_FIX = "See this node's log; put another engine into fallbacks."
DEADLINE_PERIOD_S = 0.1  # a listener who would have to wait for the end of a sentence is noticed


class TtsNode(ManagedNode):
    """Publishes audio/out; hears speech/reply, stop and audio/playback; serves say and ~/stop."""

    def __init__(self) -> None:
        super().__init__("tts_node")
        declare(self, PARAMETERS)
        self._synthesizer: Synthesizer | None = None
        self._pace = Pace()
        self._worker: SynthesisWorker | None = None
        self._queue: SpeechQueue | None = None  # while active
        self._results: deque[Result] = deque()  # filled by the worker, whose jobs are bounded
        self._texts = 0  # taken from tts_text
        self._signs = 0
        self._flushes: Counter[str] = Counter()  # segments since the start, by why they ended
        self._spoken_replies = self._interrupted_replies = 0
        self._last_problem = ""
        self._failed_at: float | None = None  # of the last reply; None: it was spoken
        self._audio = self.create_publisher(AudioChunk, "audio/out", qos.AUDIO_OUT)
        self._playback = self.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        self._spoken = self.create_publisher(SpokenText, "speech/spoken", qos.EVENTS)
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        # The first, for callbacks that are due together run in this order: a stop must not hit a reply that
        # follows it.
        self.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.create_subscription(ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS)
        self.create_subscription(PlaybackStatus, "audio/playback", self._on_playback, qos.EVENTS)
        self.create_subscription(String, "tts_text", self._on_text, qos.EVENTS)
        self.create_service(Trigger, "~/stop", self._on_stop_service)
        self._say = SayServer(
            self,
            refusal=self._refusal,
            max_goals=lambda: int(self._values.max_queue),
            speak=self._add,
            can_voice=self._can_voice,
            withdraw=self._withdraw,
        )
        self._wake = Wakeup(self, self._take_results)
        self._deadlines = self.create_timer(DEADLINE_PERIOD_S, self._go_on)
        health.report(self, "voice", self._health)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Load the synthesizer and warm it up."""
        try:
            self._values = read(self, PARAMETERS)
            begun = time.monotonic()
            self._synthesizer = voice_parameters.load(self._values, self._report_voices)
            self._pace = pace_of(self._synthesizer, self._values.language)
        except VoiceAgentError as error:
            self.get_logger().error(f"The voice cannot be loaded. {error}")
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(
            f"Voice {speaker_of(self._synthesizer)} loaded in {time.monotonic() - begun:.1f} s."
        )
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Begin to speak what comes from now on."""
        assert self._synthesizer is not None
        values = self._values
        self._worker = SynthesisWorker(self._synthesizer, values.speed, self._keep_result, values.volume)
        self._queue = SpeechQueue(
            Limits(
                replies=values.max_queue,
                characters=values.max_characters,
                lead_s=values.lead_s,
                chunk_s=values.chunk_s,
                playback_timeout_s=values.playback_timeout_s,
                text_timeout_s=values.text_timeout_s,
            ),
            self._pace,
        )
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Fall silent and end the worker."""
        if self._queue is not None and not self._queue.is_idle:
            self._request_silence("deactivated")
            self._queue.stop(wait_for_player=False)
            self._go_on()
        self._queue = None
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        self._results.clear()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Free the synthesizer."""
        if self._synthesizer is not None:
            self._synthesizer.close()
            self._synthesizer = None
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """End the worker. Callbacks may still run in another thread, so what they use stays."""
        if self._worker is not None:
            self._worker.close()

    # What comes in.

    def _on_reply(self, message: Any) -> None:
        if message.kind == ReplyChunk.KIND_EARCON:
            self._give_sign(message.reply_id, message.text)
            return
        if message.kind == ReplyChunk.KIND_TEXT:
            return  # for the eye
        self._add(
            [
                Piece(
                    reply_id=message.reply_id,
                    index=message.index,
                    text=message.text,
                    is_last=message.is_last,
                    kind=message.kind,
                    turn_id=message.turn_id,
                    is_voiced=self._can_voice(message.language),
                    delivery=self._delivery_of(message.delivery, message.turn_id),
                )
            ]
        )

    def _delivery_of(self, text: str, turn_id: str) -> Delivery:
        """A wrong one is no reason to say nothing."""
        try:
            return read_delivery(text)
        except ConfigurationError as error:
            self.get_logger().warning(of_turn(turn_id, str(error)), throttle_duration_sec=5.0)
            return AS_USUAL

    def _on_text(self, message: String) -> None:
        """A text without anything else, as other speech nodes take it."""
        self._texts += 1
        reply_id = f"text-{self._texts}"
        language = self._values.language
        can_voice = self._can_voice(language)
        self._add([Piece(reply_id, 0, message.data, True, ReplyChunk.KIND_NOTICE, reply_id, can_voice)])

    def _give_sign(self, reply_id: str, name: str) -> None:
        """At once or not at all: behind speech it would come too late to mean anything."""
        if self._queue is None or not self._queue.is_idle or not self._values.earcons:
            return
        assert self._synthesizer is not None
        rate = self._synthesizer.sample_rate
        self._audio.publish(self._message_of(Chunk(reply_id, 0, earcons.sign(name, rate), rate, True)))

    def _add(self, pieces: Sequence[Piece]) -> None:
        if self._queue is not None:
            for piece in pieces:
                self._queue.add(piece, time.monotonic())
            self._go_on()

    def _withdraw(self, reply_id: str) -> None:
        if self._queue is not None:
            self._queue.withdraw(reply_id)
            self._go_on()

    def _refusal(self, voice: str) -> str:
        """Why nothing can be said with a voice."""
        if self._queue is None or self._synthesizer is None:
            return "the node is not active"
        voices = self._synthesizer.voices
        return (
            f"there is no voice {voice!r}, only {', '.join(voices)}" if voice and voice not in voices else ""
        )

    def _can_voice(self, language: str) -> bool:
        return self._synthesizer is not None and can_voice(
            self._synthesizer, language or self._values.language
        )

    def _on_stop(self, message: Any) -> None:
        if message.scope != StopRequest.SCOPE_MOTION:  # an unknown scope stops as well
            self._silence(message.turn_id if message.source == BARGE_IN else "")

    def _on_stop_service(self, request: Any, response: Any) -> Any:  # noqa: ARG002
        self._request_silence("service")
        response.success = True
        response.message = "speech is being stopped"
        return response

    def _request_silence(self, source: str) -> None:
        """Tell everybody, for the loudspeaker has some audio already. We hear this topic ourselves."""
        stop = StopRequest(source=source, scope=StopRequest.SCOPE_SPEECH)
        stop.header.stamp = self.get_clock().now().to_msg()
        self._stop.publish(stop)

    def _silence(self, except_turn: str) -> None:
        if self._queue is not None and self._worker is not None:
            self._queue.stop(except_turn=except_turn)
            if not self._queue.is_speaking:
                self._worker.abandon()
            self._go_on()

    def _on_playback(self, message: Any) -> None:
        if self._queue is None:
            return
        self._queue.played(
            message.stream_id,
            message.samples_played,
            message.sample_rate,
            time.monotonic(),
            is_finished=message.is_finished,
            is_interrupted=message.is_interrupted,
        )
        queue = self._queue
        self._say.tell(message.stream_id, lambda: queue.heard_text(message.stream_id))
        self._go_on()

    # From the worker's thread to ours.

    def _report_voices(self, news: str) -> None:
        """One engine stands in for another."""
        turn_id = self._worker.turn_id if self._worker is not None else ""
        self.get_logger().warning(of_turn(turn_id, news))

    def _keep_result(self, result: Result) -> None:
        self._results.append(result)
        self._wake.trigger()

    def _take_results(self) -> None:
        while self._results:
            result = self._results.popleft()
            if self._queue is None or self._synthesizer is None:
                continue
            if result.samples is not None:
                self._queue.synthesized(
                    result.job.key, result.samples, self._synthesizer.sample_rate, result.words, result.by
                )
            else:
                if result.problem:
                    told = f"a sentence was not spoken. {result.problem}"
                    self.get_logger().error(of_turn(result.job.turn_id, told))
                self._queue.synthesis_ended(result.job.key, result.problem, result.seconds)
            self._go_on()

    # What goes out.

    def _go_on(self) -> None:
        if self._queue is None or self._worker is None:
            return
        step = self._queue.step(time.monotonic())
        for chunk in step.chunks:
            self._audio.publish(self._message_of(chunk))
        for job in step.jobs:
            self._worker.submit(job)
        for ended in step.ended:
            self._report(ended)

    def _message_of(self, chunk: Chunk) -> AudioChunk:
        message = AudioChunk(
            stream_id=chunk.stream_id,
            sequence=chunk.sequence,
            sample_rate=chunk.sample_rate,
            channels=1,
            is_last=chunk.is_last,
            data=array.array("h", chunk.samples.tobytes()),
        )
        message.header.stamp = self.get_clock().now().to_msg()
        return message

    def _report(self, ended: Ended) -> None:
        self._flushes.update(ended.flushes)
        self._spoken_replies += 1
        self._interrupted_replies += ended.is_interrupted
        if ended.problem:
            self._last_problem, self._failed_at = ended.problem, time.monotonic()
            told = f"reply {ended.reply_id} was cut short: {ended.problem.rstrip('.')}."
            self.get_logger().warning(of_turn(ended.turn_id, told))
        elif not ended.is_interrupted:
            self._failed_at = None
        now = self.get_clock().now().to_msg()
        if not ended.is_announced:
            status = PlaybackStatus(
                stream_id=ended.reply_id,
                samples_played=ended.samples_played,
                sample_rate=self._synthesizer.sample_rate if self._synthesizer is not None else 0,
                is_finished=True,
                is_interrupted=ended.is_interrupted,
            )
            status.header.stamp = now
            self._playback.publish(status)
        spoken = SpokenText(
            turn_id=ended.turn_id,
            reply_id=ended.reply_id,
            text=ended.spoken_text,
            is_interrupted=ended.is_interrupted,
            voices=list(ended.voices),
        )
        spoken.header.stamp = now
        self._spoken.publish(spoken)
        self._say.end(ended)
        if ended.problem and not ended.spoken_text:  # who waits for an answer is told that none comes
            self._signs += 1
            self._give_sign(f"sign-{self._signs}", "error")

    def _health(self) -> health.Health:
        queue = self._queue
        if queue is None or self._synthesizer is None:
            return health.Health("ok", "not active")
        values: dict[str, object] = {
            "voice": speaker_of(self._synthesizer),
            "synthesis by audio time": f"{queue.pace.rtf:.3f}",
            "replies": self._spoken_replies,
            "interrupted": self._interrupted_replies,
        }
        values |= {f"segments: {reason}": count for reason, count in sorted(self._flushes.items())}
        if self._last_problem:
            values["last problem"] = self._last_problem
        if self._failed_at is not None and time.monotonic() - self._failed_at < FAILED_S:
            told = f"The last reply was not spoken in whole: {self._last_problem}. {FAILED_FIX}"
            return health.Health("warn", told, values)
        return health.Health("ok", "speaks" if not queue.is_idle else "quiet", values)


def main() -> None:
    """Run the node until a signal ends it."""
    spin.main(TtsNode)
