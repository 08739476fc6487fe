# SPDX-License-Identifier: Apache-2.0
"""The connections of `voice-agent chat` and `view` with an agent that is faked."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
import rclpy
from geometry_msgs.msg import Point
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from visualization_msgs.msg import Marker, MarkerArray
from voice_agent_ros.msg import (
    AgentState,
    BridgeState,
    Prompt,
    ReplyChunk,
    StopRequest,
    Transcript,
    TurnReport,
)
from voice_agent_ros.srv import Confirm

from voice_agent_ros.commands import chat_link
from voice_agent_ros.commands.chat_link import ChatLink
from voice_agent_ros.commands.ros_session import ros_session
from voice_agent_ros.commands.view_link import ViewLink
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.spin import destroy_node
from voice_agent_ros.telemetry.chat_events import Question, Reply, Said, Status, TurnEnded

TIMEOUT_S = 15.0


class FakeAgent:
    """Notes what it is told; in a context of its own."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("faked_agent", context=self.context)
        self.told: list[str] = []
        self.sessions: list[str] = []
        self.node.create_subscription(Prompt, "prompt", self._on_prompt, qos.EVENTS)
        self.node.create_subscription(
            StopRequest, "stop", lambda one: self.told.append(f"stop {one.scope}"), qos.EVENTS
        )
        self.node.create_service(
            Trigger, "stop_guard_node/stop", lambda _, answer: self._serve("guard", answer)
        )
        self.node.create_service(
            Trigger, "intent_bridge_node/resume", lambda _, answer: self._serve("resume", answer)
        )
        self.node.create_service(
            Confirm,
            "intent_bridge_node/confirm",
            lambda wish, answer: self._serve(f"{wish.nonce} {wish.accept}", answer),
        )
        self.publishers = {
            kind: self.node.create_publisher(kind, topic, profile)
            for kind, topic, profile in (
                (Transcript, "speech/transcript", qos.EVENTS),
                (ReplyChunk, "speech/reply", qos.EVENTS),
                (TurnReport, "turns", qos.EVENTS),
                (BridgeState, "bridge/state", qos.EVENTS),
                (String, "robot_description", qos.STATE),
                (JointState, "joint_states", qos.EVENTS),
                (MarkerArray, "markers", qos.STATE),
            )
        }
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self.executor.spin)
        self.thread.start()

    def _on_prompt(self, message: Prompt) -> None:
        self.told.append(message.text)
        self.sessions.append(message.session_id)

    def _serve(self, name: str, answer: Any) -> Any:
        self.told.append(name)
        answer.success = True
        return answer

    def close(self) -> None:
        self.executor.shutdown()
        self.thread.join(5.0)
        destroy_node(self.node)
        rclpy.shutdown(context=self.context)


@pytest.fixture
def agent():
    made = FakeAgent()
    yield made
    made.close()


def wait(condition) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_two_consoles_are_two_sessions(agent):
    with ros_session("") as session:
        ada, bob = ChatLink(session.node), ChatLink(session.node)
        with session.spinning():
            for count, console in enumerate((ada, bob, ada), 1):
                wait(lambda console=console: console.say("go up"))
                wait(lambda count=count: len(agent.sessions) == count)
    assert agent.sessions == [ada.session_id, bob.session_id, ada.session_id]
    assert len({*agent.sessions, ""}) == 3


def test_words_and_wishes_arrive(agent):
    events = []
    with ros_session("") as session:
        link = ChatLink(session.node)
        link.tell = events.append
        with session.spinning():
            wait(lambda: link.say("go up"))
            wait(lambda: "go up" in agent.told)
            wait(link.stop)
            wait(lambda: {"stop all", "guard"} <= set(agent.told) or not link.stop())
            wait(link.resume)
            wait(lambda: "resume" in agent.told)
            messages = (
                Transcript(turn_id="t", text="go up", is_final=True),
                ReplyChunk(reply_id="e", kind=ReplyChunk.KIND_EARCON, is_last=True),
                ReplyChunk(reply_id="r", text="Done.", kind=ReplyChunk.KIND_ANSWER, is_last=True),
                TurnReport(turn_id="t", outcome="done"),
                BridgeState(is_latched=True, latch_reason="spoken stop"),
            )
            wait(lambda: all(agent.publishers[type(one)].get_subscription_count() for one in messages))
            for message in messages:
                agent.publishers[type(message)].publish(message)
            wait(lambda: len(events) >= 4)
    kinds = {type(event): event for event in events}
    assert kinds[Said].text == "go up"
    assert kinds[Reply] == Reply("r", "Done.", "answer", is_last=True)
    assert kinds[TurnEnded].turn.outcome == "done"
    assert kinds[Status].latch == "spoken stop"


