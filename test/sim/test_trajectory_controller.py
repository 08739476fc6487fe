# SPDX-License-Identifier: Apache-2.0
"""What a client can tell about the stand-in of joint_trajectory_controller."""

from __future__ import annotations

import numpy as np
import pytest

from voice_agent_ros.sim.trajectory_controller import (
    STOP_DECELERATION,
    Fault,
    Goal,
    Outcome,
    Point,
    TrajectoryController,
)

JOINTS = ("a", "b")
DT = 0.002


class Client:
    """Runs a controller on virtual time with a plant that follows the command after `lag` s (0: at once)."""

    def __init__(self, fault: Fault = Fault.NONE, lag: int = 0) -> None:
        self.controller = TrajectoryController(JOINTS, np.zeros(2), fault)
        self.outcomes: list[tuple[Outcome, str]] = []
        self.now = 0.0
        self.path = [np.zeros(2)]
        self._lag = lag

    def send(self, goal: Goal) -> None:
        assert self.controller.rejection(goal) == ""
        self.controller.start(goal, self.now, lambda *outcome: self.outcomes.append(outcome))

    def run(self, duration: float) -> None:
        for _ in range(round(duration / DT)):
            measured = self.path[max(0, len(self.path) - 1 - self._lag)]
            self.path.append(self.controller.update(self.now, measured).copy())
            self.now += DT


def to(*positions: float, at: float = 1.0, **keywords: object) -> Goal:
    return Goal(JOINTS, [Point(positions, at, velocities=(0.0, 0.0), accelerations=(0.0, 0.0))], **keywords)


def test_reaches_the_goal_smoothly() -> None:
    client = Client()
    client.send(to(1.0, -0.5))
    client.run(1.1)
    assert client.outcomes == [(Outcome.SUCCESSFUL, "")]
    assert np.allclose(client.path[-1], (1.0, -0.5))
    acceleration = np.diff(client.path, n=2, axis=0) / DT**2
    assert np.abs(acceleration).max() < 6.0  # quintic from rest to rest: 5.77 · distance / duration²


def test_joints_may_come_in_another_order() -> None:
    client = Client()
    client.send(Goal(("b", "a"), [Point((2.0, 1.0), 1.0)]))
    client.run(1.2)
    assert np.allclose(client.path[-1], (1.0, 2.0))


@pytest.mark.parametrize(
    ("goal", "reason"),
    [
        (Goal(("a",), [Point((0.0,), 1.0)]), "not the controller's"),
        (Goal(JOINTS, []), "no points"),
        (Goal(JOINTS, [Point((0.0,), 1.0)]), "1 positions for 2"),
        (Goal(JOINTS, [Point((0.0, float("nan")), 1.0)]), "not finite"),
        (Goal(JOINTS, [Point((0.0, 0.0), 1.0), Point((0.0, 0.0), 1.0)]), "increase strictly"),
        (Goal(JOINTS, [Point((0.0, 0.0), 1.0, velocities=(0.1, 0.0))]), "not zero"),
        (Goal(JOINTS, [Point((0.0, 0.0), 1.0, velocities=(0.0,))]), "derivatives"),
    ],
)
def test_rejects(goal: Goal, reason: str) -> None:
    assert reason in TrajectoryController(JOINTS, np.zeros(2)).rejection(goal)


def test_a_new_goal_replaces_the_running_one_without_a_jump() -> None:
    client = Client()
    client.send(to(1.0, 1.0))
    client.run(0.5)
    client.send(to(0.0, 0.0))
    client.run(1.2)
    assert [outcome for outcome, _ in client.outcomes] == [Outcome.PREEMPTED, Outcome.SUCCESSFUL]
    assert np.abs(np.diff(client.path, axis=0)).max() / DT < 3.0


def test_cancel_decelerates_within_bounds_and_holds() -> None:
    client = Client()
    client.send(to(1.0, 0.5))
    client.run(0.5)
    client.controller.cancel(client.now)
    assert client.outcomes[0][0] is Outcome.CANCELED
    client.run(0.5)
    acceleration = np.diff(client.path[-245:], n=2, axis=0) / DT**2
    assert np.abs(acceleration).max() < STOP_DECELERATION * 1.05
    assert np.allclose(client.path[-1], client.path[-20])
    assert client.path[-1][0] < 0.75


def test_path_tolerance() -> None:
    client = Client(lag=100)
    client.send(to(1.0, 0.0, path_tolerance={"a": 0.05}))
    client.run(1.0)
    assert client.outcomes[0][0] is Outcome.PATH_TOLERANCE_VIOLATED
    assert "a" in client.outcomes[0][1]


def test_goal_tolerance_after_the_time_allowed() -> None:
    client = Client(lag=10_000)
    client.send(to(1.0, 0.0, goal_time_tolerance=0.2))
    client.run(1.1)
    assert client.outcomes == []
    client.run(0.2)
    assert client.outcomes[0][0] is Outcome.GOAL_TOLERANCE_VIOLATED


def test_faults_on_demand() -> None:
    assert "fault" in TrajectoryController(JOINTS, np.zeros(2), Fault.REJECT).rejection(to(0.0, 0.0))
    frozen = Client(Fault.FREEZE)
    frozen.send(to(1.0, 1.0))
    frozen.run(5.0)
    assert frozen.outcomes == []
    aborting = Client(Fault.ABORT)
    aborting.send(to(1.0, 1.0))
    aborting.run(1.0)
    assert aborting.outcomes[0][0] is Outcome.PATH_TOLERANCE_VIOLATED
