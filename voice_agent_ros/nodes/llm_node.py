# SPDX-License-Identifier: Apache-2.0
"""The dialogue on ROS: transcripts in, intents and reply text out; see `intent.dialogue`."""

from __future__ import annotations

import queue
import time
import uuid
from functools import partial
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from std_msgs.msg import String
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.audio.barge_in import BARGE_IN
from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.intent.dialogue import Dialogue
from voice_agent_ros.intent.dialogue_ports import GoalEvent, Settings
from voice_agent_ros.intent.dialogue_thinking import turn_of_chat
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.intent.skills import SkillCall as Call
from voice_agent_ros.intent.turn import Abortable, Engine, Heard, Piece, Report
from voice_agent_ros.intent.wordings import script_of
from voice_agent_ros.llm.client import ChatRequest, EndpointReport, Event, Failed, LlmClient
from voice_agent_ros.llm.conversation import Conversation
from voice_agent_ros.llm.conversation_file import ConversationFile
from voice_agent_ros.motion.arm_config import arm_file, load_arm
from voice_agent_ros.msg import (
    PlaybackStatus,
    Prompt,
    ReplyChunk,
    SpokenText,
    StopRequest,
    Transcript,
    TurnReport,
    VoiceActivity,
)
from voice_agent_ros.nodes import dialogue_messages as messages
from voice_agent_ros.nodes import heartbeat, llm_endpoints, pictures, qos, sight, spin
from voice_agent_ros.nodes.chat_server import ChatServer
from voice_agent_ros.nodes.conversions import objects_of, seconds
from voice_agent_ros.nodes.intent_client import IntentClient
from voice_agent_ros.nodes.log_lines import of_turn
from voice_agent_ros.nodes.managed import ManagedNode
from voice_agent_ros.nodes.parameters import Parameter, declare, read
from voice_agent_ros.nodes.robot_watch import DIAGNOSTICS, RobotWatch
from voice_agent_ros.nodes.thoughts import ThoughtPublisher
from voice_agent_ros.nodes.wakeup import Wakeup

PARAMETERS = (
    *llm_endpoints.PARAMETERS,
    Parameter("language", "auto", "Language of the dialogue.", choices=("auto", "en", "zh")),
    Parameter("arm", "prim6", "Arm file config/arms/<arm>.yaml: the names of its poses."),
    Parameter("arm_path", "", "An arm file elsewhere."),
    Parameter("one_moment_s", 1.5, "Say so when thinking takes longer, s; 0: never.", (0.0, 60.0)),
    Parameter(
        "session_timeout_s", 300.0, "A session that is quiet for so long is forgotten, s.", (1.0, 86400.0)
    ),
    Parameter("history_turns", 4, "Exchanges remembered of a session.", (0, 32)),
    Parameter("history_tokens", 200, "Tokens in all of them; the oldest are dropped whole.", (0, 8192)),
    Parameter("history_path", "", "File that keeps them over a restart; empty: they are forgotten."),
    Parameter("earcon", True, "Give a sign without words when somebody was heard."),
    Parameter("speculate", True, "Ask the model before the words are final; nothing comes of it until then."),
    Parameter("spoken_characters", 300, "Of an answer; a longer one is offered as text.", (20, 20000)),
    Parameter("tool_rounds", 3, "Calls that the model may make in one turn.", (1, 3)),
    Parameter(
        "tool_results",
        "problems",
        "Outcomes given back to the model: problems it may mend by another call, or all.",
        choices=("off", "problems", "all"),
    ),
    Parameter("chat_goals", 2, "Goals of the action chat at a time; 0: none.", (0, 16)),
    *pictures.PARAMETERS,
    *sight.PARAMETERS,
)
TICK_S = 0.1
DIAGNOSTICS_PERIOD_S = 1.0
MAX_EVENTS = 1000
ANSWER_MARGIN_S = 5.0
TYPED_SESSION = "typed"


