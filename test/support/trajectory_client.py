# SPDX-License-Identifier: Apache-2.0
"""A client of the stand-in of joint_trajectory_controller, on virtual time."""

from __future__ import annotations

from typing import Any

import numpy as np

from voice_agent_ros.sim.faults import Fault, Faults
from voice_agent_ros.sim.trajectory import Point
from voice_agent_ros.sim.trajectory_controller import TrajectoryController
from voice_agent_ros.sim.trajectory_goal import Goal, Options, Outcome

JOINTS = ("a", "b")
DT = 0.002
STOP_DECELERATION = Options().deceleration


class Client:
    """Runs a controller with joints that follow the command `lag` steps late, or stop at an obstacle."""

    def __init__(
        self,
        fault: Fault = Fault.NONE,
        lag: int = 0,
        obstacle: float = np.inf,
        options: Options | None = None,
        **faults: Any,
    ) -> None:
        self.controller = TrajectoryController(JOINTS, np.zeros(2), Faults(fault, **faults), options=options)
        self.outcomes: list[tuple[Outcome, str]] = []
        self.now = 0.0
        self.path = [np.zeros(2), np.zeros(2)]
        self._lag = lag
        self._obstacle = obstacle

    def send(self, goal: Goal) -> None:
        assert self.controller.rejection(goal, self.now) is None
        self.controller.start(goal, self.now, lambda *outcome: self.outcomes.append(outcome))

    def run(self, duration: float) -> None:
        for _ in range(round(duration / DT)):
            last = max(1, len(self.path) - 1 - self._lag)
            position, before = np.minimum(self.path[last], self._obstacle), self.path[last - 1]
            velocity = np.where(position < self._obstacle, (position - before) / DT, 0.0)
            self.path.append(self.controller.update(self.now, position, velocity).position.copy())
            self.now += DT

    @property
    def outcome(self) -> Outcome:
        (outcome, _), *more = self.outcomes
        assert not more
        return outcome


def to(*positions: float, at: float = 1.0, **keywords: object) -> Goal:
    point = Point(positions, at, velocities=(0.0, 0.0), accelerations=(0.0, 0.0))
    return Goal(JOINTS, [point], **keywords)  # type: ignore[arg-type]


def accelerations(path: list[np.ndarray]) -> np.ndarray:
    return np.abs(np.diff(path, n=2, axis=0)) / DT**2
