# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ros2_control's gripper_action_controller, on simulated time and without ROS."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

GOAL_TOLERANCE_M = 0.002
STALL_VELOCITY = 0.002  # m/s
STALL_TIMEOUT_S = 0.25
CLOSING_SPEED = 0.12  # m/s of the command


@dataclass(frozen=True)
class GripperResult:
    """As control_msgs/GripperCommand's result, and whether the goal was given up.

    Attributes:
        position: opening of one finger, m.
    """

    position: float
    effort: float
    stalled: bool
    reached_goal: bool
    canceled: bool = False


@dataclass
class _Running:
    target: float
    on_done: Callable[[GripperResult], None]
    still_since: float | None = None


class GripperController:
    """Moves the fingers to a position and reports whether they got there or stalled on something.

    Args:
        low: closed, m.
        high: open, m.
        position: where the fingers are at first, m.
    """

    def __init__(self, low: float, high: float, position: float) -> None:
        self._low, self._high = low, high
        self._command = position
        self._target = position
        self._running: _Running | None = None
        self._last_update: float | None = None

    def rejection(self, position: float) -> str:
        """Why a goal cannot be accepted, or ""."""
        if not math.isfinite(position) or not self._low - 1e-6 <= position <= self._high + 1e-6:
            return f"position {position} m is not within {self._low} to {self._high} m"
        return ""

    def start(self, position: float, on_done: Callable[[GripperResult], None], measured: float) -> None:
        """Go to a position; a running goal is replaced."""
        self._finish(measured, 0.0, stalled=False, canceled=True)
        self._target = position
        self._running = _Running(position, on_done)

    def cancel(self, measured: float) -> None:
        """Give the goal up. The fingers keep the force they have: what is held stays held."""
        self._target = self._command
        self._finish(measured, 0.0, stalled=False, canceled=True)

    def update(self, now: float, measured: float, velocity: float, effort: float) -> float:
        """Position command for this moment."""
        step = CLOSING_SPEED * (now - self._last_update) if self._last_update is not None else 0.0
        self._last_update = now
        self._command += max(-step, min(step, self._target - self._command))
        running = self._running
        if running is None:
            return self._command
        if abs(measured - running.target) < GOAL_TOLERANCE_M:
            self._finish(measured, effort, stalled=False)
        elif abs(velocity) < STALL_VELOCITY and self._command == self._target:
            running.still_since = now if running.still_since is None else running.still_since
            if now - running.still_since > STALL_TIMEOUT_S:
                self._finish(measured, effort, stalled=True)
        else:
            running.still_since = None
        return self._command

    def _finish(self, measured: float, effort: float, *, stalled: bool, canceled: bool = False) -> None:
        running, self._running = self._running, None
        if running is not None:
            reached = abs(measured - running.target) < GOAL_TOLERANCE_M
            running.on_done(GripperResult(measured, effort, stalled, reached, canceled))
