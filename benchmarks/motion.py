# SPDX-License-Identifier: Apache-2.0
"""Motion: from an intent to an accepted goal, planning and checking, stopping, and picking in simulated physics.

Rows over ROS are measured where rclpy is installed. MOTION_SCENES=100 is the number of random scenes.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.row import Row
from benchmarks.simulated import pick_and_place, stop_from_speed
from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import parse_call
from voice_agent_ros.motion.arm_config import load_arm
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.bridge import IntentBridge, Proposal
from voice_agent_ros.motion.controllers import Completion, JointSnapshot
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.gate import Gate, Heard
from voice_agent_ros.motion.path_check import PathCheck
from voice_agent_ros.motion.plan import Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import load_policy
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import Trajectory, line_move
from voice_agent_ros.share import shared_file
from voice_agent_ros.sim.trajectory_goal import Options

GROUP = "motion"
SCENES = int(os.environ.get("MOTION_SCENES", "100"))
ACCEPTED_BUDGET_MS = 40.0  # transcript to accepted goal, median
PICKS = 0.98  # of random scenes
CUBE = (0.04, 0.04, 0.04)
PLANS: dict[str, tuple[str, dict[str, Any]]] = {
    "plan: 2 cm up": ("move_by", {"direction": "up", "distance": 0.02}),
    "plan: 10 cm up": ("move_by", {"direction": "up", "distance": 0.1}),
    "plan: 20 cm left": ("move_by", {"direction": "left", "distance": 0.2}),
    "plan: to a pose": ("move_to", {"pose": "ready"}),
    "plan: pick": ("pick", {"object": "red cube"}),
    "plan: pick and place": ("pick_and_place", {"object": "red cube", "target": "bowl"}),
}


class Lab:
    """Arm, policy and model of the simulation."""

    def __init__(self) -> None:
        self.arm = load_arm(shared_file("config/arms/prim6.yaml"))
        self.policy = load_policy(shared_file("config/policy.simulation.yaml"))
        self.model = RobotModel(shared_file("urdf/prim6.urdf").read_text(encoding="utf-8"), self.arm)
        self.planner = Planner(self.model, self.arm, self.policy)
        things = (
            SceneObject("red cube", (0.39, -0.06, 0.02), size=CUBE),
            SceneObject("green cube", (0.38, 0.10, 0.02), size=CUBE),
            SceneObject("bowl", (0.30, -0.28, 0.0275), size=(0.18, 0.18, 0.055)),
        )
        self.scene = Scene(things, tuple(self.arm.poses))
        self.home = np.array(self.arm.poses["home"])


class InstantControllers:
    """A stand-in that accepts at once and is there at once: what remains is the bridge's own time."""

    def __init__(self, lab: Lab) -> None:
        self.scene = lambda: lab.scene
        self.accepted: list[float] = []
        self.cancels: list[float] = []
        self._q, self._gripper = lab.home, lab.arm.gripper.open

    def joints(self) -> JointSnapshot:
        """Where the last goal ended."""
        return JointSnapshot(self._q, np.zeros_like(self._q), self._gripper, time.monotonic())

    def follow(self, trajectory: Trajectory, timeout_s: float, on_accepted: Callable[[], None]) -> Completion:  # noqa: ARG002
        """Jump there."""
        self.accepted.append(time.perf_counter())
        on_accepted()
        self._q = trajectory.end
        return Completion("succeeded", "arm")

    def grip(
        self,
        position: float,
        max_effort: float,  # noqa: ARG002
        timeout_s: float,  # noqa: ARG002
        on_accepted: Callable[[], None],
    ) -> Completion:
        """Jump there."""
        self.accepted.append(time.perf_counter())
        on_accepted()
        self._gripper = position
        return Completion("succeeded", "gripper")

    def cancel_all(self) -> None:
        """Count."""
        self.cancels.append(time.perf_counter())


def rows() -> list[Row]:
    """Measure everything."""
    lab = Lab()
    measured = [*_intents(lab), *_planning(lab), *_checks(lab), *_standstill(), *_picks(lab)]
    if find_spec("rclpy") is not None:
        from benchmarks.over_ros import rows_over_ros

        measured += rows_over_ros(GROUP)
    return measured


@contextmanager
def _bridge(lab: Lab) -> Iterator[tuple[IntentBridge, InstantControllers]]:
    controllers = InstantControllers(lab)
    execution = lab.policy.execution.model_copy(update={"min_interval": 0.0})
    policy = lab.policy.model_copy(update={"execution": execution})
    with TemporaryDirectory() as folder:
        audit = AuditLog(Path(folder) / "audit.jsonl")
        executor = Executor(controllers, controllers, lab.arm, policy, time.monotonic)
        gate = Gate(policy, SentenceGrammars(), time.monotonic)
        bridge = IntentBridge(gate, lab.planner, executor, controllers, policy, audit, time.monotonic)
        bridge.resume()
        yield bridge, controllers
        audit.close()


