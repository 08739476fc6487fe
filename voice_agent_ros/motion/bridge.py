# SPDX-License-Identifier: Apache-2.0
"""The bridge from intent to motion: gate, plan, question, execution, report. Knows no ROS and trusts nobody."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.audit import AuditError, AuditLog
from voice_agent_ros.motion.confirmation import Confirmation
from voice_agent_ros.motion.controllers import JointSnapshot, Senses
from voice_agent_ros.motion.executor import Ending, Executor
from voice_agent_ros.motion.gate import Gate, Heard, Verdict
from voice_agent_ros.motion.plan import Grip, Plan, Situation, Step
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.refusal import Refusal

REMEMBERED_RESULTS = 256
DUPLICATE_TIMEOUT_S = 120.0
SUPERSEDED_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Proposal:
    """What somebody wants the bridge to do."""

    calls: tuple[SkillCall, ...]
    turn_id: str
    key: str
    dry_run: bool = False


@dataclass(frozen=True)
class Result:
    """What became of it; `message` is a sentence in the speaker's language."""

    outcome: str
    rule: str
    message: str
    calls: tuple[SkillCall, ...] = ()


@dataclass(frozen=True)
class Progress:
    """A step on the way; see ExecuteIntent.Feedback."""

    phase: str
    message: str = ""
    call_id: str = ""
    fraction: float = 0.0
    nonce: str = ""


Report = Callable[[Progress], None]


