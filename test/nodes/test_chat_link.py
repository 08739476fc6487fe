# SPDX-License-Identifier: Apache-2.0
"""The connection of `voice-agent chat` with an agent that is faked."""

from __future__ import annotations

import threading
import time

import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_msgs.msg import String
from std_srvs.srv import Trigger
from voice_agent_ros.msg import BridgeState, ReplyChunk, StopRequest, Transcript, TurnReport

from voice_agent_ros.commands.chat_link import ChatLink
from voice_agent_ros.commands.ros_session import ros_session
from voice_agent_ros.nodes import qos
from voice_agent_ros.telemetry.chat_events import Reply, Said, Status, TurnEnded

TIMEOUT_S = 15.0


class FakeAgent:
    """Notes what it is told; in a context of its own."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("faked_agent", context=self.context)
        self.told: list[str] = []
        self.node.create_subscription(
            String, "prompt_text", lambda one: self.told.append(one.data), qos.EVENTS
        )
        self.node.create_subscription(
            StopRequest, "stop", lambda one: self.told.append(f"stop {one.scope}"), qos.EVENTS
        )
        self.node.create_service(
            Trigger, "stop_guard_node/stop", lambda _, answer: self._serve("guard", answer)
        )
        self.node.create_service(
            Trigger, "intent_bridge_node/resume", lambda _, answer: self._serve("resume", answer)
        )
        self.publishers = {
            kind: self.node.create_publisher(kind, topic, qos.EVENTS)
            for kind, topic in (
                (Transcript, "speech/transcript"),
                (ReplyChunk, "speech/reply"),
                (TurnReport, "turns"),
                (BridgeState, "bridge/state"),
            )
        }
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self.executor.spin)
        self.thread.start()

    def _serve(self, name: str, answer: Trigger.Response) -> Trigger.Response:
        self.told.append(name)
        answer.success = True
        return answer

    def close(self) -> None:
        self.executor.shutdown()
        self.thread.join(5.0)
        self.node.destroy_node()
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


def test_words_and_wishes_arrive(agent):
    events = []
    with ros_session("") as session:
        link = ChatLink(session)
        with link.listening(events.append):
            wait(lambda: link.say("go up"))
            wait(lambda: "go up" in agent.told)
            wait(link.stop)
            wait(lambda: {"stop all", "guard"} <= set(agent.told) or not link.stop())
            wait(link.resume)
            wait(lambda: "resume" in agent.told)
            wait(lambda: all(one.get_subscription_count() for one in agent.publishers.values()))
            for message in (
                Transcript(turn_id="t", text="go up", is_final=True),
                ReplyChunk(reply_id="e", kind=ReplyChunk.KIND_EARCON, is_last=True),
                ReplyChunk(reply_id="r", text="Done.", kind=ReplyChunk.KIND_ANSWER, is_last=True),
                TurnReport(turn_id="t", outcome="done"),
                BridgeState(is_latched=True, latch_reason="spoken stop"),
            ):
                agent.publishers[type(message)].publish(message)
            wait(lambda: len(events) >= 4)
    kinds = {type(event): event for event in events}
    assert kinds[Said].text == "go up"
    assert kinds[Reply] == Reply("r", "Done.", "answer", is_last=True)
    assert kinds[TurnEnded].turn.outcome == "done"
    assert kinds[Status].latch == "spoken stop"


def test_thoughts_are_shown_on_wish():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("faked_model", context=context)
    thoughts = node.create_publisher(ReplyChunk, "thoughts", qos.EVENTS)
    with ros_session("") as session:
        events = []
        ChatLink(session)
        assert thoughts.get_subscription_count() == 0
        with ChatLink(session, thoughts=True).listening(events.append):
            wait(thoughts.get_subscription_count)
            thoughts.publish(ReplyChunk(reply_id="t", text="Hm.", kind=ReplyChunk.KIND_TEXT, is_last=True))
            wait(lambda: events)
    assert events == [Reply("t", "Hm.", "thought", is_last=True)]
    node.destroy_node()
    rclpy.shutdown(context=context)


def test_without_an_agent_nobody_hears():
    with ros_session("nobody_is_here") as session:
        link = ChatLink(session)
        assert not link.say("hello")
        assert not link.stop()
        assert not link.resume()