def _intents(lab: Lab, count: int = 200) -> list[Row]:
    """A spoken command that the grammar understands, through gate, plan, check and fsynced record."""
    spoken = [
        (f"Move the arm {way} two centimeters.", parse_call("move_by", {"direction": way, "distance": 0.02}))
        for way in ("up", "down")
    ]
    taken, stopped = [], []
    with _bridge(lab) as (bridge, controllers):
        for number in range(count):
            text, call = spoken[number % 2]
            turn = f"turn-{number}"
            bridge.on_heard(Heard(turn, "s", text, "en", 0.9, time.monotonic(), time.time()))
            began = time.perf_counter()
            result = bridge.carry_out(Proposal((call,), turn, turn), lambda _: None)
            if result.outcome != "done":
                raise RuntimeError(f"{text} ended as {result}")
            taken.append((controllers.accepted[-1] - began) * 1e3)
        for _ in range(count):
            began = time.perf_counter()
            bridge.stop("benchmark")
            stopped.append((controllers.cancels[-1] - began) * 1e3)
    return [
        Row.of_samples(GROUP, "intent to goal accepted, instant controller", taken, "ms", ACCEPTED_BUDGET_MS),
        Row.of_samples(GROUP, "stop to cancel sent, bridge alone", stopped, "ms"),
    ]


def _planning(lab: Lab, count: int = 30) -> list[Row]:
    situation = Situation(lab.scene, lab.home, lab.arm.gripper.open)
    found = []
    for name, (skill, arguments) in PLANS.items():
        call = parse_call(skill, arguments)
        samples = []
        for _ in range(count):
            began = time.perf_counter()
            lab.planner.plan([call], situation)
            samples.append((time.perf_counter() - began) * 1e3)
        found.append(Row.of_samples(GROUP, name, samples, "ms"))
    return found


def _checks(lab: Lab, count: int = 50) -> list[Row]:
    """The path check of a straight line of 20 cm, per sample at which it computes where the whole arm is."""
    target = lab.model.tool_pose(lab.home).position + np.array([0.0, 0.2, 0.0])
    trajectory = line_move(lab.model, lab.home, target, lab.policy.limits)
    check = PathCheck(lab.model, lab.policy.limits, lab.arm.gripper.tip_length)
    looks = _looks(lab, lambda: check(trajectory))
    samples = []
    for _ in range(count):
        began = time.perf_counter()
        check(trajectory)
        samples.append((time.perf_counter() - began) * 1e6 / looks)
    every_ms = trajectory.duration * 1e3 / looks
    return [
        Row.of_samples(GROUP, "path check per sample", samples, "us"),
        Row(GROUP, "path check, time between samples", every_ms, "ms of motion"),
    ]


def _looks(lab: Lab, function: Callable[[], None]) -> int:
    """How often a function computes where the whole arm is."""
    count, body = 0, lab.model.body

    def counted(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        return body(*arguments)

    lab.model.body = counted  # type: ignore[method-assign]
    try:
        function()
    finally:
        del lab.model.body
    return count


def _standstill(count: int = 20) -> list[Row]:
    """In simulated physics and time, from 1.5 rad/s."""
    found = []
    for name, options in (("decelerating", Options()), ("abrupt hold", Options(stop="hold"))):
        stops = [stop_from_speed(seed, 1.5, options) for seed in range(count)]
        found.append(
            Row.of_samples(GROUP, f"cancel to standstill, {name}", [s * 1e3 for s, _ in stops], "ms")
        )
        found.append(
            Row.of_samples(GROUP, f"turned after a cancel, {name}", [turned for _, turned in stops], "rad")
        )
    return found


def _picks(lab: Lab) -> list[Row]:
    """Pick and place in random scenes, judged by where the cube lies in the end."""
    outcomes: Counter[str] = Counter()
    placed = claimed = 0
    for seed in range(SCENES):
        outcome, is_there = pick_and_place(seed, lab.planner, lab.arm, lab.policy)
        outcomes[outcome] += 1
        placed += is_there
        claimed += outcome == "done" and not is_there
        print(f"\r{seed + 1}/{SCENES} scenes, {placed} placed", end="", file=sys.stderr, flush=True)
    print(f"\r{SCENES} scenes: {dict(outcomes)}      ", file=sys.stderr)
    return [
        Row(GROUP, "pick and place, cubes in the bowl", placed / SCENES, "of scenes", PICKS, SCENES),
        Row(GROUP, "pick and place, falsely claimed", claimed, "scenes", n=SCENES),
    ]
