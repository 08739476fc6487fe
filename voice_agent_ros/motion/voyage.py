# SPDX-License-Identifier: Apache-2.0
"""One intent on its way: each leg is planned, checked, recorded and only then carried out. The one way to controllers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.asides import Asides
from voice_agent_ros.motion.audit_chain import AuditError
from voice_agent_ros.motion.audit_record import Record, named_objects
from voice_agent_ros.motion.controllers import Completion, Senses
from voice_agent_ros.motion.course import Course, Courses, Leg, Memory, Paused
from voice_agent_ros.motion.executor import STANDING, STOPPED, UNSURE, Ending, Executor
from voice_agent_ros.motion.gate import Verdict
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.latch import Latch
from voice_agent_ros.motion.ledger import Ledger
from voice_agent_ros.motion.plan import Grip, Plan, Rests, Situation, Step
from voice_agent_ros.motion.proposal import Progress, Proposal, Report, Result, StepResult
from voice_agent_ros.motion.readiness import Readiness
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.replay import Trail

Ask = Callable[[Verdict, str, str, Report], None]
NOT_REMEMBERED = ("undo", "continue")  # "again" means what was done before them


@dataclass(frozen=True)
class _Ready:
    """A leg that has been planned.

    Attributes:
        speed: factor under which it was planned; another one may hold before it has been carried out.
    """

    plan: Plan
    digest: str
    planned_at: float
    situation: Situation
    speed: float

    @property
    def held(self) -> str:
        return self.situation.held.name if self.situation.held is not None else ""


@dataclass
class Voyage:
    """Carries out a course.

    Attributes:
        companions: nodes that must stay alive meanwhile.
        epoch: of the executor in which the intent came: a stop since then ends it.
        is_paused: to be set before the executor is stopped, so that what is left is kept.
        has_begun: something was carried out, or is; between two legs nothing moves for a moment.
        is_controller_lost: one did not answer, so that nobody knows what it does.
        known: told where things are left that no camera sees.
        gentleness: factor on the speed of this course alone.
        asides: does what moves nothing.
    """

    proposal: Proposal
    course: Course
    executor: Executor
    readiness: Readiness
    record: Record
    ledger: Ledger
    latch: Latch
    clock: Callable[[], float]
    senses: Senses
    language: str
    is_spoken: bool
    companions: frozenset[str]
    epoch: int
    courses: Courses
    asides: Asides
    is_paused: bool = False
    is_controller_lost: bool = False
    known: KnownThings | None = None
    gentleness: float = 1.0
    has_begun: bool = False
    _results: list[StepResult] = field(default_factory=list)
    _said: list[str] = field(default_factory=list)

    @property
    def memory(self) -> Memory:
        """What was done before."""
        return self.courses.memory

    def run(self, report: Report, ask: Ask) -> Result:
        """Plan, announce or ask, and go.

        Raises:
            Refusal: nothing has moved.
            AuditError: the same.
        """
        stops, verdict, is_real = self.latch.stops, self.course.verdict, not self.proposal.dry_run
        if is_real and self.proposal.calls[0].skill not in NOT_REMEMBERED:
            self.memory.last = (self.course.origin, verdict)
        ready = self._planned(self.course.legs[0])
        digest = self.courses.foresee(self.course.legs, ready.plan, ready.situation, ready.speed)
        scene, calls = ready.situation.scene, self.course.calls
        announcement = self._with_manner(sentences.announcement(calls, self.language, scene, ready.held))
        if not is_real:
            self.record.note("dry_run", key=self.proposal.key, plan=digest)
            return Result("done", "dry_run", announcement, calls)
        if verdict.ask:
            question = self._with_manner(sentences.question(calls, self.language, scene, ready.held))
            self._ask(ask, question, digest, report)
        else:
            report(Progress("planned", announcement))
        if self.latch.is_closed:
            raise Refusal("latched", reason=self.latch.reason)
        self.readiness.require(ready.plan, ready.digest, ready.planned_at, ready.situation)
        later = (call for leg in self.course.legs for call in leg.calls)
        self.readiness.require_objects({name for call in later for name in named_objects(call)}, scene)
        return self._go(ready, stops, report)

    def _with_manner(self, sentence: str) -> str:
        return sentences.slowly(sentence, self.language) if self.gentleness < self.memory.speed else sentence

    def _ask(self, ask: Ask, question: str, digest: str, report: Report) -> None:
        try:
            ask(self.course.verdict, digest, question, report)
        except Refusal:
            self.memory.last = None  # what a person did not want is not done again
            raise

    def _planned(self, leg: Leg) -> _Ready:
        situation, speed = self.readiness.situation(), min(self.memory.speed, self.gentleness)
        plan = leg.plan(situation, speed)
        return _Ready(plan, plan.digest(), self.clock(), situation, speed)

    def _go(self, first: _Ready, stops: int, report: Report) -> Result:
        legs, ending, ready = self.course.legs, Ending("done"), first
        self.has_begun = True
        for index, leg in enumerate(legs):
            try:
                ready = first if index == 0 else self._planned(leg)
                ending = self._aside(leg) if leg.is_aside else self._leg(ready, index, report)
            except (Refusal, AuditError) as problem:
                if index == 0:
                    raise
                ending = self._hindered(problem, leg)
            if self.is_paused and ending.outcome == "stopped" and self.latch.stops == stops:
                ending = replace(ending, rule="paused", sentence="paused")
                self._keep(ready, ending.steps_done, legs[index + 1 :], stops)
            self._results += [StepResult(call, ending.outcome, ending.rule) for call in leg.calls]
            if ending.outcome != "done":
                break
        return self._ended(ending)

    def _aside(self, leg: Leg) -> Ending:
        if self.executor.epoch != self.epoch:
            return STOPPED
        self._use_up()
        (call,) = leg.calls
        if leg.slows_to is not None and leg.slows_to >= self.memory.speed:
            return Ending("done")  # it is as slow already, for somebody has said so meanwhile
        said = self.asides.do(call, self.senses.scene(), self.language)
        if leg.slows_to is None:
            self._said.append(said)
        self.record.aside(self.proposal, call)
        return Ending("done")

    def _use_up(self) -> None:
        if self.is_spoken:
            self.ledger.use_up(self.proposal.turn_id)

    def _leg(self, ready: _Ready, index: int, report: Report) -> Ending:
        self._use_up()
        self.record.executing(
            self.proposal, self.course.verdict, ready.plan, ready.digest, ready.situation.scene
        )
        self.memory.paused = None
        trail = self.memory.trail if index else Trail()
        self.memory.trail = Trail()
        if ready.held:
            self.executor.held = ready.held
        ending = self.executor.run(
            ready.plan, partial(self._progress, report, index), self.epoch, partial(self._goal, index)
        )
        if ending.outcome == "done":
            self.memory.trail = trail.then(ready.plan, ready.speed)
            self._leave(ready.plan)
        self.is_controller_lost |= ending.rule in UNSURE
        return ending

    def _leave(self, plan: Plan) -> None:
        for promise in plan.promises:
            if self.known is not None and isinstance(promise, Rests) and not promise.is_seen:
                self.known.left(promise.object, promise.left_at)

    def _hindered(self, problem: Refusal | AuditError, leg: Leg) -> Ending:
        """A leg after the first cannot be begun: what was done before it is done."""
        refusal = problem if isinstance(problem, Refusal) else Refusal("audit")
        if refusal.rule == "stopped" or self.executor.epoch != self.epoch:
            return STOPPED
        text = sentences.refusal(refusal.rule, refusal.details, self.language)
        self.record.note("refused", key=self.proposal.key, turn=self.proposal.turn_id, rule=refusal.rule,
                         step=leg.calls[0].call_id)  # fmt: skip
        return Ending("failed", refusal.rule, details={"message": text})

    def _keep(self, ready: _Ready, done: int, later: tuple[Leg, ...], stops: int) -> None:
        held = self.executor.held
        self.memory.paused = Paused(
            self.course, ready.plan, done, later, self.senses.scene(), held, self.clock(), stops
        )

    def _goal(self, leg: int, completion: Completion, step: int) -> None:
        self.record.goal(self.proposal, completion, leg, step)

    def _progress(self, report: Report, leg: int, phase: str, step: Step, fraction: float) -> None:
        kind = "gripper" if isinstance(step, Grip) else "arm"
        report(Progress(phase, kind, step.call.call_id, (leg + fraction) / len(self.course.legs)))

    def _ended(self, ending: Ending) -> Result:
        joints, scene = self.senses.joints(), self.senses.scene()
        self.record.ended(self.proposal, ending.outcome, ending.rule, joints, scene, ending.details)
        if ending.refusal is not None:
            message = sentences.refusal(ending.rule, ending.refusal.details, self.language)
        elif "message" in ending.details:
            message = str(ending.details["message"])
        elif ending.outcome == "stopped" and ending.details.get(STANDING) is False:
            message = sentences.outcome("stopped.moving", {}, self.language)
        elif ending.sentence and (len(self.course.legs) == 1 or ending.outcome != "done"):
            message = sentences.outcome(ending.sentence, ending.details, self.language)
        elif self._said and ending.outcome == "done":
            message = " ".join(self._said)
        else:
            message = sentences.done(self.language)
        return Result(ending.outcome, ending.rule, message, self.course.calls, tuple(self._results))
