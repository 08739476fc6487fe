# SPDX-License-Identifier: Apache-2.0
"""What a client can tell about the stand-in of gripper_action_controller, on virtual time."""

from __future__ import annotations

import pytest

from voice_agent_ros.sim.gripper_controller import COMMAND_SPEED, GripperController, GripperResult

DT = 0.002


class Client:
    """Runs a controller with fingers that follow the command until they touch an object."""

    def __init__(self, is_stalling_allowed: bool = True, object_at: float = -1.0) -> None:
        self.controller = GripperController(0.0, 0.045, 0.04, is_stalling_allowed=is_stalling_allowed)
        self.results: list[GripperResult] = []
        self.commands = [0.04]
        self.now = 0.0
        self._object_at = object_at
        self._position = 0.04

    def send(self, position: float, max_effort: float = 0.0) -> None:
        self.controller.start(position, max_effort, self.results.append)

    def run(self, duration: float) -> None:
        for _ in range(round(duration / DT)):
            position = max(self.commands[-1], self._object_at)
            velocity, self._position = (position - self._position) / DT, position
            self.commands.append(self.controller.update(self.now, position, velocity, -5.0))
            self.now += DT

    @property
    def result(self) -> GripperResult:
        assert len(self.results) == 1
        return self.results[0]


def test_reaches_a_position_at_a_limited_speed() -> None:
    client = Client()
    client.send(0.01)
    client.run(0.1)
    assert client.results == []
    assert client.commands[-1] == pytest.approx(0.04 - 0.1 * COMMAND_SPEED, abs=1e-3)
    client.run(0.3)
    assert client.result.is_successful
    assert client.result.state.reached_goal
    assert not client.result.state.stalled


@pytest.mark.parametrize("is_allowed", [True, False])
def test_stalls_on_an_object(is_allowed: bool) -> None:
    client = Client(is_allowed, object_at=0.02)
    client.send(0.0)
    client.run(0.2)
    assert client.results == []
    client.run(1.0)
    assert client.result.is_successful is is_allowed
    assert client.result.state.stalled
    assert not client.result.state.reached_goal
    assert client.result.state.position == pytest.approx(0.02)
    assert client.commands[-1] == pytest.approx(0.0), "keeps pressing"


def test_cancel_keeps_holding() -> None:
    client = Client(object_at=0.02)
    client.send(0.0)
    client.run(0.25)
    command = client.commands[-1]
    assert command < 0.015, "presses on the object"
    client.controller.cancel()
    assert not client.result.is_successful
    client.run(1.0)
    assert client.commands[-1] == command


def test_a_new_command_replaces_the_running_one() -> None:
    client = Client()
    client.send(0.0)
    client.run(0.1)
    client.send(0.04)
    assert not client.result.is_successful
    client.run(0.5)
    assert client.results[1].is_successful


def test_max_effort_is_limited_and_reset() -> None:
    client = Client()
    client.send(0.0, max_effort=8.0)
    assert client.controller.max_effort == 8.0
    client.send(0.0, max_effort=1e6)
    assert client.controller.max_effort == 30.0
    client.send(0.0)
    assert client.controller.max_effort == 30.0


@pytest.mark.parametrize("position", [-0.01, 0.05, float("nan"), float("inf")])
def test_rejects(position: float) -> None:
    assert Client().controller.rejection(position)


def test_rejects_an_effort_that_is_no_number() -> None:
    assert Client().controller.rejection(0.0, float("nan"))
    assert Client().controller.rejection(0.0, 10.0) == ""
