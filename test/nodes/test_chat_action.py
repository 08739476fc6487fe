# SPDX-License-Identifier: Apache-2.0
"""The action chat: what other nodes get of the model, and what they cannot do to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from llm_peer import Peer
from llm_world import World
from rclpy.action import ActionClient
from sensor_msgs.msg import CompressedImage
from until import until
from voice_agent_ros.action import Chat

from voice_agent_ros.llm.abilities import SIGHTS

pytestmark = pytest.mark.ros
HELLO = json.dumps([{"role": "user", "content": "Say hello."}])
TOOLS = json.dumps(
    [{"type": "function", "function": {"name": "water", "parameters": {"type": "object", "properties": {}}}}]
)


class Asker:
    """Another node that asks."""

    def __init__(self, world: World) -> None:
        self.client = ActionClient(world.person, Chat, "chat")
        self.feedback: list[Any] = []
        until(self.client.server_is_ready)

    def ask(self, **goal: Any) -> Any:
        goal.setdefault("messages_json", HELLO)
        sent = self.client.send_goal_async(
            Chat.Goal(**goal), feedback_callback=lambda message: self.feedback.append(message.feedback)
        )
        until(sent.done)
        return sent.result()

    def result(self, handle: Any) -> Any:
        assert handle.accepted
        future = handle.get_result_async()
        until(future.done)
        return future.result()


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


@pytest.fixture
def asker(world: World) -> Asker:
    world.start(chat_goals=2)
    # Of a model that is not known yet, the first words may be thoughts, and are held back.
    until(lambda: world.node._client.status()[0].abilities != "not known yet")
    return Asker(world)


def test_text_streams_and_the_whole_comes_at_the_end(world: World, asker: Asker) -> None:
    world.model.deltas = [{"content": "Hello "}, {"content": "there."}]
    answer = asker.result(asker.ask())
    assert answer.status == GoalStatus.STATUS_SUCCEEDED
    assert (answer.result.content, answer.result.problem) == ("Hello there.", "")
    assert (answer.result.finish_reason, answer.result.tool_calls_json) == ("stop", "[]")
    assert 0.0 < answer.result.first_token_s <= answer.result.total_s
    until(lambda: "".join(piece.content for piece in asker.feedback) == "Hello there.")


def test_calls_are_returned_and_nobody_carries_them_out(world: World, asker: Asker) -> None:
    world.model.calls("water", litres="2")
    answer = asker.result(asker.ask(tools_json=TOOLS))
    (call,) = json.loads(answer.result.tool_calls_json)
    assert (call["name"], json.loads(call["arguments"])) == ("water", {"litres": "2"})
    assert not world.bridge.goals
    assert any("water" in str(request) for request in world.model.requests)  # in whatever form it takes tools


def test_a_cancel_ends_the_request_upstream(world: World, asker: Asker) -> None:
    world.model.deltas, world.model.pause_s = [{"content": "word "}] * 200, 0.05
    handle = asker.ask()
    until(lambda: asker.feedback)
    handle.cancel_goal_async()
    answer = asker.result(handle)
    assert (answer.status, answer.result.problem) == (GoalStatus.STATUS_CANCELED, "canceled")
    assert answer.result.content.startswith("word ")
    until(lambda: world.model.cuts == 1)


def test_no_more_than_agreed_at_a_time(world: World, asker: Asker) -> None:
    world.model.deltas, world.model.pause_s = [{"content": "word "}] * 200, 0.05
    first, second, third = (asker.ask() for _ in range(3))
    assert (first.accepted, second.accepted, third.accepted) == (True, True, False)
    for handle in (first, second):
        handle.cancel_goal_async()
        asker.result(handle)
    world.model.pause_s = 0.0
    assert asker.result(asker.ask()).status == GoalStatus.STATUS_SUCCEEDED


@pytest.mark.parametrize(
    ("goal", "complaint"),
    [
        ({"messages_json": ""}, "no JSON"),
        ({"messages_json": "[]"}, "is empty"),
        ({"messages_json": '{"role": "user"}'}, "valid list"),
        ({"messages_json": '[{"role": "boss", "content": "x"}]'}, "0.role"),
        ({"messages_json": '[{"role": "user", "content": NaN}]'}, "no JSON"),
        ({"messages_json": "[" * 100_000}, "no JSON"),
        ({"messages_json": json.dumps([{"role": "user", "content": "x" * 300_000}])}, "too large"),
        ({"tools_json": '[{"type": "function", "function": {"name": "a b"}}]'}, "function.name"),
        ({"max_tokens": 1_000_000}, "8192"),
    ],
)
def test_a_bad_request_is_told_what_to_do(asker: Asker, goal: dict[str, Any], complaint: str) -> None:
    answer = asker.result(asker.ask(**goal))
    assert (answer.status, answer.result.problem) == (GoalStatus.STATUS_ABORTED, "bad_request")
    assert complaint in answer.result.message


def test_its_time_is_limited(world: World, asker: Asker) -> None:
    world.model.deltas, world.model.pause_s = [{"content": "word "}] * 200, 0.05
    answer = asker.result(asker.ask(timeout_s=0.5))
    assert (answer.status, answer.result.problem) == (GoalStatus.STATUS_ABORTED, "too_slow")
    assert answer.result.total_s < 8.0
    until(lambda: world.model.cuts == 1)


def test_without_a_model_it_is_said(world: World) -> None:
    world.start(llm_url="http://127.0.0.1:9/v1")
    asker = Asker(world)
    answer = asker.result(asker.ask())
    assert (answer.status, answer.result.problem) == (GoalStatus.STATUS_ABORTED, "unreachable")
    assert answer.result.message


def test_a_node_that_is_not_active_takes_no_goals(world: World, asker: Asker) -> None:
    world.model.deltas, world.model.pause_s = [{"content": "word "}] * 200, 0.05
    handle = asker.ask()
    until(lambda: asker.feedback)
    world.node.trigger_deactivate()
    assert asker.result(handle).status == GoalStatus.STATUS_ABORTED
    assert not asker.ask().accepted


def test_a_person_is_answered_meanwhile(world: World, asker: Asker) -> None:
    world.model.deltas, world.model.pause_s = [{"content": "word "}] * 200, 0.05
    handle = asker.ask()
    until(lambda: asker.feedback)
    turn_id = world.person.says("open the gripper")
    assert until(lambda: world.person.report_of(turn_id)).outcome == "done"
    handle.cancel_goal_async()
    asker.result(handle)


# Pictures that are only named.


def pointing_at(url: str) -> str:
    part = {"type": "image_url", "image_url": {"url": url}}
    return json.dumps([{"role": "user", "content": [{"type": "text", "text": "What is this?"}, part]}])


def seen(peer: Peer) -> list[str]:
    """What the endpoint was shown by others than the prober."""
    parts = [part for body in peer.questions for one in body["messages"] for part in one["content"]]
    return [
        part["image_url"]["url"] for part in parts if isinstance(part, dict) and part["type"] == "image_url"
    ]


@pytest.fixture
def peer(world: World) -> Iterator[Peer]:
    with Peer(sees=True, words="A red square.") as peer:
        yield peer


RED = f"data:image/png;base64,{SIGHTS['red']}"


def test_the_next_picture_of_a_camera_or_one_of_a_file(world: World, peer: Peer, tmp_path: Path) -> None:
    red = base64.b64decode(SIGHTS["red"])
    (tmp_path / "red.png").write_bytes(red)
    world.start(
        llm_url=peer.url, chat_goals=1, image_topics=["/eye/compressed"], image_directory=str(tmp_path)
    )
    asker = Asker(world)
    camera = world.person.create_publisher(CompressedImage, "/eye/compressed", 1)
    handle = asker.ask(messages_json=pointing_at("topic:/eye/compressed"))
    future = handle.get_result_async()
    picture = CompressedImage(format="png", data=red)
    until(lambda: camera.publish(picture) or future.done())
    assert (future.result().result.problem, future.result().result.content) == ("", "A red square.")
    assert seen(peer) == [RED]
    until(lambda: camera.get_subscription_count() == 0)  # it is looked at once
    answer = asker.result(asker.ask(messages_json=pointing_at(f"file://{tmp_path}/red.png")))
    assert (answer.result.problem, answer.result.content) == ("", "A red square.")
    assert seen(peer) == [RED, RED]
    # A camera that shows nothing can be given up, and is not waited for beyond the goal's time.
    handle = asker.ask(messages_json=pointing_at("topic:/eye/compressed"))
    handle.cancel_goal_async()
    answer = asker.result(handle)
    assert (answer.status, answer.result.problem) == (GoalStatus.STATUS_CANCELED, "canceled")
    late = asker.result(asker.ask(messages_json=pointing_at("topic:/eye/compressed"), timeout_s=0.3))
    assert (late.status, late.result.problem) == (GoalStatus.STATUS_ABORTED, "too_slow")
    assert asker.result(asker.ask()).status == GoalStatus.STATUS_SUCCEEDED


def test_what_may_not_be_sent_is_refused_before_anybody_is_asked(asker: Asker, world: World) -> None:
    for url, advice in {
        "http://127.0.0.1:1/a.png": "image_hosts",
        "file:///etc/hostname": "image_directory",
        "topic:/eye/compressed": "image_topics",
        "data:image/png;base64,AAAA": "one of these",
    }.items():
        answer = asker.result(asker.ask(messages_json=pointing_at(url)))
        assert (answer.status, answer.result.problem) == (GoalStatus.STATUS_ABORTED, "bad_request")
        assert advice in answer.result.message
    assert not any("What is this?" in str(request) for request in world.model.requests)


def test_an_endpoint_without_eyes_refuses(world: World) -> None:
    with Peer(sees=False) as peer:
        world.start(llm_url=peer.url, chat_goals=2)
        asker = Asker(world)
        answer = asker.result(asker.ask(messages_json=pointing_at(RED)))
    assert (answer.result.problem, seen(peer)) == ("no_eyes", [])
    assert "vision" in answer.result.message