def test_ones_own_words_others_and_spoken_ones_are_told_apart(agent):
    events = []
    with ros_session("") as session:
        link = ChatLink(session.node)
        link.tell = lambda event: events.append(event) if isinstance(event, Said) else None
        with session.spinning():
            words = agent.publishers[Transcript]
            wait(words.get_subscription_count)
            for said in (
                Transcript(session_id=link.session_id, text="go up", is_final=True),
                Transcript(session_id="another console", text="go down", is_final=True),
                Transcript(session_id="the ears'", text="go"),
                Transcript(session_id="the ears'", text="go home", is_final=True, audio_hash="ab"),
            ):
                words.publish(said)
            wait(lambda: len(events) == 4)
    assert [event.by for event in events] == ["you", "other", "voice", "voice"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_question_is_shown_whichever_of_its_topics_is_first_and_answered(agent, order):
    events = []
    words = ReplyChunk(reply_id="confirm-1", text="Shall I?", kind=ReplyChunk.KIND_QUESTION, is_last=True)
    messages = (words, BridgeState(pending_nonce="confirm-1"))
    with ros_session("") as session:
        link = ChatLink(session.node)
        link.tell = lambda event: events.append(event) if isinstance(event, Question) else None
        with session.spinning():
            wait(lambda: all(agent.publishers[type(one)].get_subscription_count() for one in messages))
            for number in order:
                agent.publishers[type(messages[number])].publish(messages[number])
                time.sleep(0.1)
            wait(lambda: Question("confirm-1", "Shall I?") in events)
            wait(lambda: link.answer("confirm-1", accept=False))
            wait(lambda: "confirm-1 False" in agent.told)
            agent.publishers[BridgeState].publish(BridgeState())
            wait(lambda: events[-1] == Question())


def test_whoever_is_gone_is_told(agent, monkeypatch):
    """The last word of a node that was killed stays on the screen: it must not pass for the present."""
    monkeypatch.setattr(chat_link, "SILENT_S", 0.5)
    told = []
    supervisor = agent.node.create_publisher(AgentState, "state", qos.STATE)
    with ros_session("") as session:
        link = ChatLink(session.node)
        link.tell = told.append
        with session.spinning():
            wait(agent.publishers[BridgeState].get_subscription_count)
            supervisor.publish(AgentState(state="degraded", message="asr_node: no weights"))
            wait(lambda: Status("degraded: asr_node: no weights", "") in told)
            agent.publishers[BridgeState].publish(BridgeState(is_latched=True, latch_reason="service"))
            wait(lambda: told[-1].latch == "service")
            wait(lambda: "intent_bridge_node is silent. See: voice-agent doctor" in told[-1].agent)
            agent.publishers[BridgeState].publish(BridgeState())
            wait(lambda: told[-1] == Status("degraded: asr_node: no weights", ""))
            monkeypatch.setattr(chat_link, "SILENT_S", 60.0)
            agent.node.destroy_publisher(supervisor)
            wait(lambda: "supervisor_node is gone" in told[-1].agent)


def test_a_viewer_sees_the_arm_and_the_lines_of_rviz(agent):
    with ros_session("") as session:
        link = ViewLink(session.node)
        with session.spinning():
            mesh = '<mesh filename="package://voice_agent_ros/a.stl"/><mesh filename="package://nobody_has_it/b.stl"/>'
            agent.publishers[String].publish(String(data=mesh))
            wait(
                lambda: (
                    "/share/voice_agent_ros/a.stl" in link.urdf
                    and "package://nobody_has_it/b.stl" in link.urdf
                )
            )
            wait(agent.publishers[JointState].get_subscription_count)
            agent.publishers[JointState].publish(JointState(name=["a", "b"], position=[0.5, 0.25]))
            wait(lambda: link.look.joints == {"a": 0.5, "b": 0.25})
            way = Marker(ns="path", type=Marker.LINE_STRIP, points=[Point(x=x) for x in (0.0, 1.0, 2.0)])
            agent.publishers[MarkerArray].publish(MarkerArray(markers=[way]))
            wait(lambda: link.look.lines)
            assert [x for x, *_ in link.look.lines["path/0"].points] == [0.0, 1.0, 1.0, 2.0]
            way.action = Marker.DELETE
            agent.publishers[MarkerArray].publish(MarkerArray(markers=[way]))
            wait(lambda: not link.look.lines["path/0"].points)


def test_thoughts_are_shown_on_wish():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("faked_model", context=context)
    thoughts = node.create_publisher(ReplyChunk, "thoughts", qos.EVENTS)
    with ros_session("") as session:
        events = []
        ChatLink(session.node)
        assert thoughts.get_subscription_count() == 0
        ChatLink(session.node, thoughts=True).tell = events.append
        with session.spinning():
            wait(thoughts.get_subscription_count)
            thoughts.publish(ReplyChunk(reply_id="t", text="Hm.", kind=ReplyChunk.KIND_TEXT, is_last=True))
            wait(lambda: events)
    assert events == [Reply("t", "Hm.", "thought", is_last=True)]
    destroy_node(node)
    rclpy.shutdown(context=context)


def test_without_an_agent_nobody_hears():
    with ros_session("nobody_is_here") as session:
        link = ChatLink(session.node)
        assert not link.say("hello")
        assert not link.stop()
        assert not link.resume()
