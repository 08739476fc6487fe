# SPDX-License-Identifier: Apache-2.0
"""What people, models and saboteurs send to the bridge, by the ten thousand, and a tally of what came of it.

A lap is a bridge with fake controllers that lives for some cases. Everything follows from the lap's number.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hostile_text import NAMES, SENTENCES, hostile_arguments, hostile_skill, hostile_text, sensible_call
from virtual_time import VirtualTime, virtual_threads
from witness import Bounds, Chain, Witness

from voice_agent_ros.intent.grammar import SentenceGrammars
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SkillCall, SkillError, parse_call
from voice_agent_ros.motion.arm_config import ArmConfig, load_arm
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.bridge import IntentBridge, Progress, Proposal
from voice_agent_ros.motion.controllers import Completion, JointSnapshot
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.gate import Gate, Heard
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy, load_policy
from voice_agent_ros.motion.robot_model import RobotModel
from voice_agent_ros.motion.trajectory import Trajectory
from voice_agent_ros.share import shared_file

CASES_PER_LAP = 50
SERVO_ERRORS = (0.0, 0.003, 0.01)  # rad; how exactly the fake arms hold their joints
BOWL = SceneObject("bowl", (0.30, -0.28, 0.0275), size=(0.18, 0.18, 0.055))
CUBES = ("red cube", "green cube", "blue cube")


@dataclass
class Tally:
    """What came of many cases.

    Attributes:
        outcomes: rule or outcome, or why a case did not get to the bridge.
        executed: cases that sent at least one goal and were done.
        goals: that reached a controller.
        violations: of limits, or of what a refusal promises; with the lap and the case.
        escapes: exceptions.
    """

    cases: int = 0
    executed: int = 0
    goals: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    escapes: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Sum up."""
        self.cases += other.cases
        self.executed += other.executed
        self.goals += other.goals
        self.outcomes += other.outcomes
        self.violations += other.violations
        self.escapes += other.escapes


class FakeControllers:
    """Controllers and senses without physics: joints jump to a goal's end, the nearest cube sticks to closed fingers."""

    def __init__(
        self, witness: Witness, arm: ArmConfig, clock: VirtualTime, random: np.random.Generator
    ) -> None:
        self.goals = 0
        self.violations: list[str] = []
        self.extra: tuple[SceneObject, ...] = ()
        self.snapshot: Callable[[JointSnapshot], JointSnapshot | None] = lambda honest: honest
        self.ending = "succeeded"
        self.q, self.gripper = np.array(arm.poses["home"]), arm.gripper.open
        self._witness, self._arm, self._clock = witness, arm, clock
        self._held, self._random = "", random
        self.q = self._held_at(self.q)
        angles = random.uniform([-0.1, 0.4, 0.9], [0.2, 0.7, 1.3])
        reaches = random.uniform(0.25, 0.55, 3)
        self._places = {
            name: np.array([reach * math.cos(angle), reach * math.sin(angle), 0.02])
            for name, reach, angle in zip(CUBES, reaches, angles, strict=True)
        }

    def joints(self) -> JointSnapshot | None:
        honest = JointSnapshot(self.q.copy(), np.zeros_like(self.q), self.gripper, self._clock.now)
        return self.snapshot(honest)

    def scene(self) -> Scene:
        cubes = (SceneObject(name, tuple(place)) for name, place in self._places.items())
        return Scene((*cubes, BOWL, *self.extra), tuple(self._arm.poses))

    def follow(self, trajectory: Trajectory, timeout_s: float, on_accepted: Callable[[], None]) -> Completion:
        self.goals += 1
        self.violations += self._witness.of_trajectory(self.q, trajectory)
        if self.ending == "rejected":
            return Completion("rejected", "arm", "fake")
        on_accepted()
        self._clock.sleep(trajectory.duration if self.ending == "succeeded" else trajectory.duration / 2)
        if self.ending == "succeeded":
            self.q = self._held_at(np.array(trajectory.positions[-1]))
            if self._held:
                self._places[self._held] = self._tool()
        return Completion(self.ending, "arm", "fake")  # type: ignore[arg-type]

    def grip(
        self, position: float, max_effort: float, timeout_s: float, on_accepted: Callable[[], None]
    ) -> Completion:
        self.goals += 1
        self.violations += self._witness.of_grip(position, max_effort)
        if self.ending == "rejected":
            return Completion("rejected", "gripper", "fake")
        on_accepted()
        self._clock.sleep(0.3)
        near = [name for name, at in self._places.items() if np.linalg.norm(at - self._tool()) < 0.02]
        if position > 0.02 and self._held:
            self._places[self._held][2] = 0.02
        self._held = near[0] if near and position < 0.02 else ""
        self.gripper = max(position, 0.018) if self._held else position
        return Completion("succeeded", "gripper")

    def _held_at(self, setpoint: np.ndarray) -> np.ndarray:
        error = self._witness.servo_error
        return setpoint + self._random.uniform(-error, error, len(setpoint))

    def cancel_all(self) -> None:
        pass  # goals of these controllers are over when they return

    def _tool(self) -> np.ndarray:
        return self._witness.chain.places(self.q[None, :])[1][0, :3, 3]


