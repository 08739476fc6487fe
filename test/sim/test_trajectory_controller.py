# SPDX-License-Identifier: Apache-2.0
"""What a client can tell about the stand-in of joint_trajectory_controller, on virtual time."""

from __future__ import annotations

import numpy as np
import pytest
from trajectory_client import JOINTS, STOP_DECELERATION, Client, accelerations, to

from voice_agent_ros.sim.trajectory import Point
from voice_agent_ros.sim.trajectory_controller import TrajectoryController
from voice_agent_ros.sim.trajectory_goal import Goal, Outcome, Tolerance


def test_reaches_the_goal_smoothly() -> None:
    client = Client()
    client.send(to(1.0, -0.5))
    client.run(1.1)
    assert client.outcome is Outcome.SUCCESSFUL
    assert client.outcome.error_code == 0
    assert np.allclose(client.path[-1], (1.0, -0.5))
    assert accelerations(client.path).max() < 6.0  # quintic from rest to rest: 5.77 · distance / duration²


def test_joints_may_come_in_another_order() -> None:
    client = Client()
    client.send(Goal(("b", "a"), [Point((2.0, 1.0), 1.0)]))
    client.run(1.2)
    assert np.allclose(client.path[-1], (1.0, 2.0))


@pytest.mark.parametrize(
    ("goal", "code", "reason"),
    [
        (Goal(("a",), [Point((0.0,), 1.0)]), -2, "don't match the controller joints"),
        (Goal(("a", "a"), [Point((0.0, 0.0), 1.0)]), -2, "don't match the controller joints"),
        (Goal(JOINTS, []), -1, "Empty trajectory"),
        (Goal(JOINTS, [Point((0.0,), 1.0)]), -1, "positions (1) at point #0"),
        (Goal(JOINTS, [Point((), 1.0, velocities=(0.0, 0.0))]), -1, "positions (0) at point #0"),
        (Goal(JOINTS, [Point((0.0, float("nan")), 1.0)]), -1, "not finite"),
        (Goal(JOINTS, [Point((0.0, 0.0), float("inf"))]), -1, "not strictly increasing"),
        (Goal(JOINTS, [Point((0.0, 0.0), -1.0)]), -1, "not strictly increasing"),
        (Goal(JOINTS, [Point((0.0, 0.0), 1.0), Point((0.0, 0.0), 1.0)]), -1, "not strictly increasing"),
        (Goal(JOINTS, [Point((0.0, 0.0), 1.0, velocities=(0.1, 0.0))]), -1, "joint a is not zero"),
        (Goal(JOINTS, [Point((0.0, 0.0), 1.0, velocities=(0.0,))]), -1, "velocities (1) at point #0"),
        (Goal(JOINTS, [Point((0.0, 0.0), 1.0)], start=3.0), -3, "ends in the past"),
    ],
)
def test_rejects(goal: Goal, code: int, reason: str) -> None:
    rejection = TrajectoryController(JOINTS, np.zeros(2)).rejection(goal, now=5.0)
    assert rejection is not None
    assert rejection.code.error_code == code
    assert reason in rejection.reason


def test_a_trajectory_may_begin_later() -> None:
    client = Client()
    client.send(Goal(JOINTS, [Point((0.0, 0.0), 0.0), Point((1.0, 1.0), 1.0)], start=2.0))
    client.run(1.9)
    assert np.allclose(client.path[-1], 0.0)
    client.run(1.2)
    assert client.outcome is Outcome.SUCCESSFUL


def test_a_trajectory_that_has_begun_is_joined_where_it_is_now() -> None:
    client = Client()
    client.run(1.0)
    client.send(Goal(JOINTS, [Point((0.5, 0.5), 0.5), Point((1.5, 1.5), 1.5)], start=0.0))
    client.run(0.1)
    assert client.path[-1][0] == pytest.approx(1.1, abs=0.01)


