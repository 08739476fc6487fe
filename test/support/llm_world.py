# SPDX-License-Identifier: Apache-2.0
"""llm_node among scripted others: a model server, a bridge, a person who plays every reply at once."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import rclpy
from rclpy.action import ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor, SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_msgs.msg import String
from until import until
from vision_msgs.msg import Detection3D, Detection3DArray, ObjectHypothesisWithPose
from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.msg import PlaybackStatus, Prompt, ReplyChunk, StopRequest, Transcript, TurnReport

from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.llm_node import LlmNode
from voice_agent_ros.nodes.spin import destroy_node

TIMEOUT_S = 30.0  # the machine may be busy
NAMES = ("red cube", "green cube", "blue cube", "bowl")
PARAPHRASE = "I'd love to see the blue one end up with the others"


class ScriptedModel:
    """Answers every request with the same deltas, after `delay_s`."""

    def __init__(self) -> None:
        self.deltas: list[dict[str, Any]] = [{"content": "I do not know, sorry about that."}]
        self.delay_s = self.pause_s = 0.0
        self.requests: list[dict[str, Any]] = []
        self.cuts = 0  # replies that somebody did not want to hear to their end
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append(body)
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                time.sleep(outer.delay_s)
                try:
                    for delta in outer.deltas:
                        self.send(delta, None)
                        time.sleep(outer.pause_s)
                    self.send({}, "stop")
                    self.wfile.write(b"data: [DONE]\n\n")
                except OSError:
                    outer.cuts += 1

            def send(self, delta: dict[str, Any], reason: str | None) -> None:
                choice = {"index": 0, "delta": delta, "finish_reason": reason}
                head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
                self.wfile.write(f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode())
                self.wfile.flush()

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
        self.console = self.create_publisher(Prompt, "prompt", qos.EVENTS)
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

    def says(
        self, text: str, *, is_final: bool = True, turn_id: str = "", is_speculative: bool = False
    ) -> str:
        turn_id = turn_id or str(uuid.uuid4())
        now = self.get_clock().now().to_msg()
        message = Transcript(session_id="s", turn_id=turn_id, text=text, is_final=is_final, confidence=0.9)
        message.language, message.audio_hash, message.is_speculative = "en", "00", is_speculative
        message.speech_start = message.speech_end = message.header.stamp = now
        self.transcript.publish(message)
        return turn_id

    def report_of(self, turn_id: str) -> TurnReport | None:
        return next((report for report in self.reports if report.turn_id == turn_id), None)


class World:
    """Everything that a test needs, spinning."""

    def __init__(self) -> None:
        self.model = ScriptedModel()
        # Names of its own: what is left in the graph of a world before would make its action look half there.
        rclpy.init(args=["--ros-args", "-r", f"__ns:=/world_{uuid.uuid4().hex[:8]}"])
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
        until(
            lambda: self.person.count_subscribers("prompt_text") and self.person.count_subscribers("prompt")
        )
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
            destroy_node(node)
        rclpy.try_shutdown()
        self.model.close()
