# SPDX-License-Identifier: Apache-2.0
"""Segments go through their points with the derivatives that the points carry."""

from __future__ import annotations

import numpy as np
import pytest

from voice_agent_ros.sim.trajectory import Knot, Spline

A = Knot(np.array([0.1]), np.array([0.4]), np.array([-0.7]))
B = Knot(np.array([0.9]), np.array([-0.2]), np.array([0.3]))


def without(knot: Knot, derivatives: int) -> Knot:
    return Knot(knot.position, *(knot.velocity, knot.acceleration)[: 2 - derivatives])


@pytest.mark.parametrize(("dropped", "degree"), [(2, 1), (1, 3), (0, 5)])
def test_degree_follows_what_the_points_carry(dropped: int, degree: int) -> None:
    spline = Spline([0.0, 0.8], [without(A, dropped), without(B, dropped)])
    times = np.linspace(0.0, 0.8 - 1e-9, 40)
    positions = [spline.sample(t).position[0] for t in times]
    _, residual, *_ = np.polyfit(times, positions, degree, full=True)
    assert residual[0] < 1e-12
    if degree > 1:
        _, residual, *_ = np.polyfit(times, positions, degree - 1, full=True)
        assert residual[0] > 1e-6


def test_ends_have_the_derivatives_asked_for() -> None:
    spline = Spline([0.0, 0.8], [A, B])
    for time, knot in ((0.0, A), (0.8 - 1e-9, B)):
        sample = spline.sample(time)
        assert sample.position == pytest.approx(knot.position, abs=1e-6)
        assert sample.velocity == pytest.approx(knot.velocity, abs=1e-6)
        assert sample.acceleration == pytest.approx(knot.acceleration, abs=1e-6)


def test_derivatives_are_those_of_the_position() -> None:
    spline = Spline([0.0, 0.8], [A, B])
    h = 1e-5
    for time in (0.1, 0.4, 0.7):
        before, at, after = (spline.sample(time + d) for d in (-h, 0.0, h))
        assert (after.position - before.position) / (2 * h) == pytest.approx(at.velocity, abs=1e-6)
        assert (after.velocity - before.velocity) / (2 * h) == pytest.approx(at.acceleration, abs=1e-5)


def test_each_segment_decides_for_itself() -> None:
    spline = Spline([0.0, 1.0, 2.0], [A, B, Knot(np.array([2.0]))])
    assert spline.sample(1.5).velocity == pytest.approx([1.1])
    assert spline.sample(1.5).acceleration == pytest.approx([0.0])


def test_rests_after_the_end() -> None:
    sample = Spline([0.0, 0.8], [A, B]).sample(2.0)
    assert sample.position == pytest.approx(B.position)
    assert sample.velocity == pytest.approx([0.0])
