# SPDX-License-Identifier: Apache-2.0
"""Random goals, cancels and faults at random moments: the command never jumps, and every goal ends exactly once."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from voice_agent_ros.sim.faults import Fault, Faults
from voice_agent_ros.sim.trajectory import Point
from voice_agent_ros.sim.trajectory_controller import TrajectoryController
from voice_agent_ros.sim.trajectory_goal import Goal, Options, Outcome

JOINTS = ("a", "b")
DT = 0.004
FASTEST = 40.0  # rad/s; the goals below ask for some 13


def any_goal(random: np.random.Generator, now: float) -> Goal:
    times = np.cumsum(random.uniform(0.3, 1.0, random.integers(1, 4)))
    rates = [(0.0, 0.0)] * int(random.integers(0, 3))  # none, velocities, accelerations as well
    points = [Point(tuple(random.uniform(-1.0, 1.0, 2)), float(time), *rates) for time in times]
    start = float(now + random.uniform(-0.2, 1.0)) if random.random() < 0.3 else None
    return Goal(JOINTS if random.random() < 0.5 else JOINTS[::-1], points, start=start)


@pytest.mark.parametrize("seed", range(30))
def test_nothing_jumps_and_every_goal_ends_once(seed: int) -> None:
    random = np.random.default_rng([5, seed])
    options = Options(stop="hold" if seed % 5 == 0 else "decelerate")
    controller = TrajectoryController(JOINTS, np.zeros(2), options=options)
    endings: list[list[Outcome]] = []
    now, before = 0.0, np.zeros(2)
    for _ in range(1500):
        event = random.random()
        if event < 0.01:
            goal = any_goal(random, now)
            if controller.rejection(goal, now) is None:
                endings.append([])
                controller.start(goal, now, partial(_add, endings[-1]))
        elif event < 0.013:
            controller.cancel()
        elif event < 0.018:
            kinds = [Fault.NONE, Fault.NONE, Fault.LAG, Fault.FREEZE, Fault.ABORT, Fault.REJECT]
            fault = kinds[random.integers(len(kinds))]
            controller.faults = Faults(fault, lag_s=float(random.uniform(0.1, 1.0)))
        position = controller.update(now, before, np.zeros(2)).position.copy()
        assert np.all(np.isfinite(position))
        assert np.max(np.abs(position - before)) <= FASTEST * DT, f"jumped at {now:.3f} s"
        now, before = now + DT, position
    controller.faults = Faults()
    controller.cancel()
    assert endings
    assert all(len(outcomes) == 1 for outcomes in endings)


def _add(outcomes: list[Outcome], outcome: Outcome, reason: Any) -> None:
    outcomes.append(outcome)
    assert reason
