# SPDX-License-Identifier: Apache-2.0
"""Cubes are lifted, carried and dropped by contact and friction, through the controllers alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.sim.arm import ARM_JOINTS, HOME, SimulatedArm
from voice_agent_ros.sim.faults import Fault, Faults
from voice_agent_ros.sim.gripper_controller import GripperResult
from voice_agent_ros.sim.scene import (
    BOWL_HEIGHT_M,
    BOWL_POSITION_M,
    BOWL_RADIUS_M,
    CUBE_EDGE_M,
    CUBE_REACH_M,
    SceneSpec,
    default_cubes,
    random_cubes,
)
from voice_agent_ros.sim.trajectory import Point
from voice_agent_ros.sim.trajectory_goal import Goal, Outcome

ABOVE_M = 0.12
DROP_M = 0.10


class ScriptedPicker:
    """Looks, computes joint angles by damped least squares, and sends goals to the controllers."""

    def __init__(self, sim: SimulatedArm) -> None:
        import mujoco

        self.sim = sim
        self._scratch = mujoco.MjData(sim.model)

    def seen(self, name: str) -> SceneObject:
        return next(thing for thing in self.sim.objects() if thing.name == name)

    def angles(self, position: np.ndarray, yaw: float, near: np.ndarray) -> np.ndarray:
        """Joint angles with the tool pointing down at a position; yaw 0 is the tool's turn at home."""
        import mujoco

        model, data = self.sim.model, self._scratch
        c, s = math.cos(yaw), math.sin(yaw)
        down = np.array([[-c, -s, 0], [-s, c, 0], [0, 0, -1]])
        low, high = model.jnt_range[:6].T
        site = model.site("tcp").id
        q, jacobian = near.copy(), np.zeros((6, model.nv))
        for _ in range(200):
            data.qpos[:6] = q
            mujoco.mj_kinematics(model, data)
            mujoco.mj_comPos(model, data)
            turn = down @ data.site_xmat[site].reshape(3, 3).T
            quaternion, rotation = np.zeros(4), np.zeros(3)
            mujoco.mju_mat2Quat(quaternion, turn.ravel())
            mujoco.mju_quat2Vel(rotation, quaternion, 1.0)
            error = np.concatenate([position - data.site_xpos[site], 0.2 * rotation])
            if np.abs(error).max() < 1e-4:
                return q
            mujoco.mj_jacSite(model, data, jacobian[:3], jacobian[3:], site)
            j = jacobian[:, :6] * np.array([1, 1, 1, 0.2, 0.2, 0.2])[:, None]
            step = j.T @ np.linalg.solve(j @ j.T + 1e-6 * np.eye(6), error)
            q = np.clip(q + step * min(1.0, 0.3 / np.abs(step).max()), low, high)
        raise AssertionError(f"{position} is out of reach")

    def go(self, q: np.ndarray, duration: float) -> None:
        outcomes: list[tuple[Outcome, str]] = []
        goal = Goal(ARM_JOINTS, [Point(tuple(q), duration, (0.0,) * 6, (0.0,) * 6)])
        assert self.sim.arm.rejection(goal, self.sim.time) is None
        self.sim.arm.start(goal, self.sim.time, lambda *outcome: outcomes.append(outcome))
        self.sim.advance(duration + 0.2)
        assert outcomes[0][0] is Outcome.SUCCESSFUL, outcomes

    def grip(self, opening: float, max_effort: float = 0.0) -> GripperResult:
        results: list[GripperResult] = []
        self.sim.gripper.start(opening, max_effort, results.append)
        self.sim.advance(1.0)
        return results[0]

    def pick(self, name: str) -> GripperResult:
        thing = self.seen(name)
        at = np.array(thing.position)
        yaw = 2 * math.atan2(thing.orientation[2], thing.orientation[3])
        yaw = (yaw + math.pi / 4) % (math.pi / 2) - math.pi / 4  # a cube looks the same every quarter turn
        above = self.angles(at + np.array([0, 0, ABOVE_M]), yaw, np.array(HOME))
        self.grip(0.04)
        self.go(above, 1.5)
        self.go(self.angles(at, yaw, above), 0.8)
        held = self.grip(0.0)
        self.go(above, 0.8)
        return held

    def drop_into_bowl(self, offset: float = 0.0) -> None:
        x, y = BOWL_POSITION_M
        over = self.angles(np.array([x, y + offset, DROP_M]), -0.7, np.array([-0.7, *HOME[1:]]))
        self.go(over, 1.5)
        self.grip(0.04)
        self.go(np.array(HOME), 1.2)


