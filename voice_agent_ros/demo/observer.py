# SPDX-License-Identifier: Apache-2.0
"""Watches the running agent from outside, on its topics alone, and says when it is ready, busy or done."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from action_msgs.msg import GoalStatusArray
from rclpy.node import Node
from rclpy.qos import qos_profile_action_status_default
from sensor_msgs.msg import CompressedImage, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from vision_msgs.msg import Detection3DArray

from voice_agent_ros.action import ExecuteIntent
from voice_agent_ros.demo.narrator import Narrator
from voice_agent_ros.demo.report import Thing, Turn, World
from voice_agent_ros.demo.turns import turn_of
from voice_agent_ros.msg import (
    AgentState,
    Intent,
    PlaybackStatus,
    ReplyChunk,
    StopRequest,
    Transcript,
    TurnReport,
)
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.conversions import seconds

CONTROLLER_ACTIONS = ("arm_controller/follow_joint_trajectory", "gripper_controller/gripper_cmd")
FEEDBACK = {"planned": "plan", "goal_accepted": "goal", "first_motion": "moves"}


class Observer(Node):
    """Keeps what the report needs. Methods may be called from another thread than the one that spins it."""

    def __init__(self, narrator: Narrator) -> None:
        super().__init__("demo_observer")
        self._narrator = narrator
        self._changed = threading.Condition()
        self.state = AgentState()
        self.turns: list[Turn] = []
        self.failure = ""
        self._world = World()
        self._turn_began: dict[str, World] = {}
        self._goals: dict[str, set[bytes]] = {}
        self._goals_counted = 0
        self._open_turns: set[str] = set()
        self._unplayed_replies: set[str] = set()
        self._reply_text: dict[str, str] = {}
        self._picture: bytes | None = None
        self._subscribe()
        self._next_clip = self.create_client(Trigger, "audio_node/next_clip")
        self._snapshot = self.create_client(Trigger, "sim_arm_node/snapshot")
        self._prompt = self.create_publisher(String, "prompt_text", qos.EVENTS)

    def _subscribe(self) -> None:
        feedback = ExecuteIntent.Impl.FeedbackMessage
        subscriptions = (
            (AgentState, "state", self._on_state, qos.STATE),
            (Transcript, "speech/transcript", self._on_transcript, qos.EVENTS),
            (ReplyChunk, "speech/reply", self._on_reply, qos.EVENTS),
            (PlaybackStatus, "audio/playback", self._on_playback, qos.EVENTS),
            (StopRequest, "stop", self._on_stop, qos.EVENTS),
            (Intent, "intent", self._on_intent, qos.EVENTS),
            (TurnReport, "turns", self._on_turn, qos.EVENTS),
            (feedback, "execute_intent/_action/feedback", self._on_feedback, qos.EVENTS),
            (Detection3DArray, "objects", self._on_objects, qos.EVENTS),
            (JointState, "joint_states", self._on_joints, qos.EVENTS),
            (CompressedImage, "camera/image_raw/compressed", self._on_picture, qos.EVENTS),
        )
        for kind, topic, callback, profile in subscriptions:
            self.create_subscription(kind, topic, callback, profile)
        for action in CONTROLLER_ACTIONS:
            self.create_subscription(
                GoalStatusArray,
                f"{action}/_action/status",
                partial(self._on_goals, action),
                qos_profile_action_status_default,
            )

    # What the conversation waits for.

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until the condition holds. False after the timeout or when something failed."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self.failure) or condition(), timeout_s)
            return not self.failure and condition()

    def fail(self, reason: str) -> None:
        """Something happened that makes waiting pointless; the first reason counts."""
        with self._changed:
            self.failure = self.failure or reason
            self._changed.notify_all()

    def is_idle(self) -> bool:
        """No turn is open and everything that was to be said has been played."""
        return not self._open_turns and not self._unplayed_replies

    @property
    def world(self) -> World:
        """The latest look at the simulation."""
        return self._world

    def play_next_clip(self) -> None:
        """Let the virtual microphone hear the next recording."""
        self._next_clip.call_async(Trigger.Request())

    def type_text(self, text: str) -> None:
        """Say something without the ears."""
        self._prompt.publish(String(data=text))

    def save_picture(self, path: Path, timeout_s: float = 20.0) -> bool:
        """Ask the simulator for a picture and write it as PNG."""
        self._picture = None
        if not self._snapshot.wait_for_service(timeout_s):
            return False
        self._snapshot.call_async(Trigger.Request())
        if not self.wait(lambda: self._picture is not None, timeout_s):
            return False
        assert self._picture is not None
        path.write_bytes(self._picture)
        return True

    # What it sees.

    def _on_state(self, message: AgentState) -> None:
        with self._changed:
            self.state = message
            self._changed.notify_all()
        if message.state == AgentState.FAILED:
            self.fail(message.message)

    def _on_transcript(self, message: Transcript) -> None:
        with self._changed:
            if message.turn_id not in self._turn_began:
                self._turn_began[message.turn_id] = self._world
                self._narrator.speech_began()
            if message.is_final:
                self._open_turns.add(message.turn_id)
            self._changed.notify_all()
        if message.is_final:
            self._narrator.speech_ended(seconds(message.speech_end))
            self._narrator.show("heard", f"“{message.text}”  (confidence {message.confidence:.2f})")
        else:
            self._narrator.show("hears", message.text)

    def _on_intent(self, message: Intent) -> None:
        calls = [
            {"skill": call.skill, "arguments": json.loads(call.arguments_json)} for call in message.calls
        ]
        self._narrator.show("intent", f"{', '.join(map(describe_call, calls))}  [{message.engine}]")

    def _on_feedback(self, message: object) -> None:
        feedback = message.feedback  # type: ignore[attr-defined]
        kind = FEEDBACK.get(feedback.phase)
        if kind is not None and feedback.message:
            self._narrator.show(kind, feedback.message)

    def _on_reply(self, message: ReplyChunk) -> None:
        with self._changed:
            if message.text or not message.is_last:
                self._unplayed_replies.add(message.reply_id)
            text = self._reply_text.pop(message.reply_id, "") + message.text
            if not message.is_last:
                self._reply_text[message.reply_id] = text
            self._changed.notify_all()
        if message.is_last and text.strip():
            kind = "asks" if message.kind == ReplyChunk.KIND_QUESTION else "says"
            self._narrator.show(kind, f"“{text.strip()}”")

    def _on_playback(self, message: PlaybackStatus) -> None:
        if message.is_finished:
            with self._changed:
                self._unplayed_replies.discard(message.stream_id)
                self._changed.notify_all()

    def _on_stop(self, message: StopRequest) -> None:
        self._narrator.show("stop", f"stop requested by {message.source}: {message.phrase}")

    def _on_turn(self, message: TurnReport) -> None:
        with self._changed:
            goals = sum(len(ids) for ids in self._goals.values())
            before = self._turn_began.get(message.turn_id, self._world)
            turn = turn_of(message, goals - self._goals_counted, before, self._world)
            self._goals_counted = goals
            self.turns.append(turn)
            self._open_turns.discard(message.turn_id)
            self._changed.notify_all()
        calls = ", ".join(describe_call(call) for call in turn.calls) or "no motion"
        self._narrator.show("done", f"{turn.outcome}: {calls}  [{turn.engine}]")

    def _on_goals(self, action: str, message: GoalStatusArray) -> None:
        goals = {bytes(status.goal_info.goal_id.uuid) for status in message.status_list}
        self._goals.setdefault(action, set()).update(goals)

    def _on_objects(self, message: Detection3DArray) -> None:
        things = {}
        for detection in message.detections:
            at, size = detection.bbox.center.position, detection.bbox.size
            name = detection.results[0].hypothesis.class_id
            things[name] = Thing((at.x, at.y, at.z), (size.x, size.y, size.z))
        with self._changed:
            self._world = World(things, self._world.joints)
            self._changed.notify_all()

    def _on_joints(self, message: JointState) -> None:
        self._world = World(self._world.things, dict(zip(message.name, message.position, strict=True)))

    def _on_picture(self, message: CompressedImage) -> None:
        with self._changed:
            self._picture = bytes(message.data)
            self._changed.notify_all()


def describe_call(call: Mapping[str, Any]) -> str:
    """`pick(object="red cube")`."""
    arguments = ", ".join(f"{name}={value!r}" for name, value in call["arguments"].items())
    return f"{call['skill']}({arguments})"
