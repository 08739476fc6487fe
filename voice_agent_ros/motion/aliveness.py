# SPDX-License-Identifier: Apache-2.0
"""Whether those who could still say stop are alive, and whether the clock of the world has jumped."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Collection

MAX_COMPANIONS = 32
JUMP_S = 0.25  # more than what a clock daemon slews or a busy computer delays between two looks
AT_ONCE_S = 0.02  # between reading the one clock and the other


class Companions:
    """Heartbeats of other nodes, by name. Only who was alive when a motion began can be lost during it.

    Args:
        timeout_s: silence after which a node counts as lost.
        clock: monotonic time, s.
    """

    def __init__(self, timeout_s: float, clock: Callable[[], float]) -> None:
        self._timeout_s, self._clock = timeout_s, clock
        self._heard_at: OrderedDict[str, float] = OrderedDict()

    def beat(self, name: str) -> None:
        """A node says that it is alive."""
        self._heard_at[name] = self._clock()
        while len(self._heard_at) > MAX_COMPANIONS:
            self._heard_at.popitem(last=False)

    def alive(self) -> frozenset[str]:
        """Names of those who are."""
        return frozenset(name for name in list(self._heard_at) if self._is_alive(name))

    def lost(self, companions: Collection[str]) -> str:
        """One of these that is not alive any more, or ""."""
        return next((name for name in sorted(companions) if not self._is_alive(name)), "")

    def _is_alive(self, name: str) -> bool:
        return self._clock() - self._heard_at.get(name, -1e9) <= self._timeout_s


class HeartWatch:
    """The bridge's heart, as the stop guard hears it.

    Time in which the guard itself did not get to run says nothing about the bridge: on a busy computer what it has missed
    still waits to be heard. Such time is excused, but never for longer than the timeout.

    Args:
        moving_timeout_s: the longest silence while the bridge moves the arm.
        idle_timeout_s: the same while nothing moves: computers are busiest when everything starts.
        period_s: between two looks.
    """

    def __init__(self, moving_timeout_s: float, idle_timeout_s: float, period_s: float) -> None:
        self._moving_s, self._idle_s, self._period_s = moving_timeout_s, idle_timeout_s, period_s
        self._heard_at: float | None = None
        self._looked_at: float | None = None
        self._limit_s = self._excused_s = 0.0
        self._may_be_late = True

    @property
    def is_watching(self) -> bool:
        """It has beaten and was not lost since."""
        return self._heard_at is not None

    def beat(self, now: float, *, is_moving: bool) -> None:
        """A heartbeat was heard."""
        self._heard_at, self._excused_s, self._may_be_late = now, 0.0, True
        self._limit_s = self._moving_s if is_moving else self._idle_s

    def look(self, now: float) -> float:
        """How long the bridge has been silent if it is lost, s; else 0.0. It is lost once."""
        late = 0.0 if self._looked_at is None else now - self._looked_at - 2 * self._period_s
        self._looked_at = now
        if self._heard_at is None:
            return 0.0
        if late > 0.0:
            self._excused_s = min(self._excused_s + late, self._limit_s)
            if self._may_be_late:  # once: what has come meanwhile is heard before the next look
                self._may_be_late = False
                return 0.0
        silence = now - self._heard_at
        if silence - self._excused_s <= self._limit_s:
            return 0.0
        self._heard_at = None
        return silence


class ClockWatch:
    """Compares ROS time with the monotonic clock.

    Args:
        any_rate: ROS time may run faster or slower (simulation); only going back is a jump then.
    """

    def __init__(self, *, any_rate: bool = False) -> None:
        self._any_rate = any_rate
        self._last: tuple[float, float] | None = None

    def compare(self, ros_s: Callable[[], float], monotonic_s: Callable[[], float] = time.monotonic) -> float:
        """Read both clocks, and `look`; where the computer was busy between them, they cannot be compared: 0.0."""
        before = monotonic_s()
        now = ros_s()
        return self.look(now, before) if monotonic_s() - before <= AT_ONCE_S else 0.0

    def look(self, ros_s: float, monotonic_s: float) -> float:
        """By how much ROS time has jumped since the last look, s; 0.0: it has not."""
        last, self._last = self._last, (ros_s, monotonic_s)
        if last is None:
            return 0.0
        gone = ros_s - last[0]
        jump = min(gone, 0.0) if self._any_rate else gone - (monotonic_s - last[1])
        return jump if abs(jump) > JUMP_S else 0.0
