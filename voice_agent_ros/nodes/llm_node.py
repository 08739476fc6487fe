# SPDX-License-Identifier: Apache-2.0
"""The dialogue on ROS: transcripts in, intents and reply text out; see `intent.dialogue`."""

from __future__ import annotations

import queue
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.action import ActionClient
from rclpy.guard_condition import GuardCondition
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.task import Future
from std_msgs.msg import String
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.config_files import config_path
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.intent.dialogue import Dialogue, GoalEvent, Played, Settings
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.intent.skills import SkillCall as Call
from voice_agent_ros.intent.turn import Abortable, Engine, Heard, Piece, Report
from voice_agent_ros.intent.wordings import script_of
from voice_agent_ros.llm.client import ChatRequest, EndpointReport, Event, Failed, LlmClient
from voice_agent_ros.llm.conversation import Conversation
from voice_agent_ros.motion.arm_config import load_arm
from voice_agent_ros.msg import (
    Intent,
    PlaybackStatus,
    ReplyChunk,
    SkillCall,
    StageTiming,
    StopRequest,
    Transcript,
    TurnReport,
)
from voice_agent_ros.nodes import heartbeat, llm_endpoints, qos, sight, spin
from voice_agent_ros.nodes.conversions import objects_of, seconds
from voice_agent_ros.nodes.parameters import Parameter, declare, read

PARAMETERS = (
    *llm_endpoints.PARAMETERS,
    Parameter("language", "auto", "Language of the dialogue.", choices=("auto", "en", "zh")),
    Parameter("arm", "prim6", "Arm file config/arms/<arm>.yaml: the names of its poses."),
    Parameter("arm_path", "", "An arm file elsewhere."),
    Parameter("one_moment_s", 2.5, "Say so when thinking takes longer, s; 0: never.", (0.0, 60.0)),
    Parameter(
        "session_timeout_s", 300.0, "A session that is quiet for so long is forgotten, s.", (1.0, 86400.0)
    ),
    Parameter("history_turns", 4, "Exchanges remembered of a session.", (0, 32)),
    *sight.PARAMETERS,
)
TICK_S = 0.1
MAX_EVENTS = 1000
TYPED_SESSION = "typed"


