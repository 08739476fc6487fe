# SPDX-License-Identifier: Apache-2.0
"""Trajectories as joint_trajectory_controller interpolates them: linear, cubic or quintic between points."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Knot = tuple[Vector, Vector | None, Vector | None]


class Spline:
    """Piecewise polynomial through knots (position, velocity, acceleration); None: not given.

    Args:
        times: strictly increasing, s; the first is the start.
        knots: as many as times; all vectors in one order of joints.
    """

    def __init__(self, times: Sequence[float], knots: Sequence[Knot]) -> None:
        self._times = list(times)
        self._knots = list(knots)

    @property
    def duration(self) -> float:
        """Time of the last knot, s."""
        return self._times[-1]

    def sample(self, t: float) -> tuple[Vector, Vector, Vector]:
        """Position, velocity and acceleration at time t; after the end it rests there."""
        if t >= self._times[-1]:
            rest = self._knots[-1][0]
            return rest, np.zeros_like(rest), np.zeros_like(rest)
        index = max(bisect.bisect_right(self._times, t) - 1, 0)
        h = self._times[index + 1] - self._times[index]
        return _segment(self._knots[index], self._knots[index + 1], h, (t - self._times[index]) / h)


def _segment(start: Knot, end: Knot, h: float, u: float) -> tuple[Vector, Vector, Vector]:
    """Linear, cubic or quintic Hermite interpolation over h s, at u in [0, 1]."""
    (p0, v0, a0), (p1, v1, a1) = start, end
    d = p1 - p0
    if v0 is None or v1 is None:
        return p0 + d * u, d / h, np.zeros_like(d)
    c1 = h * v0
    if a0 is None or a1 is None:
        c2, c3 = 3 * d - h * (2 * v0 + v1), -2 * d + h * (v0 + v1)
        c4 = c5 = np.zeros_like(d)
    else:
        c2 = h * h * a0 / 2
        c3 = 10 * d - h * (6 * v0 + 4 * v1) - h * h * (3 * a0 - a1) / 2
        c4 = -15 * d + h * (8 * v0 + 7 * v1) + h * h * (3 * a0 - 2 * a1) / 2
        c5 = 6 * d - 3 * h * (v0 + v1) - h * h * (a0 - a1) / 2
    position = p0 + u * (c1 + u * (c2 + u * (c3 + u * (c4 + u * c5))))
    velocity = (c1 + u * (2 * c2 + u * (3 * c3 + u * (4 * c4 + u * 5 * c5)))) / h
    acceleration = (2 * c2 + u * (6 * c3 + u * (12 * c4 + u * 20 * c5))) / (h * h)
    return position, velocity, acceleration