class IntentBridge:
    """Owns the latch, the one motion in flight and the one open question. All methods are thread-safe.

    `carry_out` blocks in a thread of its caller; everything else returns at once, stop above all.

    Args:
        clock: monotonic time, s.
    """

    def __init__(
        self,
        gate: Gate,
        planner: Planner,
        executor: Executor,
        senses: Senses,
        policy: Policy,
        audit: AuditLog,
        clock: Callable[[], float],
    ) -> None:
        self._gate, self._planner, self._executor, self._senses = gate, planner, executor, senses
        self._policy, self._audit, self._clock = policy, audit, clock
        self._lock = threading.Lock()
        self._busy = threading.Lock()
        self._latching = threading.Lock()  # held for assignments only
        self._stops = 0
        self._canceled: OrderedDict[str, None] = OrderedDict()
        self._moved_turns: OrderedDict[str, None] = OrderedDict()
        self._results: OrderedDict[str, tuple[threading.Event, list[Result]]] = OrderedDict()
        self._confirmation: Confirmation | None = None
        self._last_start = -1e9
        self._stopped_at = -1e9
        self.latched = True
        self.latch_reason = "not released since start"
        self.active_key = ""

    # What others tell it. None of this waits for anything.

    def stop(self, reason: str) -> None:
        """Cancel everything and latch."""
        with self._latching:
            self.latched, self.latch_reason = True, reason  # before anything that could fail
            self._stops += 1
        self._stopped_at = self._clock()
        self._executor.stop()
        self._settle("stopped")

    def note(self, event: str, **fields: Any) -> None:
        """Record something. Apart from `stop`, which waits for no disk."""
        with contextlib.suppress(AuditError):  # whatever it was, it has happened
            self._audit.write(event, **fields)

    def resume(self, *, unless_stopped_since: int | None = None) -> None:
        """Release the latch. Never restarts a motion.

        Args:
            unless_stopped_since: number of stops at a moment; a later stop wins.

        Raises:
            Refusal: `stopped`, there was a stop since.
        """
        with self._latching:
            if unless_stopped_since is not None and unless_stopped_since != self._stops:
                raise Refusal("stopped")
            self.latched, self.latch_reason = False, ""

    def cancel(self, key: str) -> None:
        """Give up one intent, now or when its turn comes, without latching."""
        _add(self._canceled, key)
        if self.active_key == key:
            self._executor.stop()
            self._settle("stopped")

    def confirm(self, yes: bool) -> bool:
        """Answer the open question by service; False if there is none."""
        return self._settle("yes" if yes else "no")

    def watch(self) -> None:
        """To be called regularly: an arm that is not felt any more is stopped."""
        snapshot = self._senses.joints()
        is_felt = snapshot is not None and self._is_fresh(snapshot)
        if self._executor.is_running and not is_felt:
            self.stop("joint_states have stopped coming")

    def on_heard(self, heard: Heard) -> None:
        """A final transcript."""
        self._gate.remember(heard)
        confirmation = self._confirmation
        if confirmation is not None and self._gate.is_clear(heard):
            confirmation.on_heard(heard)

    def on_played(self, stream_id: str, at: float, *, is_interrupted: bool = False) -> None:
        """A spoken text ended at a ROS time, s; an interrupted question has not been asked."""
        confirmation = self._confirmation
        if confirmation is not None and confirmation.nonce == stream_id:
            if is_interrupted:
                confirmation.settle("interrupted")
            else:
                confirmation.on_played(stream_id, at)

    def on_joints(self, snapshot: JointSnapshot) -> None:
        """New joint states."""
        self._executor.on_joints(snapshot)

    @property
    def pending_nonce(self) -> str:
        """Of the open question, or ""."""
        confirmation = self._confirmation
        return confirmation.nonce if confirmation is not None else ""

    @property
    def is_moving(self) -> bool:
        """A plan is being carried out."""
        return self._executor.is_running

    def language_of(self, turn_id: str) -> str:
        """Language in which somebody spoke in a turn; English if nobody did."""
        heard = self._gate.heard(turn_id)
        return heard.language if heard is not None else "en"

    def _settle(self, answer: Any) -> bool:
        confirmation = self._confirmation
        if confirmation is not None:
            confirmation.settle(answer)
        return confirmation is not None

    # Carrying out.

    def carry_out(self, proposal: Proposal, report: Report) -> Result:
        """Do it, or say why not. A key that was seen before gets the first one's result and moves nothing."""
        with self._lock:
            known = self._results.get(proposal.key)
            if known is None:
                known = self._results[proposal.key] = (threading.Event(), [])
                is_first = True
                while len(self._results) > REMEMBERED_RESULTS:
                    self._results.popitem(last=False)
            else:
                is_first = False
        finished, results = known
        if not is_first:
            finished.wait(DUPLICATE_TIMEOUT_S)
            return results[0] if results else self._refused(Refusal("busy"), proposal)
        try:
            results.append(self._carry_out(proposal, report))
        finally:
            finished.set()
        return results[0]

    def _carry_out(self, proposal: Proposal, report: Report) -> Result:
        if any(call.skill == "stop" for call in proposal.calls):
            self.stop("asked to stop")
            self.note("stopped", key=proposal.key, turn=proposal.turn_id)
            return self._stopped(proposal)
        epoch = self._executor.epoch
        was_open = self._settle("superseded")  # an open question is not answered by a new wish
        if not self._busy.acquire(timeout=SUPERSEDED_TIMEOUT_S if was_open else 0.0):
            return self._refused(Refusal("busy"), proposal)
        try:
            self.active_key = proposal.key
            if proposal.key in self._canceled:
                raise Refusal("stopped")
            return self._decide(proposal, report, epoch)
        except Refusal as refusal:
            return self._refused(refusal, proposal)
        except AuditError:
            return self._refused(Refusal("audit"), proposal)
        except Exception as error:
            # Whatever it was must not leave the arm moving; the cause is in the log of whoever called.
            self.stop(f"internal error: {type(error).__name__}")
            raise
        finally:
            self.active_key = ""
            self._busy.release()

    def _decide(self, proposal: Proposal, report: Report, epoch: int) -> Result:
        report(Progress("checking"))
        scene = self._senses.scene()
        verdict = self._gate.judge(proposal.calls, proposal.turn_id, scene)
        if all(not call.arguments.moves for call in proposal.calls):
            return self._without_motion(proposal, verdict, scene, report)
        self._may_move(proposal)
        situation = self._situation(scene)
        plan = self._planner.plan(proposal.calls, situation)
        digest, planned_at = plan.digest(), self._clock()
        language = self.language_of(proposal.turn_id)
        held = situation.held.name if situation.held is not None else ""
        announcement = sentences.announcement(plan.calls, language, scene, held)
        if proposal.dry_run:
            self.note("dry_run", key=proposal.key, plan=digest)
            return Result("done", "dry_run", announcement, plan.calls)
        if verdict.ask:
            question = sentences.question(plan.calls, language, scene, held)
            self._ask(proposal, verdict, digest, question, report)
        else:
            report(Progress("planned", announcement))
        self._still_valid(plan, digest, planned_at, situation)
        self._record(proposal, verdict, digest)
        if held:
            self._executor.held = held
        ending = self._executor.run(plan, partial(self._progress, report), epoch)
        return self._ended(ending, plan, language, proposal)

    def _may_move(self, proposal: Proposal) -> None:
        if self.latched and not proposal.dry_run:
            raise Refusal("latched", reason=self.latch_reason)
        heard = self._gate.heard(proposal.turn_id)
        if heard is not None and heard.received_at <= self._stopped_at:
            raise Refusal("stale")  # what was said before a stop does not come back after it
        if proposal.turn_id in self._moved_turns and not proposal.dry_run:
            raise Refusal("turn_used")  # one sentence, one motion
        if self._clock() - self._last_start < self._policy.execution.min_interval:
            raise Refusal("too_soon")
        self._last_start = self._clock()

    def _without_motion(self, proposal: Proposal, verdict: Verdict, scene: Scene, report: Report) -> Result:
        language = self.language_of(proposal.turn_id)
        if any(call.skill == "resume" for call in proposal.calls):
            stops = self._stops
            if self.latched and not proposal.dry_run:
                question = sentences.question(proposal.calls, language, scene)
                self._ask(proposal, verdict, "resume", question, report)
                self.resume(unless_stopped_since=stops)
                self.note("resumed", by="a person's words", turn=proposal.turn_id)
            return Result("done", "", sentences.outcome("resumed", {}, language), proposal.calls)
        seen = list(scene.names)
        text = sentences.outcome("scene" if seen else "scene.nothing", {"seen": seen}, language)
        return Result("done", "", text, proposal.calls)

    def _ask(self, proposal: Proposal, verdict: Verdict, digest: str, question: str, report: Report) -> None:
        expires = self._policy.confirmation.expires_after
        confirmation = Confirmation(digest, expires, by_service=verdict.by_service)
        self._confirmation = confirmation
        try:
            report(Progress("awaiting_confirmation", question, nonce=confirmation.nonce))
            self._audit.write("asked", key=proposal.key, nonce=confirmation.nonce, plan=digest)
            answer = confirmation.wait(self._clock)
        finally:
            self._confirmation = None
        self._audit.write("answered", key=proposal.key, nonce=confirmation.nonce, answer=answer)
        if answer == "stopped":
            raise Refusal("stopped")
        if answer != "yes":
            raise Refusal("not_confirmed", answer=answer)
        report(Progress("confirmed"))

    def _is_fresh(self, snapshot: JointSnapshot) -> bool:
        return self._clock() - snapshot.at <= self._policy.execution.joint_states_max_age

    def _felt(self) -> JointSnapshot:
        snapshot = self._senses.joints()
        if snapshot is None or not self._is_fresh(snapshot):
            raise Refusal("no_joint_states")
        return snapshot

    def _situation(self, scene: Scene) -> Situation:
        snapshot = self._felt()
        held = self._planner.in_hand(scene, snapshot.arm, snapshot.gripper)
        if held is None and (remembered := self._executor.holding(snapshot)):
            held = scene.find(remembered)
        return Situation(scene, snapshot.arm, snapshot.gripper, held)

    def _still_valid(self, plan: Plan, digest: str, planned_at: float, situation: Situation) -> None:
        """Between planning and now a person may have taken a while to answer."""
        if self.latched:
            raise Refusal("latched", reason=self.latch_reason)
        if self._clock() - planned_at > self._policy.execution.plan_ttl or plan.digest() != digest:
            raise Refusal("stale")
        if not np.max(np.abs(self._felt().arm - plan.start)) <= self._policy.execution.start_tolerance:
            raise Refusal("arm_moved")
        names = {value for call in plan.calls for value in _names(call)}
        now = self._senses.scene()
        for then in situation.scene.objects:
            if " ".join(then.name.lower().split()) in names and not self._is_where_it_was(
                now.find(then.name), then
            ):
                raise Refusal("scene_changed", object=then.name)

    def _is_where_it_was(self, now: SceneObject | None, then: SceneObject) -> bool:
        if now is None:
            return False
        moved = float(np.linalg.norm(np.array(now.position) - np.array(then.position)))
        return moved <= self._policy.execution.object_tolerance

    def _record(self, proposal: Proposal, verdict: Verdict, digest: str) -> None:
        if self._gate.heard(proposal.turn_id) is not None:
            _add(self._moved_turns, proposal.turn_id)
        calls = [call.as_dict() for call in proposal.calls]
        heard = self._gate.heard(proposal.turn_id)
        fields = {"key": proposal.key, "turn": proposal.turn_id, "calls": calls, "engine": verdict.engine}
        audio = heard.audio_hash if heard is not None else ""
        self._audit.write("executing", durable=True, plan=digest, asked=verdict.ask, audio=audio, **fields)

    def _progress(self, report: Report, phase: str, step: Step, fraction: float) -> None:
        kind = "gripper" if isinstance(step, Grip) else "arm"
        report(Progress(phase, kind, step.call.call_id, fraction))

    def _ended(self, ending: Ending, plan: Plan, language: str, proposal: Proposal) -> Result:
        self.note("ended", key=proposal.key, outcome=ending.outcome, rule=ending.rule)
        if ending.sentence:
            message = sentences.outcome(ending.sentence, ending.details, language)
        else:
            message = sentences.done(language)
        return Result(ending.outcome, ending.rule, message, plan.calls)

    def _refused(self, refusal: Refusal, proposal: Proposal) -> Result:
        self.note("refused", key=proposal.key, turn=proposal.turn_id, rule=refusal.rule)
        if refusal.rule == "stopped":
            return self._stopped(proposal)
        text = sentences.refusal(refusal.rule, refusal.details, self.language_of(proposal.turn_id))
        return Result("refused", refusal.rule, text, proposal.calls)

    def _stopped(self, proposal: Proposal) -> Result:
        text = sentences.outcome("stopped", {}, self.language_of(proposal.turn_id))
        return Result("stopped", "stopped", text, proposal.calls)


def _names(call: SkillCall) -> list[str]:
    """Names of the objects that a call is about, as the scene writes them or not."""
    arguments = call.arguments.model_dump(exclude_none=True)
    return [
        " ".join(str(arguments[slot]).lower().split()) for slot in ("object", "target") if slot in arguments
    ]


def _add(remembered: OrderedDict[str, None], key: str) -> None:
    remembered[key] = None
    while len(remembered) > REMEMBERED_RESULTS:
        remembered.popitem(last=False)
