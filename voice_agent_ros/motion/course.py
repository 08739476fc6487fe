# SPDX-License-Identifier: Apache-2.0
"""What the bridge carries out for one intent: legs, each planned when its turn comes, from where everything is then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion.audit_record import folded, named_objects
from voice_agent_ros.motion.gate import Verdict
from voice_agent_ros.motion.latch import Latch
from voice_agent_ros.motion.plan import Plan, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.readiness import Readiness
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.replay import Trail
from voice_agent_ros.skills.sequence import Sequence as Steps


@dataclass(frozen=True)
class Leg:
    """A part that is planned at once.

    Attributes:
        calls: what it carries out.
        plan: makes its plan; raises Refusal.
    """

    calls: tuple[SkillCall, ...]
    plan: Callable[[Situation], Plan]


@dataclass(frozen=True)
class Course:
    """All legs of an intent.

    Attributes:
        calls: what people are told that it does.
        origin: the calls that were asked for first, by this intent or by one that it goes on with or repeats.
        verdict: of the gate, the questions of what it repeats included.
    """

    calls: tuple[SkillCall, ...]
    origin: tuple[SkillCall, ...]
    legs: tuple[Leg, ...]
    verdict: Verdict


@dataclass(frozen=True)
class Paused:
    """What is left of an intent.

    Attributes:
        plan: of the leg that was interrupted; its first `done` steps were carried out.
        later: the legs after it.
        held: name of what was in the hand, or "".
        at: when it was interrupted, s on the bridge's clock.
        stops: how often the latch had been closed then; a stop since ends it for good.
    """

    course: Course
    plan: Plan
    done: int
    later: tuple[Leg, ...]
    scene: Scene
    held: str
    at: float
    stops: int


@dataclass
class Memory:
    """What the verbs of the bridge refer to.

    Attributes:
        speed: factor on every speed of the policy, (0, 1].
        trail: the way that the arm came.
        last: calls and engine that `repeat` does again.
        paused: what `continue` goes on with.
    """

    speed: float = 1.0
    trail: Trail = field(default_factory=Trail)
    last: tuple[tuple[SkillCall, ...], Verdict] | None = None
    paused: Paused | None = None


class Courses:
    """Turns calls that the gate let pass into courses.

    Args:
        must_ask: whether calls that an engine understood must be read back.
        clock: monotonic time, s.
    """

    def __init__(
        self,
        planner: Planner,
        readiness: Readiness,
        policy: Policy,
        must_ask: Callable[[tuple[SkillCall, ...], str], bool],
        latch: Latch,
        clock: Callable[[], float],
    ) -> None:
        self._full_speed = self._planner = planner
        self._readiness, self._policy, self._must_ask = readiness, policy, must_ask
        self._latch, self._clock = latch, clock
        self.memory = Memory()

    def set_speed(self, factor: float) -> None:
        """Plan later movements with every speed scaled down by a factor.

        Raises:
            Refusal: `too_slow`.
        """
        if factor < self._policy.verbs.slowest:
            raise Refusal("too_slow", limit=self._policy.verbs.slowest)
        self._planner = self._full_speed.at_speed(factor)
        self.memory.speed = factor

    def of(self, calls: tuple[SkillCall, ...], verdict: Verdict) -> Course:
        """The course of what was asked for.

        Raises:
            Refusal: there is nothing to repeat, to undo or to go on with.
        """
        skill = calls[0].skill
        if skill == "repeat":
            return self._repeat(verdict)
        if skill == "undo":
            return self._undo(calls, verdict)
        if skill == "continue":
            return self._rest(calls, verdict)
        return Course(calls, calls, self._legs(calls), verdict)

    def _legs(self, calls: tuple[SkillCall, ...]) -> tuple[Leg, ...]:
        steps = [
            step
            for call in calls
            for step in (call.arguments.calls() if isinstance(call.arguments, Steps) else (call,))
        ]
        return tuple(Leg((step,), self._planned(step)) for step in steps)

    def _planned(self, call: SkillCall) -> Callable[[Situation], Plan]:
        return lambda situation: self._planner.plan((call,), situation)

    def _repeat(self, verdict: Verdict) -> Course:
        """The last calls again: a plan, checks and a question of their own."""
        if self.memory.last is None:
            raise Refusal("nothing_to_repeat")
        calls, before = self.memory.last
        ask = verdict.ask or before.by_service or self._must_ask(calls, before.engine)
        again = replace(verdict, risk=before.risk, ask=ask)
        return Course(calls, calls, self._legs(calls), again)

    def _undo(self, calls: tuple[SkillCall, ...], verdict: Verdict) -> Course:
        trail = self.memory.trail

        def back(situation: Situation) -> Plan:
            return self._planner.back(calls[0], trail, self.memory.speed, situation)

        return Course(calls, calls, (Leg(calls, back),), verdict)

    def _rest(self, calls: tuple[SkillCall, ...], verdict: Verdict) -> Course:
        """What is left of the paused intent, if it is fresh and everything is where it was."""
        paused = self.memory.paused
        if paused is None or paused.stops != self._latch.stops:
            raise Refusal("nothing_to_continue")
        if not 0.0 <= self._clock() - paused.at <= self._policy.verbs.continue_within:
            self.memory.paused = None
            raise Refusal("pause_expired")

        def rest(situation: Situation) -> Plan:
            held = situation.held.name if situation.held is not None else ""
            if held != paused.held:
                raise Refusal("scene_changed", object=paused.held or held)
            names = {name for call in paused.plan.calls for name in named_objects(call)}
            self._readiness.require_objects(names - {folded(paused.held)}, paused.scene)
            return self._planner.rest(paused.plan, paused.done, situation)

        legs = (Leg(paused.plan.calls, rest), *paused.later)
        return Course(calls, paused.course.origin, legs, verdict)