class Workshop:
    """What every lap of a process shares, because it takes long to make."""

    def __init__(self) -> None:
        self.arm = load_arm(shared_file("config/arms/prim6.yaml"))
        urdf = shared_file("urdf/prim6.urdf").read_text()
        self.model = RobotModel(urdf, self.arm)
        self.chain = Chain(urdf, list(self.arm.arm.joints), self.arm.tool_frame)
        self.grammars = SentenceGrammars()
        files = ("config/policy.simulation.yaml", "config/policy.yaml")
        self.policies = [load_policy(shared_file(file)) for file in files]

    def witness(self, policy: Policy, servo_error: float = 0.0) -> Witness:
        """A judge of this policy's limits."""
        limits = policy.limits.model_dump()
        bounds = Bounds(**{one.name: limits[one.name] for one in dataclasses.fields(Bounds)})
        gripper = self.arm.gripper
        ends = (min(gripper.closed, gripper.open), max(gripper.closed, gripper.open))
        return Witness(
            self.chain,
            bounds,
            tuple(self.arm.arm.joints),
            gripper.tip_length,
            ends,
            gripper.max_effort,
            servo_error,
        )


class Lap:
    """One bridge, and the cases that it lives through."""

    def __init__(self, workshop: Workshop, number: int, log: Path, clock: VirtualTime) -> None:
        self.random = np.random.default_rng([20, number])
        self.number, self.tally, self._clock = number, Tally(), clock
        policy = workshop.policies[number % len(workshop.policies)]
        self.servo_error = SERVO_ERRORS[number // len(workshop.policies) % len(SERVO_ERRORS)]
        witness = workshop.witness(policy, self.servo_error)
        self.world = FakeControllers(witness, workshop.arm, clock, self.random)
        self._audit = AuditLog(log)
        executor = Executor(self.world, self.world, workshop.arm, policy, clock)
        gate = Gate(policy, workshop.grammars, clock)
        planner = Planner(workshop.model, workshop.arm, policy)
        self.bridge = IntentBridge(gate, planner, executor, self.world, policy, self._audit, clock)
        self._turn = ""
        self._turns = ["", "nobody", "turn-999", "' OR 1=1 --", "\x00"]
        self._keys: list[str] = []
        self._answer: Callable[[], None] = lambda: None

    def run(self, cases: int) -> Tally:
        """All cases of the lap."""
        self.bridge.resume()
        for case in range(cases):
            self._clock.sleep(1.0)
            try:
                self._case(f"lap {self.number} case {case}")
            except Exception as error:  # noqa: BLE001 - that none comes is what is tested
                self.tally.escapes.append(f"lap {self.number} case {case}: {type(error).__name__}: {error}")
                self.bridge.resume()
            self.tally.cases += 1
        self.tally.goals += self.world.goals
        self._audit.close()
        return self.tally

    def _case(self, name: str) -> None:
        kinds = (
            self._ordinary,
            self._spoken,
            self._model,
            self._replay,
            self._stale,
            self._many,
            self._odd_world,
        )
        kind = self.random.choice(len(kinds), p=[0.46, 0.1, 0.28, 0.04, 0.04, 0.04, 0.04])
        self._answer = lambda: self.bridge.confirm(True, self.bridge.pending_nonce) and None
        try:
            kinds[kind](name)
        finally:
            self.world.snapshot, self.world.extra, self.world.ending = (
                (lambda honest: honest),
                (),
                "succeeded",
            )
            if self.bridge.latched:
                self.bridge.resume()

    # Kinds of cases.

    def _ordinary(self, name: str) -> None:
        """What a client that works asks for, confirmed by service."""
        self._propose(name, [self._sensible()], "nobody")

    def _spoken(self, name: str) -> None:
        """A sentence that the grammar understands, with the call that belongs to it or another."""
        text, skill, arguments = SENTENCES[self.random.integers(len(SENTENCES))]
        turn = self._hear(text, float(self.random.choice([0.95, 0.95, 0.95, 0.2, math.nan, -1.0, 1e308])))
        call = (skill, arguments) if self.random.random() < 0.85 else self._sensible()
        self._propose(name, [call], turn)

    def _model(self, name: str) -> None:
        """What a language model may write that was told to do harm, or is broken; the person says yes or no."""
        turn = self._hear(hostile_text(self.random), 0.9) if self.random.random() < 0.5 else "nobody"
        answers = (lambda: self.bridge.confirm(True, self.bridge.pending_nonce), lambda: self.bridge.confirm(False, self.bridge.pending_nonce), lambda: None,
                   lambda: self.bridge.stop("hostile test"))  # fmt: skip
        self._answer = answers[self.random.choice(4, p=[0.7, 0.1, 0.1, 0.1])]
        self._propose(name, [(hostile_skill(self.random), hostile_arguments(self.random))], turn)

    def _replay(self, name: str) -> None:
        """A key or a turn that was used before."""
        again = self.random.random() < 0.5
        turn = str(self.random.choice(self._turns))
        self._propose(name, [self._sensible()], turn, self._keys[-1] if again and self._keys else "")

    def _stale(self, name: str) -> None:
        """Words from long ago, or from before a stop."""
        text, skill, arguments = SENTENCES[self.random.integers(len(SENTENCES))]
        turn = self._hear(text, 0.95)
        if self.random.random() < 0.5:
            self._clock.sleep(float(self.random.choice([31.0, 3600.0, 1e9])))
        else:
            self.bridge.stop("hostile test")
            if self.random.random() < 0.7:
                self.bridge.resume()
        self._propose(name, [(skill, arguments)], turn, forbidden=True)

    def _many(self, name: str) -> None:
        """Up to a hundred calls in one proposal; none is declared as a sequence."""
        count = int(self.random.choice([0, 2, 3, 100]))
        self._propose(name, [self._sensible() for _ in range(count)], "nobody", forbidden=True)

    def _odd_world(self, name: str) -> None:
        """Senses and controllers that lie."""
        bad = float(self.random.choice([math.nan, math.inf, 1e308, -1e308, 50.0]))
        lies: list[Callable[[JointSnapshot], JointSnapshot | None]] = [
            lambda honest: None,
            lambda honest: dataclasses.replace(honest, at=honest.at - 10.0),
            lambda honest: dataclasses.replace(honest, arm=np.full_like(honest.arm, bad)),
            lambda honest: dataclasses.replace(honest, gripper=bad),
            lambda honest: honest,
        ]
        self.world.snapshot = lies[self.random.integers(len(lies))]
        size = (abs(bad), 0.04, 0.04) if self.random.random() < 0.5 else (0.04, 0.04, 0.04)
        where = (bad, 0.0, 0.02) if self.random.random() < 0.5 else (0.3, 0.1, 0.02)
        self.world.extra = (SceneObject(str(self.random.choice(NAMES)), where, size=size),)
        self.world.ending = str(
            self.random.choice(["succeeded", "aborted", "rejected", "timeout", "absent", "canceled"])
        )
        call = (
            self._sensible() if self.random.random() < 0.5 else ("pick", {"object": self.world.extra[0].name})
        )
        self._propose(name, [call], "nobody", honest=False)

    # How they get to the bridge.

    def _sensible(self) -> tuple[str, dict[str, Any]]:
        return sensible_call(self.random)

    def _hear(self, text: str, confidence: float) -> str:
        turn = f"turn-{self.number}-{len(self._turns)}"
        self._turns.append(turn)
        language = str(self.random.choice(["en", "en", "en", "zh", "", "xx-YY"]))
        self.bridge.on_heard(
            Heard(turn, "s", text, language, confidence, self._clock.now, self._clock.now - 1.0)
        )
        return turn

    def _propose(
        self,
        name: str,
        raw: list[tuple[Any, Any]],
        turn: str,
        key: str = "",
        *,
        forbidden: bool = False,
        honest: bool = True,
    ) -> None:
        try:
            calls = tuple(parse_call(skill, arguments, str(i)) for i, (skill, arguments) in enumerate(raw))
        except SkillError:
            self.tally.outcomes["bad arguments"] += 1
            return
        is_replay = key in self._keys
        key = key or f"key-{self.number}-{len(self._keys)}"
        if not any(call.skill == "stop" for call in calls):  # exempt from everything, keys included
            self._keys.append(key)
        goals, violations = self.world.goals, len(self.world.violations)
        before = self.world.q.copy()
        was_latched = self.bridge.latched
        result = self.bridge.carry_out(Proposal(calls, turn, key), self._report)
        self.tally.outcomes[result.rule or result.outcome] += 1
        sent = self.world.goals - goals
        self.tally.executed += result.outcome == "done" and sent > 0
        found = self.world.violations[violations:]
        if sent and (forbidden or is_replay or was_latched or result.outcome == "refused"):
            found.append(f"{sent} goals although it was {result.outcome} ({result.rule})")
        if not result.message:
            found.append("no sentence")
        if honest and result.outcome == "done" and sent and not is_replay:
            found += self._meaning(calls, before)
        self.tally.violations += [f"{name}: {what}: {[call.as_dict() for call in calls]}" for what in found]

    def _meaning(self, calls: tuple[SkillCall, ...], before: np.ndarray) -> list[str]:
        """Whether the arm is where the words say."""
        arguments = calls[0].as_dict()["arguments"]
        if calls[0].skill != "move_by":
            return []
        old, new = (self.world._witness.chain.places(q[None, :])[1][0, :3, 3] for q in (before, self.world.q))
        axis, sign = {"up": (2, 1), "down": (2, -1), "left": (1, 1), "right": (1, -1), "forward": (0, 1),
                      "back": (0, -1)}[arguments["direction"]]  # fmt: skip
        wanted = old.copy()
        wanted[axis] += sign * arguments["distance"]
        off = float(np.linalg.norm(new - wanted))
        return [f"ended {off:.4f} m from where it should"] if off > 2e-3 + 8.0 * self.servo_error else []

    def _report(self, progress: Progress) -> None:
        if progress.nonce:
            self._answer()


def run_laps(first: int, laps: int, cases_per_lap: int = CASES_PER_LAP) -> Tally:
    """Run laps on virtual time, in this process."""
    clock, workshop, total = VirtualTime(), Workshop(), Tally()
    with virtual_threads(clock), TemporaryDirectory() as folder:
        for number in range(first, first + laps):
            total.add(Lap(workshop, number, Path(folder) / f"{number}.jsonl", clock).run(cases_per_lap))
    return total


def show(tally: Tally) -> str:
    """The tally for people."""
    return json.dumps(
        {
            "cases": tally.cases,
            "executed": tally.executed,
            "share": round(tally.executed / max(tally.cases, 1), 3),
            "goals": tally.goals,
            "violations": len(tally.violations),
            "escapes": len(tally.escapes),
            "outcomes": dict(tally.outcomes.most_common()),
            "first": [*tally.violations[:5], *tally.escapes[:5]],
        },
        indent=1,
        ensure_ascii=False,
    )
