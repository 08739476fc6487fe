# SPDX-License-Identifier: Apache-2.0
"""The physics of the simulated arm behind a planner and an executor, in simulated time, for benchmarks of motion."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.controllers import Completion, JointSnapshot
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.plan import Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.trajectory import Trajectory
from voice_agent_ros.sim.arm import SimulatedArm
from voice_agent_ros.sim.faults import Faults
from voice_agent_ros.sim.gripper_controller import GripperResult
from voice_agent_ros.sim.scene import BOWL_HEIGHT_M, BOWL_RADIUS_M, CUBE_EDGE_M, SceneSpec, random_cubes
from voice_agent_ros.sim.trajectory import Point
from voice_agent_ros.sim.trajectory_goal import Goal, Outcome

sys.path.insert(0, str(Path(__file__).parents[1] / "test" / "support"))
from virtual_time import VirtualTime, virtual_threads

TICK_S = 0.02
COLOURS = ("red", "green", "blue")


class SimulatedControllers:
    """Controllers and senses of a SimulatedArm whose time passes whenever everybody waits."""

    def __init__(self, sim: SimulatedArm, arm: ArmConfig, time: VirtualTime) -> None:
        self.sim, self._arm, self._time = sim, arm, time
        self.on_joints: Callable[[JointSnapshot], None] = lambda _: None
        time.call_later(TICK_S, self._tick)

    def _tick(self) -> None:
        self.sim.advance(TICK_S)
        self.on_joints(self.joints())
        self._time.call_later(TICK_S, self._tick)

    def joints(self) -> JointSnapshot:
        """What encoders tell."""
        states = self.sim.joint_states()
        positions, velocities = np.array(states.positions), np.array(states.velocities)
        return JointSnapshot(positions[:-1], velocities[:-1], float(positions[-1]), self._time.now)

    def scene(self) -> Scene:
        """What a perfect camera sees."""
        return Scene(tuple(self.sim.objects()), tuple(self._arm.poses))

    def follow(self, trajectory: Trajectory, timeout_s: float, on_accepted: Callable[[], None]) -> Completion:
        """Follow a trajectory to its end."""
        goal = goal_of(trajectory)
        rejection = self.sim.arm.rejection(goal, self.sim.time)
        if rejection is not None:
            return Completion("rejected", "arm", rejection.reason)
        over, ended = self._time.threading.Event(), []

        def done(outcome: Outcome, reason: str) -> None:
            status: Any = "succeeded" if outcome is Outcome.SUCCESSFUL else "aborted"
            ended.append(Completion(status, "arm", reason))
            over.set()

        self.sim.arm.start(goal, self.sim.time, done)
        on_accepted()
        return ended[0] if over.wait(timeout_s) else Completion("timeout", "arm")

    def grip(
        self, position: float, max_effort: float, timeout_s: float, on_accepted: Callable[[], None]
    ) -> Completion:
        """Move the fingers."""
        reason = self.sim.gripper.rejection(position, max_effort)
        if reason:
            return Completion("rejected", "gripper", reason)
        over = self._time.threading.Event()
        ended: list[GripperResult] = []

        def done(result: GripperResult) -> None:
            ended.append(result)
            over.set()

        self.sim.gripper.start(position, max_effort, done)
        on_accepted()
        if not over.wait(timeout_s):
            return Completion("timeout", "gripper")
        return Completion("succeeded" if ended[0].is_successful else "aborted", "gripper", ended[0].reason)

    def cancel_all(self) -> None:
        """Stop everything."""
        self.sim.arm.cancel()
        self.sim.gripper.cancel()


def goal_of(trajectory: Trajectory) -> Goal:
    """The controller's goal for a trajectory."""
    rows = zip(
        trajectory.times.tolist(),
        trajectory.positions.tolist(),
        trajectory.velocities.tolist(),
        trajectory.accelerations.tolist(),
        strict=True,
    )
    return Goal(trajectory.joint_names, [Point(q, t, qd, qdd) for t, q, qd, qdd in rows])


def pick_and_place(
    seed: int, planner: Planner, arm: ArmConfig, policy: Policy, faults: Faults | None = None
) -> tuple[str, bool]:
    """Put a cube of a random scene into the bowl.

    Args:
        faults: what goes wrong from the beginning.

    Returns:
        the outcome or rule that the executor or planner names, and whether the cube really lies in the bowl.
    """
    time = VirtualTime()
    with virtual_threads(time):
        controllers = SimulatedControllers(SimulatedArm(SceneSpec(random_cubes(seed)), faults), arm, time)
        executor = Executor(controllers, controllers, arm, policy, time)
        controllers.on_joints = executor.on_joints
        felt = controllers.joints()
        name = f"{COLOURS[seed % len(COLOURS)]} cube"
        call = parse_call("pick_and_place", {"object": name, "target": "bowl"})
        try:
            plan = planner.plan([call], Situation(controllers.scene(), felt.arm, felt.gripper))
        except Refusal as refusal:
            return refusal.rule, False
        ending = executor.run(plan, lambda *_: None, executor.epoch)
        time.sleep(1.0)  # whatever was claimed: where it comes to rest
    by_name = {thing.name: thing for thing in controllers.sim.objects()}
    return ending.rule or ending.outcome, _is_in(by_name[name], by_name["bowl"])


def stop_from_speed(seed: int, speed: float, options: Any = None) -> tuple[float, float]:
    """Cancel a movement at a random moment near its greatest speed.

    Returns:
        simulated time from the cancel to standstill, s, and how far the fastest joint still turned, rad.
    """
    random = np.random.default_rng(seed)
    sim = SimulatedArm(SceneSpec({}), options=options)
    start = np.array(sim.joint_states().positions[:-1])
    turn = 1.2 * (1 if random.random() < 0.5 else -1)
    duration = 1.875 * abs(turn) / speed
    end = start.copy()
    end[0] += turn
    point = Point(end.tolist(), duration, [0.0] * len(end), [0.0] * len(end))
    sim.arm.start(Goal(sim.arm.joint_names, [point]), sim.time)
    sim.advance(duration * random.uniform(0.4, 0.6))
    sim.arm.cancel()
    canceled_at, before = sim.time, sim.joint_states().positions[0]
    while np.max(np.abs(sim.joint_states().velocities[:-1])) > 0.02:
        sim.advance(0.002)
        if sim.time - canceled_at > 5.0:
            return math.inf, math.inf
    return sim.time - canceled_at, abs(sim.joint_states().positions[0] - before)


def _is_in(cube: SceneObject, bowl: SceneObject) -> bool:
    away = math.hypot(cube.position[0] - bowl.position[0], cube.position[1] - bowl.position[1])
    return away < BOWL_RADIUS_M - CUBE_EDGE_M / 2 and cube.position[2] < BOWL_HEIGHT_M + CUBE_EDGE_M
