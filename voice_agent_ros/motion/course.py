# SPDX-License-Identifier: Apache-2.0
"""What the bridge carries out for one intent: legs, each planned when its turn comes, from where everything is then."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion.audit_record import folded, named_objects
from voice_agent_ros.motion.gate import Verdict
from voice_agent_ros.motion.latch import Latch
from voice_agent_ros.motion.plan import Grip, Plan, Situation
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.readiness import Readiness
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.replay import Trail
from voice_agent_ros.motion.speed import speed_of
from voice_agent_ros.skills.sequence import Sequence as Steps


@dataclass(frozen=True)
class Leg:
    """A part that is planned at once.

    Attributes:
        calls: what it carries out.
        plan: makes its plan for a situation, under a factor on every speed; raises Refusal.
        slows_to: the factor from here on; None: it stays.
        is_aside: nothing moves, so there is nothing to plan.
    """

    calls: tuple[SkillCall, ...]
    plan: Callable[[Situation, float], Plan]
    slows_to: float | None = None
    is_aside: bool = False


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

    @property
    def may_hold(self) -> tuple[str, ...]:
        """What may be in the hand now: fingers that were on their way when it was interrupted may have arrived."""
        step = self.plan.steps[self.done] if self.done < len(self.plan.steps) else None
        if isinstance(step, Grip) and (step.holds or step.releases):
            return (self.held, step.holds)
        return (self.held,)


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
        self._planner = planner
        self._readiness, self._policy, self._must_ask = readiness, policy, must_ask
        self._latch, self._clock = latch, clock
        self.memory = Memory()

    def of(self, calls: tuple[SkillCall, ...], verdict: Verdict) -> Course:
        """The course of what was asked for.

        Raises:
            Refusal: there is nothing to repeat, to undo or to go on with; or it would get faster on the way.
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
        speed = self.memory.speed
        legs = []
        for number, step in enumerate(steps, start=1):
            slows_to = None
            if step.skill == "set_speed":
                slows_to = speed_of(step, speed)
                if slows_to > speed:  # only a sentence of its own makes it faster
                    raise Refusal("faster_on_the_way", step=number)
                if slows_to < self._policy.verbs.slowest:
                    raise Refusal("too_slow", limit=self._policy.verbs.slowest, step=number)
                speed = slows_to
            legs.append(Leg((step,), self._planned(step), slows_to, is_aside=not step.arguments.moves))
        return tuple(legs)

    def _planned(self, call: SkillCall) -> Callable[[Situation, float], Plan]:
        return lambda situation, speed: self._planner.at_speed(speed).plan((call,), situation)

    def foresee(self, legs: tuple[Leg, ...], first: Plan, situation: Situation, speed: float) -> str:
        """Plan all legs after the first from where everything will be by then, so that nothing is begun in vain.

        Each is planned again when its turn comes, from where everything is.

        Args:
            first: the first leg's plan for the situation.
            speed: factor under which it was made.

        Returns:
            a hash over all the plans.

        Raises:
            Refusal: a later leg is impossible, with the number of its step.
        """
        plans = [first]
        for number, leg in enumerate(legs[1:], start=2):
            before = legs[number - 2]
            speed = before.slows_to or speed
            situation = self._planner.after(plans[-1], situation)
            try:
                plans.append(leg.plan(situation, speed))
            except Refusal as refusal:
                raise Refusal(refusal.rule, **{**refusal.details, "step": number}) from refusal
        if len(plans) == 1:
            return first.digest()
        return hashlib.sha256("".join(plan.digest() for plan in plans).encode()).hexdigest()

    def _repeat(self, verdict: Verdict) -> Course:
        """The last calls again: a plan, checks and a question of their own."""
        if self.memory.last is None:
            raise Refusal("nothing_to_repeat")
        calls, before = self.memory.last
        # `before.ask` knows of steps that are always read back, whatever asked for them.
        ask = verdict.ask or before.ask or self._must_ask(calls, before.engine)
        again = replace(verdict, risk=before.risk, ask=ask)
        return Course(calls, calls, self._legs(calls), again)

    def _undo(self, calls: tuple[SkillCall, ...], verdict: Verdict) -> Course:
        trail = self.memory.trail

        def back(situation: Situation, speed: float) -> Plan:
            return self._planner.at_speed(speed).back(calls[0], trail, speed, situation)

        return Course(calls, calls, (Leg(calls, back),), verdict)

    def _rest(self, calls: tuple[SkillCall, ...], verdict: Verdict) -> Course:
        """What is left of the paused intent, if it is fresh and everything is where it was."""
        paused = self.memory.paused
        if paused is None or paused.stops != self._latch.stops:
            raise Refusal("nothing_to_continue")
        if not 0.0 <= self._clock() - paused.at <= self._policy.verbs.continue_within:
            self.memory.paused = None
            raise Refusal("pause_expired")

        def rest(situation: Situation, speed: float) -> Plan:
            held = situation.held.name if situation.held is not None else ""
            if held not in paused.may_hold:
                raise Refusal("scene_changed", object=paused.held or held)
            names = {name for call in paused.plan.calls for name in named_objects(call)}
            self._readiness.require_objects(names - {folded(paused.held), folded(held)}, paused.scene)
            return self._planner.at_speed(speed).rest(paused.plan, paused.done, situation)

        legs = (Leg(paused.plan.calls, rest), *paused.later)
        return Course(calls, paused.course.origin, legs, verdict)
