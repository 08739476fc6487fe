# SPDX-License-Identifier: Apache-2.0
"""The simulated arm's model, and controllers that move its physics in virtual time."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from room import Room

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.motion.arm_config import ArmConfig, load_arm
from voice_agent_ros.motion.controllers import Completion, JointSnapshot
from voice_agent_ros.motion.plan import Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy, load_policy
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import Trajectory
from voice_agent_ros.share import shared_file

CUBE = (0.04, 0.04, 0.04)
BOWL = SceneObject("bowl", (0.30, -0.28, 0.0275), size=(0.18, 0.18, 0.055))


@pytest.fixture(scope="session")
def arm() -> ArmConfig:
    return load_arm(shared_file("config/arms/prim6.yaml"))


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy(shared_file("config/policy.simulation.yaml"))


@pytest.fixture(scope="session")
def model(arm: ArmConfig) -> RobotModel:
    return RobotModel(shared_file("urdf/prim6.urdf").read_text(), arm)


@pytest.fixture
def planner(model: RobotModel, arm: ArmConfig, policy: Policy) -> Planner:
    return Planner(model, arm, policy)


@pytest.fixture
def scene(arm: ArmConfig) -> Scene:
    cubes = (("red cube", 0.39, -0.06), ("green cube", 0.38, 0.10), ("blue cube", 0.31, 0.24))
    return Scene((*(SceneObject(n, (x, y, 0.02), size=CUBE) for n, x, y in cubes), BOWL), tuple(arm.poses))


@pytest.fixture
def situation(scene: Scene, arm: ArmConfig) -> Situation:
    return Situation(scene, np.array(arm.poses["home"]), arm.gripper.open)


class ScriptedControllers:
    """A stand-in that records what it is sent; goals end as scripted, joints jump to the end."""

    def __init__(self, start: np.ndarray, gripper: float, clock: Callable[[], float]) -> None:
        self.sent: list[Trajectory | float] = []
        self.cancels = 0
        self.endings: list[Completion] = []
        self.grips_on = 0.018  # where the fingers stop when they close
        self.during: Callable[[], None] = lambda: None
        self.snapshot = JointSnapshot(start, np.zeros_like(start), gripper, clock())
        self.seen = Scene()
        self._clock = clock

    def follow(self, trajectory: Trajectory, timeout_s: float, on_accepted: Callable[[], None]) -> Completion:
        self.sent.append(trajectory)
        return self._end(on_accepted, "arm", arm=trajectory.end)

    def grip(
        self, position: float, max_effort: float, timeout_s: float, on_accepted: Callable[[], None]
    ) -> Completion:
        self.sent.append(position)
        return self._end(on_accepted, "gripper", gripper=max(position, self.grips_on))

    def _end(self, on_accepted: Callable[[], None], name: str, **reached: Any) -> Completion:
        ending = self.endings.pop(0) if self.endings else Completion("succeeded", name)
        if ending.status != "rejected":
            on_accepted()
        self.during()
        if ending.status == "succeeded":
            self.snapshot = dataclasses.replace(self.snapshot, **reached)
        return ending

    def cancel_all(self) -> None:
        self.cancels += 1

    def joints(self) -> JointSnapshot:
        return self.snapshot

    def scene(self) -> Scene:
        return self.seen


@dataclass
class VirtualClock:
    """Time that passes when it is told to."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def controllers(situation: Situation, clock: VirtualClock) -> ScriptedControllers:
    scripted = ScriptedControllers(situation.joints, situation.gripper, clock)
    scripted.seen = situation.scene
    return scripted


@pytest.fixture
def room(
    planner: Planner, controllers: Any, arm: ArmConfig, policy: Policy, clock: Any, tmp_path: Path
) -> Iterator[Room]:
    room = Room(planner, controllers, arm, policy, clock, tmp_path / "audit.jsonl")
    yield room
    room.close()