def is_in_bowl(thing: SceneObject) -> bool:
    x, y, z = thing.position
    inside = math.hypot(x - BOWL_POSITION_M[0], y - BOWL_POSITION_M[1]) < BOWL_RADIUS_M - CUBE_EDGE_M / 2
    return inside and z < BOWL_HEIGHT_M + CUBE_EDGE_M


def test_all_three_cubes_go_into_the_bowl_and_stay() -> None:
    picker = ScriptedPicker(SimulatedArm())
    for index, name in enumerate(("red cube", "green cube", "blue cube")):
        held = picker.pick(name)
        assert held.is_successful
        assert held.state.stalled
        assert 2 * held.state.position == pytest.approx(CUBE_EDGE_M, abs=0.005)
        assert held.state.effort < -3.0
        assert picker.seen(name).position[2] > 0.8 * ABOVE_M, "slipped"
        picker.drop_into_bowl(0.04 * (index - 1))
    picker.sim.advance(1.0)
    assert all(is_in_bowl(picker.seen(name)) for name in ("red cube", "green cube", "blue cube"))


@pytest.mark.parametrize("seed", range(4))
def test_grasps_in_random_scenes(seed: int) -> None:
    picker = ScriptedPicker(SimulatedArm(SceneSpec(random_cubes(seed))))
    picker.pick("green cube")
    assert picker.seen("green cube").position[2] > 0.8 * ABOVE_M


def test_a_canceled_motion_keeps_holding_the_cube() -> None:
    picker = ScriptedPicker(SimulatedArm())
    picker.pick("red cube")
    sim = picker.sim
    sim.arm.start(Goal(ARM_JOINTS, [Point(HOME, 1.0, (0.0,) * 6, (0.0,) * 6)]), sim.time)
    sim.advance(0.5)
    sim.arm.cancel()
    sim.gripper.cancel()
    sim.advance(2.0)
    assert picker.seen("red cube").position[2] > 0.8 * ABOVE_M
    assert max(abs(v) for v in sim.joint_states().velocities) < 1e-3


def test_nothing_holds_a_cube_but_friction() -> None:
    picker = ScriptedPicker(SimulatedArm())
    picker.pick("red cube")
    picker.grip(0.04)
    assert picker.seen("red cube").position[2] < 0.03


def test_the_force_is_limited_by_max_effort() -> None:
    picker = ScriptedPicker(SimulatedArm())
    picker.pick("red cube")
    assert picker.grip(0.0, max_effort=4.0).state.effort == pytest.approx(-4.0, abs=0.2)


def test_cubes_rest_where_they_were_put() -> None:
    sim = SimulatedArm()
    sim.advance(2.0)
    for name, pose in default_cubes().items():
        thing = next(thing for thing in sim.objects() if thing.name == f"{name} cube")
        assert thing.position == pytest.approx((pose.x, pose.y, CUBE_EDGE_M / 2), abs=2e-3)


def test_random_scenes_repeat_and_are_graspable() -> None:
    assert random_cubes(3) == random_cubes(3) != random_cubes(4)
    for seed in range(50):
        poses = list(random_cubes(seed).values())
        for index, pose in enumerate(poses):
            assert CUBE_REACH_M[0] <= math.hypot(pose.x, pose.y) <= CUBE_REACH_M[1]
            gaps = [math.hypot(pose.x - other.x, pose.y - other.y) for other in poses[:index]]
            assert all(gap > 1.9 * CUBE_EDGE_M for gap in gaps)


def test_brisk_motion_is_tracked_closely() -> None:
    sim = SimulatedArm()
    away = np.array(HOME) + np.array([1.2, -0.5, -0.4, 0.8, -0.5, 1.0])
    duration = 1.2 * 1.875 / 2.0  # 2 rad/s at the peak of a quintic
    sim.arm.start(Goal(ARM_JOINTS, [Point(tuple(away), duration, (0.0,) * 6, (0.0,) * 6)]), sim.time)
    worst = 0.0
    for _ in range(round(duration / 0.002)):
        sim.advance(0.002)
        state = sim.arm.state
        worst = max(worst, float(np.abs(state.desired.position - state.position).max()))
    assert worst < 0.005


def test_fault_slip_lets_go_of_what_is_carried_until_it_is_over() -> None:
    picker = ScriptedPicker(SimulatedArm(faults=Faults(Fault.SLIP)))
    held = picker.pick("red cube")
    assert held.state.stalled
    picker.go(np.array(HOME), 1.5)
    assert picker.seen("red cube").position[2] < 0.05, "still held"
    assert picker.sim.joint_states().positions[-1] < 0.4 * CUBE_EDGE_M, "the fingers did not close"
    picker.sim.set_faults(Faults())
    picker.pick("green cube")
    picker.go(np.array(HOME), 1.5)
    assert picker.seen("green cube").position[2] > 0.8 * ABOVE_M
