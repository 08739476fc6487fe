# SPDX-License-Identifier: Apache-2.0
"""Trajectories as clients send them, and the polynomials that joint_trajectory_controller makes of them.

Each segment is linear, cubic or quintic by what both of its ends carry: positions, velocities, accelerations.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """A trajectory point: rad, rad/s, rad/s², s from the start. Empty: not given.

    Attributes:
        has_effort: it also names efforts, which no controller of positions can follow.
    """

    positions: Sequence[float]
    time_from_start: float
    velocities: Sequence[float] = ()
    accelerations: Sequence[float] = ()
    has_effort: bool = False

    def reordered(self, order: Sequence[int | None], rest: Vector) -> Knot:
        """As vectors whose i-th element is this point's element `order[i]`; None: the joint rests where it is."""

        def vector(values: Sequence[float], others: Vector) -> Vector:
            chosen = (others[i] if index is None else values[index] for i, index in enumerate(order))
            return np.array(list(chosen), dtype=float)

        zero = np.zeros(len(order))
        return Knot(
            vector(self.positions, rest),
            vector(self.velocities, zero) if len(self.velocities) else None,
            vector(self.accelerations, zero) if len(self.accelerations) else None,
        )


@dataclass(frozen=True)
class Knot:
    """Where two segments meet; None: not given."""

    position: Vector
    velocity: Vector | None = None
    acceleration: Vector | None = None


@dataclass(frozen=True)
class Setpoint:
    """What the joints shall do at one moment."""

    position: Vector
    velocity: Vector
    acceleration: Vector

    @classmethod
    def at_rest(cls, position: Vector) -> Setpoint:
        """Standing still."""
        return cls(np.array(position, dtype=float), np.zeros(len(position)), np.zeros(len(position)))


class Spline:
    """Piecewise polynomial through knots; after the last one the arm rests there.

    Args:
        times: of the knots, s, strictly increasing; at least two.
        knots: as many as there are times.
    """

    def __init__(self, times: Sequence[float], knots: Sequence[Knot]) -> None:
        self._times = list(times)
        self._end = Setpoint.at_rest(knots[-1].position)
        self._segments = [
            _polynomial(a, b, end - start)
            for a, b, start, end in zip(knots, knots[1:], self._times, self._times[1:], strict=False)
        ]

    @property
    def duration(self) -> float:
        """Time of the last knot, s."""
        return self._times[-1]

    def samples(self, moments: Vector) -> tuple[Vector, Vector, Vector]:
        """Positions, velocities and accelerations at many moments up to the duration, (moments, joints)."""
        times = np.array(self._times)
        index = np.clip(np.searchsorted(times, moments, side="right") - 1, 0, len(self._segments) - 1)
        c = np.moveaxis(np.array(self._segments)[index], 1, 0)
        t = (moments - times[index])[:, None]
        return (
            c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5])))),
            c[1] + t * (2 * c[2] + t * (3 * c[3] + t * (4 * c[4] + t * 5 * c[5]))),
            2 * c[2] + t * (6 * c[3] + t * (12 * c[4] + t * 20 * c[5])),
        )

    def sample(self, time: float) -> Setpoint:
        """Position, velocity and acceleration at this time."""
        if time >= self._times[-1]:
            return self._end
        index = max(bisect.bisect_right(self._times, time) - 1, 0)
        c = self._segments[index]
        t = time - self._times[index]
        return Setpoint(
            c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * (c[4] + t * c[5])))),
            c[1] + t * (2 * c[2] + t * (3 * c[3] + t * (4 * c[4] + t * 5 * c[5]))),
            2 * c[2] + t * (6 * c[3] + t * (12 * c[4] + t * 20 * c[5])),
        )


def _polynomial(a: Knot, b: Knot, h: float) -> NDArray[np.float64]:
    """Coefficients (6, joints) of the segment of h seconds from a to b, in rising powers of time."""
    c = np.zeros((6, len(a.position)))
    d = b.position - a.position
    c[0] = a.position
    if a.velocity is None or b.velocity is None:
        c[1] = d / h
        return c
    v0, v1 = a.velocity, b.velocity
    c[1] = v0
    if a.acceleration is None or b.acceleration is None:
        c[2] = (3 * d - h * (2 * v0 + v1)) / h**2
        c[3] = (-2 * d + h * (v0 + v1)) / h**3
        return c
    a0, a1 = a.acceleration, b.acceleration
    c[2] = a0 / 2
    c[3] = (20 * d - h * (12 * v0 + 8 * v1) - h**2 * (3 * a0 - a1)) / (2 * h**3)
    c[4] = (-30 * d + h * (16 * v0 + 14 * v1) + h**2 * (3 * a0 - 2 * a1)) / (2 * h**4)
    c[5] = (12 * d - 6 * h * (v0 + v1) - h**2 * (a0 - a1)) / (2 * h**5)
    return c
