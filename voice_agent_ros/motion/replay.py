# SPDX-License-Identifier: Apache-2.0
"""Plans that are made of earlier ones: the rest of one that was interrupted, and the way back along one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.plan import Grip, Move, Plan, Step
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.trajectory import Trajectory


@dataclass(frozen=True)
class Trail:
    """Movements of the arm that were carried out, one after the other, with nothing gripped or let go in between.

    Attributes:
        speed: factor under which they were planned.
    """

    moves: tuple[Move, ...] = ()
    speed: float = 1.0

    def then(self, plan: Plan, speed: float) -> Trail:
        """The trail after a plan was carried out."""
        last_grip = max((i for i, step in enumerate(plan.steps) if isinstance(step, Grip)), default=-1)
        since = tuple(step for step in plan.steps[last_grip + 1 :] if isinstance(step, Move))
        before = self.moves if last_grip < 0 else ()
        return Trail(before + since, min(speed, self.speed) if before else speed)


def rest_of(draft: Draft, steps: Sequence[Step]) -> None:
    """Plan steps of an interrupted plan again, from where the arm is now.

    Raises:
        Refusal: a limit that is in the way now.
    """
    for step in steps:
        draft.call = step.call
        if isinstance(step, Grip):
            draft.repeat_grip(step)
        elif step.is_straight:
            draft.move_line(draft.tool_at(step.trajectory.end), step.handled)
        else:
            draft.move_joints(step.trajectory.end, step.handled)


def way_back(draft: Draft, trail: Trail, speed: float) -> None:
    """Plan the reverse of a trail.

    Args:
        speed: factor that holds now; a slower one stretches the way back.

    Raises:
        Refusal: a limit that is in the way now.
    """
    stretch = max(trail.speed / speed, 1.0)
    for move in reversed(trail.moves):
        draft.follow(reverse(move.trajectory, stretch), move.handled)


def reverse(trajectory: Trajectory, stretch: float = 1.0) -> Trajectory:
    """The same path from its end to its start, slower by a factor of 1 or more."""
    zero = np.zeros((1, len(trajectory.start)))
    times = np.concatenate([[0.0], trajectory.times]) * stretch
    positions = np.concatenate([trajectory.start[None, :], trajectory.positions])
    velocities = np.concatenate([zero, trajectory.velocities]) / stretch
    accelerations = np.concatenate([zero, trajectory.accelerations]) / stretch**2
    return replace(
        trajectory,
        start=positions[-1].copy(),
        times=(times[-1] - times[::-1])[1:],
        positions=positions[::-1][1:].copy(),
        velocities=-velocities[::-1][1:],
        accelerations=accelerations[::-1][1:].copy(),
    )


def require_end(trail: Trail, joints: np.ndarray, tolerance: float) -> None:
    """Refuse unless there is a trail and the arm stands at its end.

    Raises:
        Refusal: `nothing_to_undo` or `arm_moved`.
    """
    if not trail.moves:
        raise Refusal("nothing_to_undo")
    if not np.max(np.abs(joints - trail.moves[-1].trajectory.end)) <= tolerance:
        raise Refusal("arm_moved")