class LlmNode(ManagedNode):
    """Adapter between topics, the action `execute_intent`, the model's client and `Dialogue`."""

    def __init__(self) -> None:
        super().__init__("llm_node")
        declare(self, PARAMETERS)
        self._dialogue: Dialogue | None = None
        self._client: LlmClient | None = None
        self._grammars: SentenceGrammars | None = None
        self._sight: sight.Sight | None = None
        self._seen: tuple[SceneObject, ...] = ()
        self._kept: ConversationFile | None = None
        self._conversation = Conversation()
        self._has_mouth = False  # that tells what was heard of each reply
        self._events: queue.Queue[tuple[str, Event]] = queue.Queue(MAX_EVENTS)
        self._wake = Wakeup(self, self._drain)
        self._reply = self.create_publisher(ReplyChunk, "speech/reply", qos.EVENTS)
        self._turns = self.create_publisher(TurnReport, "turns", qos.EVENTS)
        self._transcript = self.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self._stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self._intents = IntentClient(self, self._on_goal_event)
        self._robot = RobotWatch(self)
        self._chats = ChatServer(self, self._wake.trigger)
        self._thoughts = ThoughtPublisher(self)
        for kind, topic, callback in (
            (Transcript, "speech/transcript", self._on_transcript),
            (VoiceActivity, "speech/activity", self._on_activity),
            (Prompt, "prompt", self._on_prompt),
            (String, "prompt_text", self._on_prompt_text),
            (Detection3DArray, "objects", self._on_objects),
            (PlaybackStatus, "audio/playback", self._on_playback),
            (SpokenText, "speech/spoken", self._on_spoken),
            (StopRequest, "stop", self._on_stop),
        ):
            self.create_subscription(kind, topic, callback, qos.EVENTS)
        self._diagnostics = self.create_publisher(DiagnosticArray, DIAGNOSTICS, qos.EVENTS)
        self.create_timer(TICK_S, self._tick)
        self.create_timer(DIAGNOSTICS_PERIOD_S, self._publish_diagnostics)
        heartbeat.beat(self)

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:  # noqa: ARG002
        """Read the sentences, connect the model and warm it up; a model that is down is no failure."""
        try:
            values = read(self, PARAMETERS)
            self._grammars = SentenceGrammars(values.language)
            arm = arm_file(values.arm, values.arm_path)
            self._robot.arm = load_arm(arm)
            self._sight = sight.Sight.of(self, values, self._robot.arm, arm.stem)
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
        self._conversation = Conversation(
            values.history_turns, values.history_tokens, timeout_s=values.session_timeout_s
        )
        self._kept = None
        if values.history_path:
            self._kept = ConversationFile(Path(values.history_path).expanduser(), time.time)
            if problem := self._kept.load(self._conversation, time.monotonic()):
                self.get_logger().warning(problem)
        self._dialogue = Dialogue(
            self._grammars,
            self,
            self._conversation,
            time.monotonic,
            self._now,
            Settings(
                language=values.language,
                one_moment_s=values.one_moment_s,
                earcon=values.earcon,
                speculate=values.speculate,
                spoken_characters=values.spoken_characters,
                tool_rounds=values.tool_rounds,
                tool_results=values.tool_results,
                answer_timeout_s=values.total_timeout_s + ANSWER_MARGIN_S,
            ),
        )
        assert self._client is not None
        client = self._client
        rules = pictures.rules_of(values)
        self._chats.open(client.chat, values.chat_goals, values.total_timeout_s, rules, client.run)
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
        self._chats.close()
        self._intents.give_up()
        if dialogue is not None:
            dialogue.close()
            self._keep_conversation()

    def _keep_conversation(self) -> None:
        if self._kept is None:
            return
        try:
            self._kept.save_if_changed(self._conversation, time.monotonic())
        except VoiceAgentError as error:
            self.get_logger().error(str(error))

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
        if (dialogue := self._dialogue) is None:
            return
        if message.text.strip():
            self._intents.give_up(except_for=message.turn_id)
        if not message.is_final:
            dialogue.on_partial(messages.partial_of(message))
            return
        self._look()  # without a camera nothing else does
        dialogue.on_heard(messages.heard_of(message, self._now()))

    def _on_activity(self, message: VoiceActivity) -> None:
        if (client := self._client) is not None:
            client.somebody_speaks(message.is_speech)
        if (dialogue := self._dialogue) is not None:
            at = seconds(message.header.stamp)
            tell = dialogue.on_speech_begin if message.is_speech else dialogue.on_speech_end
            tell(message.turn_id, at)

    def _on_prompt_text(self, message: String) -> None:
        self._on_prompt(Prompt(text=message.data))

    def _on_prompt(self, message: Prompt) -> None:
        """Typed words become a turn of their own; they come back by the transcript topic like spoken ones."""
        if self._dialogue is None or not message.text.strip():
            return
        now = self.get_clock().now().to_msg()
        transcript = Transcript(
            session_id=message.session_id or TYPED_SESSION,
            turn_id=str(uuid.uuid4()),
            text=message.text,
            stable_length=len(message.text),
            is_final=True,
            confidence=1.0,
            language=script_of(message.text),
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
        if (dialogue := self._dialogue) is not None and self._sight is not None:
            self._sight.refresh()
            dialogue.on_scene(self._sight.scene(self._seen))
            dialogue.on_robot(self._robot.state())

    def _on_playback(self, message: PlaybackStatus) -> None:
        if (dialogue := self._dialogue) is not None:
            dialogue.on_played(messages.played_of(message, words_follow=self._has_mouth))

    def _on_spoken(self, message: SpokenText) -> None:
        if (dialogue := self._dialogue) is not None:
            cut, voices = message.is_interrupted, tuple(message.voices)
            dialogue.on_spoken(message.reply_id, message.text, is_interrupted=cut, voices=voices)

    def _on_stop(self, message: StopRequest) -> None:
        if message.source == BARGE_IN:
            return  # the words themselves have ended what was thought about; they are to be answered
        if (dialogue := self._dialogue) is not None:
            # The words are nobody's business.
            self.get_logger().info(of_turn(message.turn_id, f"stop, by {message.source}."))
            self._intents.give_up(outcome="stopped", rule="stopped")
            dialogue.on_stop(seconds(message.header.stamp))

    def _tick(self) -> None:
        self._chats.tick()
        self._intents.tick()
        if (dialogue := self._dialogue) is not None:
            if (client := self._client) is not None:
                dialogue.expected_wait_s = client.expected_first_text_s("talk") or 0.0
            dialogue.tick()
            self._keep_conversation()

    def _publish_diagnostics(self) -> None:
        self._has_mouth = self.count_publishers("speech/spoken") > 0
        if (client := self._client) is not None:
            message = DiagnosticArray(status=[llm_endpoints.diagnostics(client, self.get_name())])
            message.header.stamp = self.get_clock().now().to_msg()
            self._diagnostics.publish(message)

    # The model.

    def ask(self, chat_id: str, request: ChatRequest) -> Abortable:
        """Ask the model; its events are brought into this node's thread."""
        assert self._client is not None
        return self._client.chat(request, partial(self._on_chat_event, chat_id))

    def _on_chat_event(self, chat_id: str, event: Event) -> None:
        try:
            self._events.put((chat_id, event), timeout=1.0)
        except queue.Full:
            return  # this node's thread has hung for long; the turn's deadline ends it
        self._wake.trigger()

    def _drain(self) -> None:
        self._chats.deliver()
        while True:
            try:
                chat_id, event = self._events.get_nowait()
            except queue.Empty:
                return
            if isinstance(event, Failed):
                told = f"the language model failed ({event.problem}): {event.message}"
                self.get_logger().error(of_turn(turn_of_chat(chat_id), told))
            self._thoughts.take(chat_id, event)
            if (dialogue := self._dialogue) is not None:
                dialogue.on_chat(chat_id, event)

    # The bridge.

    def execute(self, key: str, heard: Heard, engine: Engine, calls: tuple[Call, ...]) -> None:
        """Send a goal to the bridge."""
        self._intents.send(key, heard, engine, calls)

    def _on_goal_event(self, key: str, event: GoalEvent) -> None:
        if (dialogue := self._dialogue) is not None:
            dialogue.on_goal(key, event)

    # Messages out.

    def say(self, piece: Piece) -> None:
        """Publish a piece of a reply."""
        self._reply.publish(messages.reply_message(piece))

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
        message = messages.report_message(report)
        message.header.stamp = self.get_clock().now().to_msg()
        self._turns.publish(message)
        why = f" ({report.rule})" if report.rule else ""
        self.get_logger().info(
            of_turn(message.turn_id, f"{report.outcome}{why}, understood by {report.engine}.")
        )

    def _now(self) -> float:
        return self.get_clock().now().nanoseconds * 1e-9


def main() -> None:
    """Run the node alone."""
    spin.main(LlmNode)