class LlmNode(LifecycleNode):
    """Adapter between topics, the action `execute_intent`, the model's client and `Dialogue`."""

    def __init__(self) -> None:
        super().__init__("llm_node")
        declare(self, PARAMETERS)
        self._dialogue: Dialogue | None = None
        self._client: LlmClient | None = None
        self._grammars: SentenceGrammars | None = None
        self._sight: sight.Sight | None = None
        self._seen: tuple[SceneObject, ...] = ()
        self._events: queue.Queue[tuple[str, Event]] = queue.Queue(MAX_EVENTS)
        self._wake: GuardCondition = self.create_guard_condition(self._drain)
        self._reply = self.create_publisher(ReplyChunk, "speech/reply", qos.EVENTS)
        self._turns = self.create_publisher(TurnReport, "turns", qos.EVENTS)
        self._transcript = self.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self._intents = ActionClient(self, ExecuteIntent, "execute_intent")
        for kind, topic, callback in (
            (Transcript, "speech/transcript", self._on_transcript),
            (String, "prompt_text", self._on_prompt_text),
            (Detection3DArray, "objects", self._on_objects),
            (PlaybackStatus, "audio/playback", self._on_playback),
            (StopRequest, "stop", self._on_stop),
        ):
            self.create_subscription(kind, topic, callback, qos.EVENTS)
        self.create_timer(TICK_S, self._tick)
        heartbeat.beat(self)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Read the sentences, connect the model and warm it up; a model that is down is no failure."""
        try:
            values = read(self, PARAMETERS)
            self._grammars = SentenceGrammars()
            arm = Path(values.arm_path) if values.arm_path else config_path(f"arms/{values.arm}.yaml")
            self._sight = sight.Sight.of(self, values, load_arm(arm), arm.stem)
            self._client = llm_endpoints.make_client(values, self._on_endpoint)
        except (VoiceAgentError, OSError, ImportError) as error:
            self.get_logger().error(f"The dialogue cannot be set up: {error}")
            return TransitionCallbackReturn.FAILURE
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Begin to answer."""
        if self._grammars is None:
            return TransitionCallbackReturn.FAILURE
        values = read(self, PARAMETERS)
        self._dialogue = Dialogue(
            self._grammars,
            self,
            Conversation(max_turns=values.history_turns, timeout_s=values.session_timeout_s),
            time.monotonic,
            lambda: self.get_clock().now().nanoseconds * 1e-9,
            Settings(values.language, values.one_moment_s),
        )
        return TransitionCallbackReturn.SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Give up what is being thought about."""
        self._end_dialogue()
        return TransitionCallbackReturn.SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Leave the model."""
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def close(self) -> None:
        """End the dialogue and the client's thread."""
        self._end_dialogue()
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _end_dialogue(self) -> None:
        dialogue, self._dialogue = self._dialogue, None
        if dialogue is not None:
            dialogue.close()

    def _on_endpoint(self, report: EndpointReport) -> None:
        if report.news in ("up", "probed"):
            self.get_logger().info(f"Language model at {report.url}: {report.message}")
        elif report.news == "switched":
            self.get_logger().warning(f"The language model at {report.url} answers now: {report.message}")
        else:
            self.get_logger().warning(
                f"The language model at {report.url} is {report.news}: {report.message} Plain commands work without it."
                " Start one (ros2 launch voice_agent_ros xlm_server.launch.py) or set llm_url."
            )

    # Messages in.

    def _on_transcript(self, message: Transcript) -> None:
        if self._dialogue is None:
            return
        if not message.is_final:
            self._dialogue.on_partial(message.turn_id, message.text)
            return
        self._look()  # without a camera nothing else does
        now = self.get_clock().now().nanoseconds * 1e-9
        heard = Heard(
            session_id=message.session_id,
            turn_id=message.turn_id,
            text=message.text,
            language=message.language,
            speech_start=seconds(message.speech_start),
            speech_end=seconds(message.speech_end) or now,
            received_at=now,
            is_typed=not message.audio_hash,
        )
        self._dialogue.on_heard(heard)

    def _on_prompt_text(self, message: String) -> None:
        """Typed words become a turn of their own; they come back by the transcript topic like spoken ones."""
        if self._dialogue is None or not message.data.strip():
            return
        now = self.get_clock().now().to_msg()
        transcript = Transcript(
            session_id=TYPED_SESSION,
            turn_id=str(uuid.uuid4()),
            text=message.data,
            stable_length=len(message.data),
            is_final=True,
            confidence=1.0,
            language=script_of(message.data),
            speech_start=now,
            speech_end=now,
        )
        transcript.header.stamp = now
        self._transcript.publish(transcript)

    def _on_objects(self, message: Detection3DArray) -> None:
        if self._dialogue is not None and self._sight is not None:
            self._sight.has_seen = True
            self._seen = objects_of(message)
            self._look()

    def _look(self) -> None:
        """Tell the dialogue what is there, with what the scene file and taught places add."""
        if self._dialogue is not None and self._sight is not None:
            self._sight.refresh()
            self._dialogue.on_scene(self._sight.scene(self._seen))

    def _on_playback(self, message: PlaybackStatus) -> None:
        if self._dialogue is not None:
            played = Played(
                message.stream_id,
                message.samples_played / (message.sample_rate or 1),
                seconds(message.header.stamp),
                message.is_finished,
                message.is_interrupted,
            )
            self._dialogue.on_played(played)

    def _on_stop(self, message: StopRequest) -> None:
        if self._dialogue is not None:
            self.get_logger().info(f"Stop: {message.source} {message.phrase}")
            self._dialogue.on_stop()

    def _tick(self) -> None:
        if self._dialogue is not None:
            self._dialogue.tick()

    # The model.

    def ask(self, turn_id: str, request: ChatRequest) -> Abortable:
        """Ask the model; its events are brought into this node's thread."""
        assert self._client is not None
        return self._client.chat(request, partial(self._on_chat_event, turn_id))

    def _on_chat_event(self, turn_id: str, event: Event) -> None:
        try:
            self._events.put((turn_id, event), timeout=1.0)
        except queue.Full:
            return  # this node's thread has hung for long; the turn's deadline ends it
        self._wake.trigger()

    def _drain(self) -> None:
        while True:
            try:
                turn_id, event = self._events.get_nowait()
            except queue.Empty:
                return
            if isinstance(event, Failed):
                self.get_logger().error(f"The language model failed ({event.problem}): {event.message}")
            if self._dialogue is not None:
                self._dialogue.on_chat(turn_id, event)

    # The bridge.

    def execute(self, key: str, heard: Heard, engine: Engine, calls: tuple[Call, ...]) -> None:
        """Send a goal to the bridge."""
        if not self._intents.server_is_ready():
            self._later(key, GoalEvent("unavailable", self._now()))
            return
        intent = Intent(
            session_id=heard.session_id, turn_id=heard.turn_id, engine=engine, calls=_messages(calls)
        )
        intent.header.stamp = self.get_clock().now().to_msg()
        goal = ExecuteIntent.Goal(intent=intent, idempotency_key=key)
        sending = self._intents.send_goal_async(goal, feedback_callback=partial(self._on_feedback, key))
        sending.add_done_callback(partial(self._on_goal_response, key))

    def _later(self, key: str, event: GoalEvent) -> None:
        """After the caller's own bookkeeping."""
        assert self.executor is not None
        self.executor.create_task(self._goal_event, key, event)

    def _goal_event(self, key: str, event: GoalEvent) -> None:
        if self._dialogue is not None:
            self._dialogue.on_goal(key, event)

    def _on_goal_response(self, key: str, future: Future) -> None:
        if future.exception() is not None or not future.result().accepted:
            self._goal_event(key, GoalEvent("rejected", self._now()))
            return
        future.result().get_result_async().add_done_callback(partial(self._on_result, key))

    def _on_feedback(self, key: str, message: Any) -> None:
        feedback = message.feedback
        at = seconds(feedback.stamp) or self._now()
        self._goal_event(key, GoalEvent(feedback.phase, at, feedback.message, feedback.nonce))

    def _on_result(self, key: str, future: Future) -> None:
        if future.exception() is not None:
            self._goal_event(key, GoalEvent("lost", self._now()))
            return
        result = future.result().result
        event = GoalEvent("result", self._now(), result.message, outcome=result.outcome, rule=result.rule)
        self._goal_event(key, event)

    # Messages out.

    def say(self, piece: Piece) -> None:
        """Publish a piece of a reply."""
        self._reply.publish(
            ReplyChunk(
                session_id=piece.session_id,
                turn_id=piece.turn_id,
                reply_id=piece.reply_id,
                index=piece.index,
                text=piece.text,
                language=piece.language,
                kind=piece.kind,
                is_last=piece.is_last,
            )
        )

    def stop(self, heard: Heard, words: str) -> None:
        """Publish a stop, at once, beside the goal that asks the bridge for it."""
        request = StopRequest(
            source="typed_text" if heard.is_typed else "final_transcript",
            scope=StopRequest.SCOPE_ALL,
            phrase=words,
            session_id=heard.session_id,
            turn_id=heard.turn_id,
        )
        request.header.stamp = self.get_clock().now().to_msg()
        self._stop.publish(request)

    def report(self, report: Report) -> None:
        """Publish what became of an utterance."""
        message = TurnReport(
            session_id=report.heard.session_id,
            turn_id=report.heard.turn_id,
            heard=report.heard.text,
            language=report.language,
            engine=report.engine,
            calls=_messages(report.calls),
            outcome=report.outcome,
            rule=report.rule,
            reply=report.reply,
            speech_end=_stamp(report.heard.speech_end),
            stages=[
                StageTiming(name=stage.name, start=_stamp(stage.start), end=_stamp(stage.end))
                for stage in report.stages
            ],
        )
        message.header.stamp = self.get_clock().now().to_msg()
        self._turns.publish(message)

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9


def _messages(calls: tuple[Call, ...]) -> list[SkillCall]:
    return [
        SkillCall(skill=call.skill, arguments_json=call.arguments_json(), call_id=call.call_id)
        for call in calls
    ]


def _stamp(at: float) -> Time:
    """ROS time of s; 0.0 stands for never."""
    nanoseconds = round(at * 1e9)
    return Time(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def main() -> None:
    """Run the node alone."""
    spin.main(LlmNode)
