# SPDX-License-Identifier: Apache-2.0
"""Trajectories as joint_trajectory_controller interpolates them: linear, cubic or quintic between points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Knot = tuple[Vector, Vector | None, Vector | None]


class Spline:
    """Piecewise polynomial through knots (position, velocity, acceleration); None: not given.

    Args:
        times: strictly increasing, s; the first is the start.
        knots: as many as times; all vectors in one order of joints.
    """

    def __init__(self, times: Sequence[float], knots: Sequence[Knot]) -> None:
        self.times: Vector = np.array(times, dtype=float)
        self._spans = np.diff(self.times)
        self._rest = knots[-1][0]
        # (segment, power of u, joint), u running from 0 to 1 within the segment
        self._coefficients = np.array(
            [_segment(a, b, h) for a, b, h in zip(knots[:-1], knots[1:], self._spans, strict=True)]
        )

    @property
    def duration(self) -> float:
        """Time of the last knot, s."""
        return float(self.times[-1])

    def sample(self, t: float) -> tuple[Vector, Vector, Vector]:
        """Position, velocity and acceleration at time t; after the end it rests there."""
        if t >= self.duration:
            return self._rest, np.zeros_like(self._rest), np.zeros_like(self._rest)
        positions, velocities, accelerations = self.samples(np.array([t]))
        return positions[0], velocities[0], accelerations[0]

    def samples(self, moments: Vector) -> tuple[Matrix, Matrix, Matrix]:
        """Positions, velocities and accelerations at moments from 0 to the duration, (moments, joints)."""
        index = np.clip(np.searchsorted(self.times, moments, side="right") - 1, 0, len(self._spans) - 1)
        h = self._spans[index][:, None]
        u = ((moments - self.times[index]) / self._spans[index])[:, None]
        c0, c1, c2, c3, c4, c5 = np.moveaxis(self._coefficients[index], 1, 0)
        position = c0 + u * (c1 + u * (c2 + u * (c3 + u * (c4 + u * c5))))
        velocity = (c1 + u * (2 * c2 + u * (3 * c3 + u * (4 * c4 + u * 5 * c5)))) / h
        acceleration = (2 * c2 + u * (6 * c3 + u * (12 * c4 + u * 20 * c5))) / (h * h)
        return position, velocity, acceleration


def _segment(start: Knot, end: Knot, h: float) -> list[Vector]:
    """Coefficients of linear, cubic or quintic Hermite interpolation over h s."""
    (p0, v0, a0), (p1, v1, a1) = start, end
    d = p1 - p0
    none = np.zeros_like(d)
    if v0 is None or v1 is None:
        return [p0, d, none, none, none, none]
    if a0 is None or a1 is None:
        return [p0, h * v0, 3 * d - h * (2 * v0 + v1), -2 * d + h * (v0 + v1), none, none]
    return [
        p0,
        h * v0,
        h * h * a0 / 2,
        10 * d - h * (6 * v0 + 4 * v1) - h * h * (3 * a0 - a1) / 2,
        -15 * d + h * (8 * v0 + 7 * v1) + h * h * (3 * a0 - 2 * a1) / 2,
        6 * d - 3 * h * (v0 + v1) - h * h * (a0 - a1) / 2,
    ]
