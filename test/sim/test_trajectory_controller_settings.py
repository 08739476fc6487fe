# SPDX-License-Identifier: Apache-2.0
"""What settings and faults change about the stand-in of joint_trajectory_controller."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trajectory_client import DT, JOINTS, STOP_DECELERATION, Client, accelerations, to

from voice_agent_ros.sim.faults import Fault, Faults
from voice_agent_ros.sim.trajectory import Point
from voice_agent_ros.sim.trajectory_controller import TrajectoryController
from voice_agent_ros.sim.trajectory_goal import Goal, Options, Outcome, Tolerance


def test_fault_reject() -> None:
    rejection = TrajectoryController(JOINTS, np.zeros(2), Faults(Fault.REJECT)).rejection(to(0.0, 0.0), 0.0)
    assert rejection is not None
    assert "fault" in rejection.reason


def test_fault_abort() -> None:
    client = Client(Fault.ABORT)
    client.send(to(1.0, 1.0))
    client.run(1.0)
    assert client.outcome is Outcome.PATH_TOLERANCE_VIOLATED
    assert client.path[-1][0] < 0.8


def test_fault_freeze_never_ends_by_itself_but_can_be_canceled() -> None:
    client = Client(Fault.FREEZE)
    client.send(to(1.0, 1.0))
    client.run(5.0)
    assert client.outcomes == []
    assert np.allclose(client.path, 0.0)
    client.controller.cancel()
    assert client.outcome is Outcome.CANCELED


def test_fault_lag_violates_a_path_tolerance_and_stops_at_once_on_cancel() -> None:
    client = Client(Fault.LAG)
    client.send(to(1.0, 0.0, path_tolerance={"a": Tolerance(0.1)}))
    client.run(1.0)
    assert client.outcome is Outcome.PATH_TOLERANCE_VIOLATED
    client = Client(Fault.LAG)
    client.send(to(1.0, 0.0))
    client.run(0.5)
    behind = client.path[-1][0]
    client.controller.cancel()
    client.run(3.0)
    assert client.path[-1][0] < behind + 0.1


def test_hold_stops_at_once_where_the_joints_are() -> None:
    client = Client(lag=20, options=Options(stop="hold"))
    client.send(to(1.0, 0.5))
    client.run(0.5)
    measured = client.controller.state.position.copy()
    client.controller.cancel()
    client.run(0.2)
    assert client.outcome is Outcome.CANCELED
    assert np.allclose(client.path[-1], measured), "it goes back to what was measured, and abruptly"
    assert accelerations(client.path).max() > 10 * STOP_DECELERATION


def test_some_of_the_joints_where_that_is_allowed() -> None:
    client = Client(options=Options(allow_partial_joints=True))
    client.send(to(0.3, 0.2))
    client.run(1.2)
    client.send(Goal(("b",), [Point((0.7,), 1.0, (0.0,), (0.0,))]))
    client.run(1.2)
    assert np.allclose(client.path[-1], (0.3, 0.7))
    for names in ((), ("c",), ("b", "b")):
        goal = Goal(names, [Point((0.0,) * len(names), 1.0)])
        assert client.controller.rejection(goal, client.now).code is Outcome.INVALID_JOINTS  # type: ignore[union-attr]


def test_an_end_in_motion_where_that_is_allowed() -> None:
    goal = Goal(JOINTS, [Point((0.1, 0.0), 1.0, velocities=(0.1, 0.0))])
    assert TrajectoryController(JOINTS, np.zeros(2)).rejection(goal, 0.0) is not None
    options = Options(allow_end_velocity=True)
    assert TrajectoryController(JOINTS, np.zeros(2), options=options).rejection(goal, 0.0) is None


def test_efforts_are_rejected() -> None:
    goal = Goal(JOINTS, [Point((0.0, 0.0), 1.0, has_effort=True)])
    rejection = TrajectoryController(JOINTS, np.zeros(2)).rejection(goal, 0.0)
    assert rejection is not None
    assert "effort" in rejection.reason


@pytest.mark.parametrize(
    "nonsense",
    [
        {"path_tolerance": {"nobody": Tolerance(1.0)}},
        {"goal_tolerance": {"a": Tolerance(-2.0)}},
        {"goal_time_tolerance": -0.5},
    ],
)
def test_a_goal_with_senseless_tolerances_has_the_controllers_own(nonsense: dict[str, Any]) -> None:
    wide = {"goal_tolerance": {"a": Tolerance(5.0)}}
    client = Client(obstacle=0.3)
    client.send(to(1.0, 0.0, **(wide | nonsense)))
    client.run(2.2)
    assert client.outcome is Outcome.GOAL_TOLERANCE_VIOLATED


@pytest.mark.parametrize(
    ("velocities", "accelerations_", "middle"),
    [((), (), 0.5), ((0.0, 0.0), (), 0.5), ((0.0, 0.0), (0.0, 0.0), 0.5)],
)
def test_segments_are_as_smooth_as_the_points_allow(
    velocities: tuple[float, ...], accelerations_: tuple[float, ...], middle: float
) -> None:
    client = Client()
    client.send(Goal(JOINTS, [Point((1.0, 1.0), 1.0, velocities, accelerations_)]))
    client.run(0.502)
    assert client.path[-1][0] == pytest.approx(middle, abs=1e-3)
    peak = {0: 1.0, 2: 1.5, 4: 1.875}[len(velocities) + len(accelerations_)]  # linear, cubic, quintic
    assert client.controller.state.desired.velocity[0] == pytest.approx(peak, rel=0.01)


def test_a_query_tells_what_the_trajectory_will_do() -> None:
    client = Client()
    assert client.controller.query(0.0) is None
    client.run(0.1)
    client.send(to(1.0, 0.0))
    setpoint = client.controller.query(client.now - DT + 0.5)
    assert setpoint is not None
    assert setpoint.position[0] == pytest.approx(0.5)
    assert client.controller.query(0.0) is None
    assert client.controller.query(5.0) is None


def test_time_from_start_counts_within_the_trajectory() -> None:
    client = Client()
    client.run(1.0)
    client.send(to(1.0, 0.0))
    client.run(0.25)
    assert client.controller.state.time_from_start == pytest.approx(0.25, abs=2 * DT)


@pytest.mark.parametrize("code", [-1, -2, -3, -4, -5])
def test_fault_abort_with_a_code(code: int) -> None:
    client = Client(Fault.ABORT, abort_error_code=code)
    client.send(to(1.0, 1.0))
    client.run(1.0)
    assert client.outcome.error_code == code


def test_a_frozen_arm_goes_on_without_a_jump() -> None:
    client = Client()
    client.send(to(1.0, 1.0))
    client.run(0.4)
    client.controller.faults = Faults(Fault.FREEZE)
    client.run(DT)
    stood = client.path[-1].copy()
    client.run(2.0)
    assert np.array_equal(client.path[-1], stood)
    client.controller.faults = Faults()
    client.run(0.7)
    assert client.outcome is Outcome.SUCCESSFUL
    assert np.abs(np.diff(client.path, axis=0)).max() / DT < 2.5, "jumped"


def test_an_arm_that_was_late_catches_up() -> None:
    client = Client(Fault.LAG, lag_s=0.3)
    client.send(to(1.0, 0.0, goal_time_tolerance=-1.0))
    client.run(0.6)
    assert client.path[-1][0] < client.controller.state.desired.position[0] - 0.1
    client.controller.faults = Faults()
    client.run(1.0)
    assert client.outcome is Outcome.SUCCESSFUL
    assert np.abs(np.diff(client.path, axis=0)).max() < 0.1


@pytest.mark.parametrize(
    "wrong", [{"gripper": Fault.SLIP}, {"abort_error_code": 0}, {"abort_error_code": -6}, {"lag_s": 0.0}]
)
def test_faults_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"is (no|not) "):
        Faults(**wrong)


def test_a_trajectory_of_the_topic_takes_an_actions_goal_along() -> None:
    client = Client()
    client.send(to(1.0, 1.0))
    client.run(0.3)
    client.controller.start(to(-0.5, 0.0, at=0.6), client.now)
    assert client.outcomes == []
    client.run(0.8)
    assert client.outcome is Outcome.SUCCESSFUL, "the original calls this a success"
    assert np.allclose(client.path[-1], (-0.5, 0.0))
