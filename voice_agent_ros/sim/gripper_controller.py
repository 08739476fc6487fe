# SPDX-License-Identifier: Apache-2.0
"""Stand-in for ros2_control's gripper_action_controller, on simulated time and without ROS.

A goal ends when the fingers are there (`reached_goal`) or have stood still for a while on something
(`stalled`). Unlike in the original the command moves at a limited speed, max_effort limits the force, and a
cancel keeps the force that holds an object.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from voice_agent_ros.sim.faults import Fault, Faults

GOAL_TOLERANCE_M = 0.002
STALL_VELOCITY = 0.002  # m/s
STALL_TIMEOUT_S = 0.25
COMMAND_SPEED = 0.12  # m/s
RANGE_SLACK_M = 1e-4  # rounding of clients that ask for a limit


@dataclass(frozen=True)
class GripperState:
    """As control_msgs/GripperCommand's feedback and result.

    Attributes:
        position: opening of one finger, m.
        effort: force of one finger, N; positive opens.
    """

    position: float
    effort: float
    stalled: bool = False
    reached_goal: bool = False


@dataclass(frozen=True)
class GripperResult:
    """How a goal ended.

    Attributes:
        is_successful: reached its position, or stalled where stalling is allowed.
        reason: why it was given up, if it was.
    """

    state: GripperState
    is_successful: bool
    reason: str = ""


OnDone = Callable[[GripperResult], None]


@dataclass
class _Running:
    target: float
    on_done: OnDone
    moved_at: float | None = None


class GripperController:
    """Moves the fingers to a position. Not thread-safe: its owner serialises the calls.

    Args:
        low: closed, m.
        high: open, m.
        position: where the fingers are at first, m.
        max_effort: force of a goal that names none, N.
        is_stalling_allowed: a stall, which is how a gripper holds an object, is a success.
        faults: what shall go wrong; may be changed at any time.
    """

    def __init__(
        self,
        low: float,
        high: float,
        position: float,
        max_effort: float = 30.0,
        is_stalling_allowed: bool = True,
        faults: Faults | None = None,
    ) -> None:
        self.faults = faults or Faults()
        self._low, self._high = low, high
        self._largest_effort = max_effort
        self._is_stalling_allowed = is_stalling_allowed
        self._command = self._target = position
        self._running: _Running | None = None
        self._state = GripperState(position, 0.0)
        self._updated: float | None = None
        self.max_effort = max_effort

    @property
    def state(self) -> GripperState:
        """The fingers at the last update."""
        return self._state

    def rejection(self, position: float, max_effort: float = 0.0) -> str:
        """Why a goal cannot be accepted, or ""."""
        if self.faults.gripper is Fault.REJECT:
            return "the controller was told to reject goals (fault on demand)"
        if not (math.isfinite(position) and math.isfinite(max_effort)):
            return "position and max_effort must be finite"
        if not self._low - RANGE_SLACK_M <= position <= self._high + RANGE_SLACK_M:
            return f"position {position} m is not within {self._low} to {self._high} m"
        return ""

    def start(self, position: float, max_effort: float = 0.0, on_done: OnDone | None = None) -> None:
        """Go to an accepted position; a running goal is replaced. max_effort 0: all that the gripper has."""
        self._finish(False, "Replaced by a newer command.")
        self._target = min(max(position, self._low), self._high)
        self.max_effort = min(max_effort, self._largest_effort) if max_effort > 0.0 else self._largest_effort
        self._running = _Running(self._target, on_done or (lambda _: None))

    def cancel(self, reason: str = "Canceled.") -> None:
        """Give the goal up. The fingers keep the force that they have: what is held stays held."""
        if self._running is not None:
            self._target = self._command
            self._finish(False, reason)

    def update(self, now: float, position: float, velocity: float, effort: float) -> float:
        """Position command for this moment, from the motion measured."""
        step = 0.0 if self._updated is None else COMMAND_SPEED * (now - self._updated)
        self._updated = now
        if self.faults.gripper is Fault.FREEZE:
            self._state = GripperState(position, effort)
            return self._command
        self._command += max(-step, min(step, self._target - self._command))
        running = self._running
        if running is None:
            self._state = GripperState(position, effort, self._state.stalled, self._state.reached_goal)
            return self._command
        if running.moved_at is None or abs(velocity) > STALL_VELOCITY:
            running.moved_at = now
        is_there = abs(position - running.target) < GOAL_TOLERANCE_M
        is_stalled = not is_there and now - running.moved_at > STALL_TIMEOUT_S
        self._state = GripperState(position, effort, is_stalled, is_there)
        if self.faults.gripper is Fault.ABORT:
            self._target = self._command
            self._finish(False, "Aborted (fault on demand).")
        elif is_there:
            self._finish(True, "")
        elif is_stalled:
            self._finish(self._is_stalling_allowed, "" if self._is_stalling_allowed else "Stalled.")
        return self._command

    def _finish(self, is_successful: bool, reason: str) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.on_done(GripperResult(self._state, is_successful, reason))