def test_a_new_goal_replaces_the_running_one_without_a_jump() -> None:
    client = Client()
    client.send(to(1.0, 1.0))
    client.run(0.5)
    client.send(to(0.0, 0.0))
    client.run(1.2)
    assert [outcome for outcome, _ in client.outcomes] == [Outcome.PREEMPTED, Outcome.SUCCESSFUL]
    assert client.outcomes[0][0].error_code == -1
    assert accelerations(client.path).max() < 30.0


@pytest.mark.parametrize("when", [0.1, 0.5, 0.9])
def test_cancel_decelerates_within_bounds_and_holds(when: float) -> None:
    client = Client()
    client.send(to(1.0, 0.5))
    client.run(when)
    client.controller.cancel()
    assert client.outcome is Outcome.CANCELED
    canceled_at = len(client.path)
    client.run(0.3)
    assert accelerations(client.path[canceled_at - 2 :]).max() < STOP_DECELERATION * 1.1
    assert np.array_equal(client.path[-1], client.path[-20])
    assert (np.diff(client.path, axis=0) > -1e-12).all(), "moved back"
    assert client.path[-1][0] - client.path[canceled_at - 1][0] < 0.16


def test_cancel_without_a_goal_does_nothing() -> None:
    client = Client()
    client.controller.cancel()
    client.run(0.1)
    assert client.outcomes == []
    assert np.allclose(client.path, 0.0)


def test_a_goal_during_the_stop_goes_on_from_there() -> None:
    client = Client()
    client.send(to(1.0, 1.0))
    client.run(0.5)
    client.controller.cancel()
    client.run(0.05)
    client.send(to(0.0, 0.0))
    client.run(1.2)
    assert client.outcomes[1][0] is Outcome.SUCCESSFUL
    assert accelerations(client.path).max() < 30.0


def test_path_tolerance() -> None:
    client = Client(lag=50)
    client.send(to(1.0, 0.0, path_tolerance={"a": Tolerance(0.05)}))
    client.run(1.0)
    assert client.outcome is Outcome.PATH_TOLERANCE_VIOLATED
    assert client.outcome.error_code == -4
    assert "violation of a." in client.outcomes[0][1]


def test_path_tolerance_of_velocity() -> None:
    client = Client(lag=50)
    client.send(to(1.0, 0.0, path_tolerance={"a": Tolerance(velocity=0.2)}))
    client.run(1.0)
    assert client.outcome is Outcome.PATH_TOLERANCE_VIOLATED


def test_after_a_violation_it_does_not_press_on() -> None:
    client = Client(obstacle=0.3)
    client.send(to(1.0, 0.0, path_tolerance={"a": Tolerance(0.05)}))
    client.run(1.5)
    assert client.outcome is Outcome.PATH_TOLERANCE_VIOLATED
    assert client.path[-1][0] == pytest.approx(0.3)


def test_goal_tolerance_after_the_time_allowed() -> None:
    client = Client(obstacle=0.3)
    client.send(to(1.0, 0.0, goal_time_tolerance=0.2))
    client.run(1.1)
    assert client.outcomes == []
    client.run(0.2)
    assert client.outcome is Outcome.GOAL_TOLERANCE_VIOLATED
    assert client.outcome.error_code == -5


def test_a_wide_goal_tolerance_is_satisfied() -> None:
    client = Client(obstacle=0.3)
    client.send(to(1.0, 0.0, goal_tolerance={"a": Tolerance(0.8)}))
    client.run(1.1)
    assert client.outcome is Outcome.SUCCESSFUL


def test_a_negative_goal_time_waits_for_ever() -> None:
    client = Client(obstacle=0.3)
    client.send(to(1.0, 0.0, goal_time_tolerance=-1.0))
    client.run(10.0)
    assert client.outcomes == []


def test_feedback_tells_desired_and_actual() -> None:
    client = Client(lag=50)
    client.send(to(1.0, 0.0))
    client.run(0.5)
    state = client.controller.state
    assert state.desired.position[0] == pytest.approx(0.5, abs=0.01)
    assert state.desired.velocity[0] == pytest.approx(1.875, abs=0.01)
    assert state.position[0] < 0.4
