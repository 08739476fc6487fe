# SPDX-License-Identifier: Apache-2.0
"""A bridge that comes and goes: nothing is sent twice, nothing late, and somebody always hears how it ended."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rclpy.clock import Clock

from voice_agent_ros.intent.dialogue_ports import GoalEvent
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.intent.turn import Heard
from voice_agent_ros.nodes import intent_client

pytestmark = pytest.mark.ros
UP = (parse_call("move_by", {"direction": "up", "distance": 0.05}),)
STOP = (parse_call("stop", {}),)


class FakeFuture:
    def __init__(self, value: Any = None) -> None:
        self.value, self.callbacks = value, []

    def exception(self) -> None:
        return None

    def result(self) -> Any:
        return self.value

    def add_done_callback(self, callback: Any) -> None:
        self.callbacks.append(callback)

    def come(self, value: Any) -> None:
        self.value = value
        for callback in self.callbacks:
            callback(self)


class FakeActionClient:
    """Stands for rclpy's."""

    def __init__(self, *_: Any) -> None:
        self.is_there = True
        self.sent: list[tuple[Any, FakeFuture]] = []

    def server_is_ready(self) -> bool:
        return self.is_there

    def send_goal_async(self, goal: Any, feedback_callback: Any) -> FakeFuture:
        self.sent.append((goal, FakeFuture()))
        return self.sent[-1][1]


class World:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(intent_client, "ActionClient", FakeActionClient)
        self.now = 100.0
        self.events: list[tuple[str, GoalEvent]] = []
        executor = SimpleNamespace(create_task=lambda function, *arguments: function(*arguments))
        node: Any = SimpleNamespace(executor=executor, get_clock=Clock)
        self.client = intent_client.IntentClient(
            node, lambda key, event: self.events.append((key, event)), lambda: self.now
        )
        self.bridge: Any = self.client._client

    def says(self, turn: str, calls: Any = UP) -> None:
        self.client.send(turn, Heard("s", turn, "up", "en", 0.0, 0.0, 0.0), "grammar", calls)

    def passes(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.client.tick()

    @property
    def keys(self) -> list[str]:
        return [goal.idempotency_key for goal, _ in self.bridge.sent]

    @property
    def told(self) -> list[tuple[str, str, str]]:
        return [(key, event.phase, event.rule) for key, event in self.events]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_a_bridge_out_of_sight_for_a_moment_is_waited_for(world: World) -> None:
    world.bridge.is_there = False
    world.says("t1")
    world.passes(0.5)
    assert (world.keys, world.told) == ([], [])
    world.bridge.is_there = True
    world.passes(5.0)
    assert world.keys == ["t1"]
    assert world.told == []


def test_a_bridge_that_stays_away_is_said_and_sent_nothing_later(world: World) -> None:
    world.bridge.is_there = False
    world.says("t1")
    world.passes(1.2)
    assert world.told == [("t1", "unavailable", "")]
    world.bridge.is_there = True
    world.passes(5.0)
    assert world.keys == []
    assert len(world.told) == 1


def test_newer_words_are_sent_in_the_place_of_those_that_wait(world: World) -> None:
    world.bridge.is_there = False
    world.says("t1")
    world.passes(0.3)
    world.says("t2")
    world.bridge.is_there = True
    world.passes(2.0)
    assert world.keys == ["t2"]
    assert world.told == [("t1", "result", "interrupted")]


def test_who_goes_on_speaking_or_stops_takes_back_what_waits(world: World) -> None:
    world.bridge.is_there = False
    world.says("t1")
    world.client.give_up(except_for="t1")  # late words of the same turn
    assert world.told == []
    world.client.give_up(except_for="t2")
    world.says("t3")
    world.client.give_up(outcome="stopped", rule="stopped")
    world.bridge.is_there = True
    world.passes(2.0)
    assert world.keys == []
    assert world.told == [("t1", "result", "interrupted"), ("t3", "result", "stopped")]


def test_a_stop_is_never_taken_back(world: World) -> None:
    world.bridge.is_there = False
    world.says("t1", STOP)
    world.client.give_up(outcome="stopped", rule="stopped")
    world.client.give_up(except_for="t2")
    world.bridge.is_there = True
    world.passes(0.2)
    assert world.keys == ["t1"]


def test_of_a_bridge_that_is_gone_nobody_waits_for_the_result(world: World) -> None:
    world.says("t1")
    _, sending = world.bridge.sent[0]
    result = FakeFuture()
    sending.come(SimpleNamespace(accepted=True, get_result_async=lambda: result))
    world.passes(3.0)
    world.bridge.is_there = False
    world.passes(4.0)
    world.bridge.is_there = True  # a moment out of sight is no end
    world.passes(20.0)
    assert world.told == []
    world.bridge.is_there = False
    world.passes(30.0)
    assert world.told == [("t1", "lost", "")]
    assert world.keys == ["t1"]
