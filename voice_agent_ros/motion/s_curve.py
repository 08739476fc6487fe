# SPDX-License-Identifier: Apache-2.0
"""A jerk-limited curve from 0 to 1, by ruckig where it is installed.

Berscheid & Kröger, "Jerk-limited Real-time Trajectory Generation with Arbitrary Target States", RSS 2021. Only the local
solver is used: intermediate positions, for which its free version asks a service on the internet, are never given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from voice_agent_ros.motion.robot_model import Vector

NEGLIGIBLE_S = 1e-6


@dataclass(frozen=True)
class Curve:
    """s(t) from 0 to 1, at rest at both ends. Between the moments given its jerk is constant.

    Attributes:
        times: s, the first is 0.
        positions, velocities, accelerations: 1, 1/s and 1/s² at these times.
    """

    times: Vector
    positions: Vector
    velocities: Vector
    accelerations: Vector

    @property
    def duration(self) -> float:
        """s."""
        return float(self.times[-1])

    def at(self, moments: Vector) -> tuple[Vector, Vector]:
        """s and its slope at some moments within the duration, s."""
        segment = np.clip(np.searchsorted(self.times, moments, side="right") - 1, 0, len(self.times) - 2)
        t = moments - self.times[segment]
        jerk = (np.diff(self.accelerations) / np.diff(self.times))[segment]
        a, v, p = self.accelerations[segment], self.velocities[segment], self.positions[segment]
        return p + v * t + a * t**2 / 2 + jerk * t**3 / 6, v + a * t + jerk * t**2 / 2


def s_curve(delta: Vector, velocity: Vector, acceleration: Vector, jerk: float) -> Curve | None:
    """The fastest curve on which joints that move by delta in step keep their limits.

    None without ruckig, or where it finds none.

    Args:
        delta: rad, (joints,), not all 0.
        velocity, acceleration: rad/s and rad/s², (joints,).
        jerk: rad/s³, of every joint.
    """
    try:
        import ruckig
    except ImportError:
        return None
    most = float(np.max(np.abs(delta)))
    request = ruckig.InputParameter(1)
    request.current_position, request.target_position = [0.0], [1.0]
    share = np.maximum(np.abs(delta), 1e-9)
    request.max_velocity = [float(np.min(velocity / share))]
    request.max_acceleration = [float(np.min(acceleration / share))]
    request.max_jerk = [jerk / most]
    found = ruckig.Trajectory(1)
    try:
        result = ruckig.Ruckig(1).calculate(request, found)
    except ruckig.RuckigError:
        return None  # a movement so long or limits so small that nothing good will come of it; the check says what
    if result not in (ruckig.Result.Working, ruckig.Result.Finished):
        return None
    phases = np.array(found.profiles[0][0].t)
    times = np.concatenate([[0.0], np.cumsum(phases[phases > NEGLIGIBLE_S])])
    times[-1] = found.duration
    samples = np.array([found.at_time(float(t)) for t in times])[:, :, 0]
    samples[-1] = [1.0, 0.0, 0.0]
    return Curve(times, samples[:, 0], samples[:, 1], samples[:, 2])
