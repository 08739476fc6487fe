# SPDX-License-Identifier: Apache-2.0
"""A person before the bridge's ROS interfaces, and nodes that spin in threads of their own."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.action import ActionClient
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from until import until
from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.msg import BridgeState, Intent, PlaybackStatus, SkillCall, StopRequest, Transcript
from voice_agent_ros.srv import Confirm

from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.spin import destroy_node
from voice_agent_ros.share import shared_file

TIMEOUT_S = 30.0


def wait(future: Any) -> Any:
    return until(future.done) and future.result()


class Spinning:
    """Nodes in a thread each; ended in reverse order."""

    def __init__(self) -> None:
        self._running: list[tuple[Node, SingleThreadedExecutor, threading.Thread]] = []

    def __call__(self, node: Any) -> Any:
        executor = SingleThreadedExecutor()
        executor.add_node(node)

        def spin() -> None:
            with contextlib.suppress(ExternalShutdownException):
                executor.spin()

        thread = threading.Thread(target=spin, daemon=True)
        thread.start()
        self._running.append((node, executor, thread))
        return node

    def end(self) -> None:
        for node, executor, thread in reversed(self._running):
            if hasattr(node, "close"):
                node.close()
            executor.shutdown(timeout_sec=2.0)
            thread.join(2.0)
            destroy_node(node)


class Person(Node):
    """Says sentences, sends intents made of them, and watches."""

    def __init__(self) -> None:
        super().__init__("person")
        self.intents = ActionClient(self, ExecuteIntent, "execute_intent")
        self.heard = self.create_publisher(Transcript, "speech/transcript", qos.EVENTS)
        self.played = self.create_publisher(PlaybackStatus, "audio/playback", qos.EVENTS)
        self.stopping = self.create_publisher(StopRequest, "stop", qos.EVENTS)
        self.resuming = self.create_client(Trigger, "intent_bridge_node/resume")
        self.confirming = self.create_client(Confirm, "intent_bridge_node/confirm")
        self.states: list[BridgeState] = []
        self.joints: list[JointState] = []
        self.feedback: list[Any] = []
        self.create_subscription(BridgeState, "bridge/state", self.states.append, qos.EVENTS)
        self.create_subscription(JointState, "joint_states", self.joints.append, qos.EVENTS)
        self._turns = 0

    def say(self, text: str, after_s: float = 0.0, language: str = "en") -> str:
        self._turns += 1
        message = Transcript(turn_id=f"turn-{self._turns}", text=text, is_final=True, confidence=0.9)
        message.language = language
        now = self.get_clock().now()
        message.speech_start = (now + rclpy.duration.Duration(seconds=after_s)).to_msg()
        self.heard.publish(message)
        return message.turn_id

    def propose(self, turn: str, skill: str, key: str = "", **arguments: Any) -> Any:
        call = SkillCall(skill=skill, arguments_json=json.dumps(arguments), call_id="0")
        goal = ExecuteIntent.Goal(intent=Intent(turn_id=turn, engine="grammar", calls=[call]))
        goal.idempotency_key = key or turn
        return wait(self.intents.send_goal_async(goal, feedback_callback=self._on_feedback))

    def _on_feedback(self, message: Any) -> None:
        self.feedback.append(message.feedback)

    def result(self, handle: Any) -> Any:
        return wait(handle.get_result_async()).result

    def do(self, text: str, skill: str, **arguments: Any) -> Any:
        return self.result(self.propose(self.say(text), skill, **arguments))

    def phase(self, name: str) -> Any:
        return until(lambda: next((f for f in self.feedback if f.phase == name), None), 5.0)

    def resume(self) -> None:
        assert wait(self.resuming.call_async(Trigger.Request())).success

    def speed(self) -> float:
        return float(np.abs(until(lambda: self.joints)[-1].velocity[:6]).max())

    def height(self) -> float:
        return float(self.joints[-1].position[2])


def parameters(log: Path, **others: Any) -> list[Parameter]:
    values = {
        "urdf_path": str(shared_file("urdf/prim6.urdf")),
        "policy_path": str(shared_file("config/policy.simulation.yaml")),
        "audit_path": str(log),
        **others,
    }
    return [Parameter(name, value=value) for name, value in values.items()]
