# SPDX-License-Identifier: Apache-2.0
"""The dialogue through its ROS interfaces, with a scripted bridge and a scripted model server."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import rclpy
from rclpy.action import ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import String
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose
from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.msg import PlaybackStatus, ReplyChunk, StopRequest, Transcript, TurnReport

from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.llm_node import LlmNode

pytestmark = pytest.mark.ros
TIMEOUT_S = 10.0
NAMES = ("red cube", "green cube", "blue cube", "bowl")
PARAPHRASE = "I'd love to see the blue one end up with the others"


def until(condition: Callable[[], Any], timeout_s: float = TIMEOUT_S) -> Any:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError(f"nothing within {timeout_s} s")


class ScriptedModel:
    """Answers every request with the same deltas, after `delay_s`."""

    def __init__(self) -> None:
        self.deltas: list[dict[str, Any]] = [{"content": "I do not know, sorry about that."}]
        self.delay_s = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                time.sleep(outer.delay_s)
                with contextlib.suppress(OSError):
                    for delta in outer.deltas:
                        choice = {"index": 0, "delta": delta, "finish_reason": None}
                        head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
                        self.wfile.write(f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode())
                    self.wfile.write(b"data: [DONE]\n\n")

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def calls(self, name: str, **arguments: str) -> None:
        function = {"name": name, "arguments": json.dumps(arguments)}
        self.deltas = [{"tool_calls": [{"index": 0, "id": "1", "type": "function", "function": function}]}]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class ScriptedBridge(Node):
    """Stands for the intent bridge: gives scripted feedback and a scripted result."""

    def __init__(self) -> None:
        super().__init__("scripted_bridge")
        self.goals: list[Any] = []
        self.feedback: list[tuple[str, str, str]] = [("planned", "I'll do it.", "")]
        self.result = ("done", "", "It is done.")
        self.may_finish = threading.Event()
        self.may_finish.set()
        self._server = ActionServer(
            self, ExecuteIntent, "execute_intent", self._execute, callback_group=ReentrantCallbackGroup()
        )

    def _execute(self, handle: Any) -> Any:
        self.goals.append(handle.request)
        for phase, message, nonce in self.feedback:
            feedback = ExecuteIntent.Feedback(phase=phase, message=message, nonce=nonce)
            feedback.stamp = self.get_clock().now().to_msg()
            handle.publish_feedback(feedback)
        self.may_finish.wait(TIMEOUT_S)
        time.sleep(0.1)  # motion takes time; feedback and result have no order of arrival
        handle.succeed()
        outcome, rule, message = self.result
        return ExecuteIntent.Result(outcome=outcome, rule=rule, message=message)


class Person(Node):
    """Speaks, listens and plays every reply at once, as a loudspeaker would."""

    def __init__(self) -> None:
        super().__init__("person")
        self.replies: list[ReplyChunk] = []
        self.reports: list[TurnReport] = []
        self.transcripts: list[Transcript] = []
        self.stops: list[StopRequest] = []
        self.transcript = self.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self.prompt = self.create_publisher(String, "prompt_text", qos.EVENTS)
        self.stop = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.objects = self.create_publisher(Detection3DArray, "objects", qos.EVENTS)
        self.playback = self.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        self.create_subscription(ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS)
        self.create_subscription(TurnReport, "turns", self.reports.append, qos.EVENTS)
        self.create_subscription(Transcript, "speech/transcript", self.transcripts.append, qos.EVENTS)
        self.create_subscription(StopRequest, "stop", self.stops.append, qos.EVENTS)

    def _on_reply(self, chunk: ReplyChunk) -> None:
        self.replies.append(chunk)
        if chunk.is_last:
            status = PlaybackStatus(
                stream_id=chunk.reply_id, samples_played=16000, sample_rate=16000, is_finished=True
            )
            status.header.stamp = self.get_clock().now().to_msg()
            self.playback.publish(status)

    def shows(self, names: tuple[str, ...]) -> None:
        message = Detection3DArray()
        for name in names:
            detection, result = Detection3D(), ObjectHypothesisWithPose()
            result.hypothesis.class_id, result.hypothesis.score = name, 1.0
            detection.results = [result]
            detection.bbox.size.x = detection.bbox.size.y = detection.bbox.size.z = 0.04
            message.detections.append(detection)
        self.objects.publish(message)

    def says(self, text: str, *, is_final: bool = True) -> str:
        turn_id = str(uuid.uuid4())
        now = self.get_clock().now().to_msg()
        message = Transcript(session_id="s", turn_id=turn_id, text=text, is_final=is_final, confidence=0.9)
        message.language, message.audio_hash = "en", "00"
        message.speech_start = message.speech_end = message.header.stamp = now
        self.transcript.publish(message)
        return turn_id

    def report_of(self, turn_id: str) -> TurnReport | None:
        return next((report for report in self.reports if report.turn_id == turn_id), None)


class World:
    """Everything that a test needs, spinning."""

    def __init__(self) -> None:
        self.model = ScriptedModel()
        rclpy.init()
        self.bridge, self.person = ScriptedBridge(), Person()
        self._spinning: list[tuple[Any, threading.Thread]] = []
        self.spin(self.bridge, MultiThreadedExecutor(2))
        self.spin(self.person, SingleThreadedExecutor())

    def spin(self, node: Node, executor: Any) -> None:
        executor.add_node(node)

        def run() -> None:
            with contextlib.suppress(ExternalShutdownException):
                executor.spin()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._spinning.append((executor, thread))

    def start(self, **parameters: Any) -> LlmNode:
        node = self.node = LlmNode()
        values = {"llm_url": self.model.url, "one_moment_s": 0.0, **parameters}
        node.set_parameters([Parameter(name, value=value) for name, value in values.items()])
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        self.spin(node, SingleThreadedExecutor())
        until(lambda: self.person.count_subscribers("prompt_text"))
        until(lambda: self.person.count_publishers("speech/reply"))
        until(lambda: node.count_publishers("objects") and node.count_publishers("audio/playback"))
        until(node._intents.is_ready)
        until(self._is_seen)
        return node

    def _is_seen(self) -> bool:
        self.person.shows(NAMES)
        time.sleep(0.02)
        return self.node._dialogue._scene.names == NAMES

    def close(self) -> None:
        self.bridge.may_finish.set()
        self.node.close()
        for executor, thread in self._spinning:
            executor.shutdown(timeout_sec=5.0)
            thread.join(5.0)
        for node in (self.node, self.person, self.bridge):
            node.destroy_node()
        rclpy.try_shutdown()
        self.model.close()


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def test_a_spoken_command_becomes_a_goal_and_a_report(world: World) -> None:
    world.start()
    world.bridge.feedback = [
        ("planned", "I'll put it there.", ""),
        ("goal_accepted", "", ""),
        ("first_motion", "", ""),
    ]
    turn_id = world.person.says("Put the red cube in the bowl.")
    report = until(lambda: world.person.report_of(turn_id))
    goal = world.bridge.goals[0]
    assert (goal.intent.turn_id, goal.intent.engine, goal.idempotency_key) == (turn_id, "grammar", turn_id)
    assert json.loads(goal.intent.calls[0].arguments_json) == {"object": "red cube", "target": "bowl"}
    assert (report.outcome, report.reply) == ("done", "It is done.")
    assert [stage.name for stage in report.stages] == [
        "speech",
        "final_transcript",
        "intent",
        "goal_accepted",
        "first_motion",
        "first_audio",
        "done",
    ]
    assert all(stage.end.sec for stage in report.stages)
    assert [chunk.kind for chunk in world.person.replies] == ["notice", "answer"]


def test_a_paraphrase_goes_through_the_model_and_is_asked_back(world: World) -> None:
    world.start()
    world.model.calls("pick_and_place", object="blue cube", target="bowl")
    world.bridge.feedback = [("awaiting_confirmation", "Shall I put the blue cube into the bowl?", "nonce-1")]
    world.bridge.may_finish.clear()
    asking = world.person.says(PARAPHRASE)
    asked = until(lambda: world.person.report_of(asking))
    assert (asked.outcome, asked.engine) == ("asked", "llm")
    question = next(chunk for chunk in world.person.replies if chunk.kind == "question")
    assert question.reply_id == "nonce-1"
    time.sleep(0.05)
    answering = world.person.says("yes")
    until(lambda: world.node._dialogue._question.answering)
    world.bridge.may_finish.set()
    done = until(lambda: world.person.report_of(answering))
    assert (done.outcome, done.engine, done.calls) == ("done", "llm", asked.calls)
    assert len(world.bridge.goals) == 1


def test_a_question_is_answered_by_the_model_and_moves_nothing(world: World) -> None:
    world.start()
    turn_id = world.person.says("What is the capital of France?")
    report = until(lambda: world.person.report_of(turn_id))
    assert report.outcome == "answered"
    assert report.reply == "I do not know, sorry about that."
    assert not world.bridge.goals


def test_typed_text_takes_the_same_path(world: World) -> None:
    world.start()
    world.bridge.result = ("done", "", "红色方块在碗里了。")
    world.person.prompt.publish(String(data="把红色的方块放进碗里"))
    report = until(lambda: world.person.reports and world.person.reports[0])
    transcript = world.person.transcripts[0]
    assert (transcript.is_final, transcript.confidence, transcript.audio_hash) == (True, 1.0, "")
    assert (transcript.language, report.language) == ("zh", "zh")
    assert transcript.turn_id == report.turn_id == world.bridge.goals[0].intent.turn_id
    assert report.outcome == "done"


def test_typed_stop_is_published_and_asked_of_the_bridge(world: World) -> None:
    world.start()
    world.bridge.feedback, world.bridge.result = [], ("stopped", "stopped", "I stopped.")
    world.person.prompt.publish(String(data="stop"))
    report = until(lambda: world.person.reports and world.person.reports[0])
    assert world.person.stops[0].scope == StopRequest.SCOPE_ALL
    assert world.bridge.goals[0].intent.calls[0].skill == "stop"
    assert report.outcome == "stopped"


def test_stop_ends_what_is_being_thought_about(world: World) -> None:
    world.start()
    world.model.calls("pick_and_place", object="blue cube", target="bowl")
    world.model.delay_s = 0.5
    turn_id = world.person.says(PARAPHRASE)
    until(lambda: any(turn.chat for turn in world.node._dialogue._turns))
    world.person.stop.publish(StopRequest(source="button", scope=StopRequest.SCOPE_ALL))
    report = until(lambda: world.person.report_of(turn_id))
    assert report.outcome == "stopped"
    time.sleep(0.6)
    assert not world.bridge.goals


def test_without_a_model_commands_work_and_the_rest_is_excused(world: World) -> None:
    world.start(llm_url="http://127.0.0.1:9/v1")
    first = world.person.says("tell me a story")
    report = until(lambda: world.person.report_of(first))
    assert (report.outcome, report.rule) == ("failed", "llm_unreachable")
    assert "language model does not answer" in report.reply
    second = world.person.says("open the gripper")
    assert until(lambda: world.person.report_of(second)).outcome == "done"


def test_an_inactive_node_does_nothing(world: World) -> None:
    node = world.start()
    assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    world.person.says("open the gripper")
    time.sleep(0.3)
    assert not world.bridge.goals
    assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    turn_id = world.person.says("open the gripper")
    assert until(lambda: world.person.report_of(turn_id)).outcome == "done"


def test_a_missing_key_file_fails_with_the_fix(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    world.start()
    world.node.trigger_deactivate()
    world.node.trigger_cleanup()
    world.node.set_parameters([Parameter("api_key_file", value="/nowhere/key")])
    assert world.node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert "Correct api_key_file" in "".join(capfd.readouterr())
