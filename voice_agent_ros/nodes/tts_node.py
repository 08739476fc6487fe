# SPDX-License-Identifier: Apache-2.0
"""Speaks replies: text pieces in, paced audio chunks out, silent at once on a stop. Serves the action say."""

from __future__ import annotations

import array
import time
import uuid
from collections import deque
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from std_msgs.msg import String
from std_srvs.srv import Trigger

from voice_agent_ros.action import Say
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.msg import AudioChunk, PlaybackStatus, ReplyChunk, StopRequest
from voice_agent_ros.nodes import qos, spin, voice_parameters
from voice_agent_ros.nodes.managed import ManagedNode
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.nodes.wakeup import Wakeup
from voice_agent_ros.tts import earcons
from voice_agent_ros.tts.reply import PRIORITIES, Piece
from voice_agent_ros.tts.speech_queue import Chunk, Ended, Limits, SpeechQueue
from voice_agent_ros.tts.synthesis_worker import Result, SynthesisWorker
from voice_agent_ros.tts.synthesizer import Synthesizer, can_voice

PARAMETERS = (
    *voice_parameters.PARAMETERS,
    Parameter("language", "en", "BCP-47 language of replies that name none."),
    Parameter("earcons", True, "Give a short sign when something was heard."),
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
DEADLINE_PERIOD_S = 0.1  # a listener who would have to wait for the end of a sentence is noticed


class TtsNode(ManagedNode):
    """Publishes audio/out; hears speech/reply, stop and audio/playback; serves say and ~/stop."""

    def __init__(self) -> None:
        super().__init__("tts_node")
        declare(self, PARAMETERS)
        self._synthesizer: Synthesizer | None = None
        self._worker: SynthesisWorker | None = None
        self._queue: SpeechQueue | None = None  # while active
        self._results: deque[Result] = deque()  # filled by the worker, whose jobs are bounded
        self._texts = 0  # taken from tts_text
        self._say_goals: dict[str, ServerGoalHandle] = {}
        self._say_results: dict[str, Ended] = {}
        self._audio = self.create_publisher(AudioChunk, "audio/out", qos.AUDIO_OUT)
        self._playback = self.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        # The first, for callbacks that are due together run in this order: a stop must not hit a reply that
        # follows it.
        self.create_subscription(StopRequest, "stop", self._on_stop, qos.EVENTS)
        self.create_subscription(ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS)
        self.create_subscription(PlaybackStatus, "audio/playback", self._on_playback, qos.EVENTS)
        self.create_subscription(String, "tts_text", self._on_text, qos.EVENTS)
        self.create_service(Trigger, "~/stop", self._on_stop_service)
        self._say_server = ActionServer(
            self,
            Say,
            "say",
            execute_callback=self._finish_say,
            goal_callback=self._judge_say,
            handle_accepted_callback=self._begin_say,
            cancel_callback=self._cancel_say,
        )
        self._wake = Wakeup(self, self._take_results)
        self._deadlines = self.create_timer(DEADLINE_PERIOD_S, self._go_on)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Load the synthesizer and warm it up."""
        try:
            self._values = read(self, PARAMETERS)
            begun = time.monotonic()
            self._synthesizer = voice_parameters.load(self._values, self.get_logger().warning)
        except VoiceAgentError as error:
            self.get_logger().error(f"The voice cannot be loaded. {error}")
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(
            f"Voice {self._synthesizer.name} {self._synthesizer.voices[0]} loaded"
            f" in {time.monotonic() - begun:.1f} s."
        )
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Begin to speak what comes from now on."""
        assert self._synthesizer is not None
        values = self._values
        self._worker = SynthesisWorker(self._synthesizer, values.speed, self._keep_result)
        self._queue = SpeechQueue(
            Limits(
                replies=values.max_queue,
                characters=values.max_characters,
                lead_s=values.lead_s,
                chunk_s=values.chunk_s,
                playback_timeout_s=values.playback_timeout_s,
                text_timeout_s=values.text_timeout_s,
            )
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
            self._give_sign(message.reply_id)
            return
        if message.kind == ReplyChunk.KIND_TEXT:
            return  # for the eye
        self._add(
            Piece(
                reply_id=message.reply_id,
                index=message.index,
                text=message.text,
                is_last=message.is_last,
                kind=message.kind,
                turn_id=message.turn_id,
                is_voiced=self._can_voice(message.language),
            )
        )

    def _on_text(self, message: String) -> None:
        """A text without anything else, as other speech nodes take it."""
        self._texts += 1
        reply_id = f"text-{self._texts}"
        language = self._values.language
        self._add(
            Piece(
                reply_id, 0, message.data, True, ReplyChunk.KIND_NOTICE, reply_id, self._can_voice(language)
            )
        )

    def _give_sign(self, reply_id: str) -> None:
        """At once or not at all: behind speech it would come too late to mean anything."""
        if self._queue is None or not self._queue.is_idle or not self._values.earcons:
            return
        assert self._synthesizer is not None
        rate = self._synthesizer.sample_rate
        self._audio.publish(self._message_of(Chunk(reply_id, 0, earcons.heard(rate), rate, True)))

    def _add(self, piece: Piece) -> None:
        if self._queue is not None:
            self._queue.add(piece, time.monotonic())
            self._go_on()

    def _can_voice(self, language: str) -> bool:
        return self._synthesizer is not None and can_voice(
            self._synthesizer, language or self._values.language
        )

    def _on_stop(self, message: Any) -> None:
        if message.scope != StopRequest.SCOPE_MOTION:  # an unknown scope stops as well
            self._silence()

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

    def _silence(self) -> None:
        if self._queue is not None and self._worker is not None:
            self._queue.stop()
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
        goal = self._say_goals.get(message.stream_id)
        if goal is not None:
            goal.publish_feedback(Say.Feedback(spoken_text=self._queue.heard_text(message.stream_id)))
        self._go_on()

    # From the worker's thread to ours.

    def _keep_result(self, result: Result) -> None:
        self._results.append(result)
        self._wake.trigger()

    def _take_results(self) -> None:
        while self._results:
            result = self._results.popleft()
            if self._queue is None or self._synthesizer is None:
                continue
            if result.samples is not None:
                self._queue.synthesized(result.job.key, result.samples, self._synthesizer.sample_rate)
            else:
                if result.problem:
                    self.get_logger().error(f"A sentence was not spoken. {result.problem}")
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
        if ended.problem:
            self.get_logger().warning(f"Reply {ended.reply_id} was cut short: {ended.problem}.")
        self.get_logger().debug(f"Reply {ended.reply_id}: segments ended by {dict(ended.flushes)}.")
        if not ended.is_announced:
            status = PlaybackStatus(
                stream_id=ended.reply_id,
                samples_played=ended.samples_played,
                sample_rate=self._synthesizer.sample_rate if self._synthesizer is not None else 0,
                is_finished=True,
                is_interrupted=ended.is_interrupted,
            )
            status.header.stamp = self.get_clock().now().to_msg()
            self._playback.publish(status)
        goal = self._say_goals.pop(ended.reply_id, None)
        if goal is not None:
            self._say_results[goal_key(goal)] = ended
            goal.execute()

    # The action.

    def _judge_say(self, request: Any) -> GoalResponse:
        synthesizer = self._synthesizer
        if self._queue is None or synthesizer is None:
            reason = "the node is not active"
        elif request.voice and request.voice not in synthesizer.voices:
            reason = f"there is no voice {request.voice!r}, only {', '.join(synthesizer.voices)}"
        elif request.kind and request.kind not in PRIORITIES:
            reason = f"{request.kind!r} is no kind of reply"
        elif len(self._say_goals) >= self._values.max_queue:
            reason = "too many texts wait to be spoken"
        else:
            return GoalResponse.ACCEPT
        self.get_logger().warning(f"say rejected: {reason}.")
        return GoalResponse.REJECT

    def _begin_say(self, goal: ServerGoalHandle) -> None:
        reply_id = f"say-{goal_key(goal)}"
        self._say_goals[reply_id] = goal
        request = goal.request
        self._add(
            Piece(
                reply_id=reply_id,
                index=0,
                text=request.text,
                is_last=True,
                kind=request.kind or ReplyChunk.KIND_NOTICE,
                turn_id=reply_id,
                is_voiced=self._can_voice(request.language),
                voice=request.voice,
            )
        )

    def _cancel_say(self, goal: ServerGoalHandle) -> CancelResponse:
        if self._queue is not None:
            self._queue.withdraw(f"say-{goal_key(goal)}")
            self._go_on()
        return CancelResponse.ACCEPT

    def _finish_say(self, goal: ServerGoalHandle) -> Any:
        ended = self._say_results.pop(goal_key(goal))
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


def main() -> None:
    """Run the node until a signal ends it."""
    spin.main(TtsNode)
