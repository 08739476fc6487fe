# SPDX-License-Identifier: Apache-2.0
"""The bridge from intent to motion: gate, plan, question, execution, report. Knows no ROS and trusts nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from voice_agent_ros.intent.manner import is_gentle
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.motion import sentences
from voice_agent_ros.motion.aliveness import Companions
from voice_agent_ros.motion.asides import Asides
from voice_agent_ros.motion.audit import AuditLog
from voice_agent_ros.motion.audit_chain import AuditError
from voice_agent_ros.motion.audit_key import WordsKey
from voice_agent_ros.motion.audit_record import Record
from voice_agent_ros.motion.confirmation import Confirmation, OpenQuestion
from voice_agent_ros.motion.controllers import JointSnapshot, Senses
from voice_agent_ros.motion.course import Courses, Memory
from voice_agent_ros.motion.executor import Executor
from voice_agent_ros.motion.gate import Gate, Heard, Verdict
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.latch import Latch
from voice_agent_ros.motion.ledger import Ledger
from voice_agent_ros.motion.planner import Planner
from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.proposal import Progress, Proposal, Report, Result
from voice_agent_ros.motion.readiness import Readiness
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.voyage import Voyage

__all__ = ["IntentBridge", "Progress", "Proposal", "Report", "Result"]

DUPLICATE_TIMEOUT_S = 120.0
SUPERSEDED_TIMEOUT_S = 1.0
# The longest utterance that may have begun before a clock jump; its answer does not count.
AFTER_JUMP_S = 10.0
GUARD = "stop_guard_node"


class IntentBridge:
    """Owns the latch, the one motion in flight and the one open question. All methods are thread-safe.

    `carry_out` blocks in a thread of its caller; everything else returns at once, stop above all.

    Args:
        clock: monotonic time, s.
        words_key: of the keyed hashes in the record; None: one that is forgotten.
        known: what is known without being seen; None: nothing is, and no place can be taught.
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
        words_key: WordsKey | None = None,
        known: KnownThings | None = None,
    ) -> None:
        self._gate, self._executor, self._senses = gate, executor, senses
        self._policy, self._clock, self._known = policy, clock, known
        self._record = Record(audit, words_key, store_text=policy.audit.store_text)
        self._latch, self._ledger = Latch(), Ledger(policy, clock)
        self._readiness = Readiness(planner, senses, policy, clock, executor.holding)
        self._courses = Courses(planner, self._readiness, policy, gate.must_ask, self._latch, clock)
        self._asides = Asides(known, planner, self._readiness, policy, self._courses.memory)
        self.companions = Companions(policy.watch.companion_timeout, clock)
        self._busy = threading.Lock()
        self._question = OpenQuestion()
        self._voyage: Voyage | None = None
        self._jumped_at = -1e9
        self._is_declined = False  # the answer to the last question was no yes
        self.active_key = self.active_turn = ""
        self.on_stop: Callable[[str, str, str], None] = lambda *_: None
        self.on_unrecorded: Callable[[str, str], None] = lambda *_: None  # the turn, and why it was refused

    # What others tell it. None of this waits for anything.

    def stop(self, reason: str, turn_id: str = "") -> None:
        """Cancel everything and latch.

        Args:
            turn_id: in which it was asked for.
        """
        under_way = self.active_turn
        self._latch.close(reason, self._clock())  # before anything that could fail
        self._courses.memory.paused = None
        try:
            self._executor.stop()
        finally:
            self._question.settle("stopped")
            self.on_stop(reason, turn_id, under_way)

    def note(self, event: str, **fields: Any) -> None:
        """Record something. Apart from `stop`, which waits for no disk."""
        self._record.note(event, **fields)

    def resume(self, *, unless_stopped_since: int | None = None) -> None:
        """Release the latch. Never restarts a motion.

        Args:
            unless_stopped_since: number of stops at a moment; a later stop wins.

        Raises:
            Refusal: `stopped`, there was a stop since.
        """
        self._latch.release(unless_closed_since=unless_stopped_since)

    def cancel(self, key: str) -> None:
        """Give up one intent, now or when its turn comes, without latching."""
        self._ledger.cancel(key)
        if self.active_key == key:
            self._executor.stop()
            self._question.settle("stopped")

    def confirm(self, yes: bool, nonce: str) -> bool:
        """Answer a question otherwise than by speech; False if that question is not open (any more)."""
        return self._question.answer(yes, nonce)

    def watch(self) -> None:
        """To be called regularly: stops the arm when it is not felt any more, or nobody could stop it by voice."""
        voyage = self._voyage
        if not self._executor.is_running:
            return
        if not self._readiness.is_felt():
            self.stop("joint_states have stopped coming")
        elif voyage is not None and (lost := self.companions.lost(voyage.companions)):
            self.stop(f"{lost} has fallen silent")

    def prepare(self) -> None:
        """Be ready for sentences about what is seen now; slow when names are new."""
        self._gate.prepare(self._senses.scene())

    def on_clock_jump(self, by_s: float) -> None:
        """ROS time has jumped: controllers follow it, and what was said and played cannot be put in order any more."""
        self._jumped_at = self._clock()
        self._question.settle("clock")
        if (voyage := self._voyage) is not None and voyage.has_begun:
            self.stop(f"the clock has jumped by {by_s:.1f} s")

    def on_speaking(self, turn_id: str) -> None:
        """Somebody is speaking: a partial transcript."""
        self._gate.notice(turn_id)

    def on_heard(self, heard: Heard) -> None:
        """A final transcript."""
        self._gate.remember(heard)
        question = self._question.current
        is_ordered = self._clock() - self._jumped_at > AFTER_JUMP_S
        if question is not None and is_ordered and self._gate.is_clear(heard, question.risk):
            question.on_heard(heard)

    def on_played(self, stream_id: str, at: float, *, is_interrupted: bool = False) -> None:
        """A spoken text ended at a ROS time, s; an interrupted question has not been asked."""
        self._question.on_played(stream_id, at, is_interrupted=is_interrupted)

    def on_joints(self, snapshot: JointSnapshot) -> None:
        """New joint states."""
        self._executor.on_joints(snapshot)

    # What others may know.

    @property
    def latched(self) -> bool:
        """Motion is refused."""
        return self._latch.is_closed

    @property
    def latch_reason(self) -> str:
        """Why; "" if it is not."""
        return self._latch.reason

    @property
    def pending_nonce(self) -> str:
        """Of the open question, or ""."""
        return self._question.nonce

    @property
    def is_moving(self) -> bool:
        """A plan is being carried out."""
        return self._executor.is_running

    @property
    def held(self) -> str:
        """What the gripper has taken and, as far as its fingers tell, still has; or ""."""
        return self._executor.holding(snapshot) if (snapshot := self._senses.joints()) is not None else ""

    @property
    def memory(self) -> Memory:
        """What "again", "back" and "go on" refer to."""
        return self._courses.memory

    def language_of(self, turn_id: str) -> str:
        """Language in which somebody spoke in a turn; English if nobody did."""
        heard = self._gate.heard(turn_id)
        return heard.language if heard is not None else "en"

    # Carrying out.

    def carry_out(self, proposal: Proposal, report: Report) -> Result:
        """Do it, or say why not. A key that was seen before gets the first one's result and moves nothing."""
        if self._policy.execution.dry_run:
            proposal = replace(proposal, dry_run=True)
        if any(call.skill == "stop" for call in proposal.calls):  # exempt from everything, keys included
            self.stop("asked to stop", proposal.turn_id)
            self.note("stopped", key=proposal.key, turn=proposal.turn_id)
            return self._stopped(proposal)
        try:
            entry, is_first = self._ledger.enter(proposal)
        except Refusal as refusal:
            return self._refused(refusal, proposal)
        if not is_first:
            entry.finished.wait(DUPLICATE_TIMEOUT_S)
            return entry.result or self._refused(Refusal("busy"), proposal)
        result = None
        try:
            result = self._carry_out(proposal, report)
        finally:
            entry.finish(result)
        return result

    def _carry_out(self, proposal: Proposal, report: Report) -> Result:
        epoch = self._executor.epoch
        try:
            if self._is_aside(proposal):
                return self._aside(proposal, report)
            was_open = self._question.settle("superseded")  # an open question is not answered by a new wish
            is_ending = was_open or self.latched or self._is_declined  # it takes a moment
            if not self._busy.acquire(timeout=SUPERSEDED_TIMEOUT_S if is_ending else 0.0):
                raise Refusal("busy")
            self._is_declined = False
            try:
                self.active_key, self.active_turn = proposal.key, proposal.turn_id
                if self._ledger.is_canceled(proposal.key):
                    raise Refusal("stopped")
                return self._decide(proposal, report, epoch)
            finally:
                self.active_key = self.active_turn = ""
                self._busy.release()
        except Refusal as refusal:
            return self._refused(refusal, proposal)
        except AuditError as error:
            self.on_unrecorded(proposal.turn_id, str(error))
            return self._refused(Refusal("audit"), proposal)
        except Exception as error:
            # Whatever it was must not leave the arm moving; the cause is in the log of whoever called.
            self.stop(f"internal error: {type(error).__name__}")
            raise

    def _decide(self, proposal: Proposal, report: Report, epoch: int) -> Result:
        verdict, scene = self._judged(proposal, report)
        if proposal.calls[0].skill == "resume":
            return self._resume(proposal, verdict, scene, report)
        self._may_move(proposal)
        course = self._courses.of(proposal.calls, verdict)
        heard = self._gate.heard(proposal.turn_id)
        alive = self.companions.alive()
        voyage = Voyage(
            proposal,
            course,
            executor=self._executor,
            readiness=self._readiness,
            record=self._record,
            courses=self._courses,
            asides=self._asides,
            ledger=self._ledger,
            latch=self._latch,
            clock=self._clock,
            senses=self._senses,
            language=self.language_of(proposal.turn_id),
            is_spoken=heard is not None,
            companions=alive if heard is not None else alive & {GUARD},
            epoch=epoch,
            known=self._known,
            gentleness=self._policy.verbs.gentle if heard is not None and is_gentle(heard.text) else 1.0,
        )
        self._voyage = voyage
        try:
            result = voyage.run(report, partial(self._ask, proposal))
            if result.outcome == "done" and not proposal.dry_run:
                self._gate.mention(result.calls)
        finally:
            self._voyage = None
        if voyage.is_controller_lost:
            self.stop("a controller did not answer in time")
        return result

    def _judged(self, proposal: Proposal, report: Report) -> tuple[Verdict, Scene]:
        report(Progress("checking"))
        scene, verdict = self._senses.scene(), None
        try:
            verdict = self._gate.judge(proposal.calls, proposal.turn_id, scene)
        finally:  # a sentence that was refused is on record, too; judging has waited for it
            self._record.proposed(proposal, self._gate.heard(proposal.turn_id), scene)
        self._record.judged(proposal, verdict)
        report(Progress("judged"))
        return verdict, scene

    def _may_move(self, proposal: Proposal) -> None:
        if self.latched and not proposal.dry_run:
            raise Refusal("latched", reason=self.latch_reason)
        heard = self._gate.heard(proposal.turn_id)
        if heard is not None and heard.received_at <= self._latch.closed_at:
            raise Refusal("stale")  # what was said before a stop does not come back after it
        if self._ledger.is_used_up(proposal.turn_id) and not proposal.dry_run:
            raise Refusal("turn_used")  # one sentence, one motion
        self._ledger.start()

    def _ask(self, proposal: Proposal, verdict: Verdict, digest: str, question: str, report: Report) -> None:
        expires = self._policy.confirmation.expires_after
        asked = self._gate.heard(proposal.turn_id)
        session = asked.session_id if asked is not None else None
        confirmation = Confirmation(digest, expires, verdict.by_service, verdict.risk, session)
        with self._question.open(confirmation):
            report(Progress("awaiting_confirmation", question, nonce=confirmation.nonce))
            self._record.asked(proposal, confirmation.nonce, digest)
            answer = confirmation.wait(self._clock)
            if answer != "yes":
                self._is_declined = True
                self._gate.declined(proposal.calls)
        self._record.answered(proposal, confirmation.nonce, answer, confirmation.answered_with)
        if answer == "stopped":
            raise Refusal("stopped")
        if answer != "yes":
            raise Refusal("not_confirmed", answer=answer)
        report(Progress("confirmed"))

    # What moves nothing.

    def _is_aside(self, proposal: Proposal) -> bool:
        """Whether it can be done beside a motion."""
        calls = proposal.calls
        return len(calls) == 1 and not calls[0].arguments.moves and calls[0].skill != "resume"

    def _aside(self, proposal: Proposal, report: Report) -> Result:
        verdict, scene = self._judged(proposal, report)
        language, call = self.language_of(proposal.turn_id), proposal.calls[0]
        if call.skill == "pause":
            text = self._pause(proposal, language)
        elif not self._asides.knows(call):
            raise Refusal("not_allowed", skill=call.skill)  # nobody here knows how
        else:
            text = self._done_aside(proposal, verdict, scene, language)
        return Result("done", "dry_run" if proposal.dry_run else "", text, proposal.calls)

    def _done_aside(self, proposal: Proposal, verdict: Verdict, scene: Scene, language: str) -> str:
        call = proposal.calls[0]
        if call.skill == "set_speed":
            self._asides.require_speed(call, verdict.engine)
        if proposal.dry_run and call.skill != "describe_scene":
            return sentences.announcement(proposal.calls, language, scene)
        if call.skill == "set_speed":
            self._question.settle("superseded")  # a question is about a plan at the old speed
        text = self._asides.do(call, scene, language, is_moving=self.is_moving)
        self._record.aside(proposal, call)
        return text

    def _pause(self, proposal: Proposal, language: str) -> str:
        if (voyage := self._voyage) is None:
            raise Refusal("nothing_to_pause")
        if not proposal.dry_run:
            voyage.is_paused = True
            self._executor.stop()  # latches nothing
            self._question.settle("superseded")
            self.note("paused", key=proposal.key, turn=proposal.turn_id)
        return sentences.outcome("pausing", {}, language)

    def _resume(self, proposal: Proposal, verdict: Verdict, scene: Scene, report: Report) -> Result:
        language, stops = self.language_of(proposal.turn_id), self._latch.stops
        question = sentences.question(proposal.calls, language, scene)
        if self.latched and not proposal.dry_run:
            self._ask(proposal, verdict, "resume", question, report)
            self.resume(unless_stopped_since=stops)
            self.note("resumed", by="a person's words", key=proposal.key, turn=proposal.turn_id)
        if proposal.dry_run and self.latched:  # it is not allowed to move after this
            return Result("done", "dry_run", question, proposal.calls)
        return Result("done", "", sentences.outcome("resumed", {}, language), proposal.calls)

    # Answers.

    def _refused(self, refusal: Refusal, proposal: Proposal) -> Result:
        self._record.refused(proposal, refusal.rule)
        if refusal.rule == "stopped":
            return self._stopped(proposal)
        text = sentences.refusal(refusal.rule, refusal.details, self.language_of(proposal.turn_id))
        return Result("refused", refusal.rule, text, proposal.calls)

    def _stopped(self, proposal: Proposal) -> Result:
        text = sentences.outcome("stopped", {}, self.language_of(proposal.turn_id))
        return Result("stopped", "stopped", text, proposal.calls)
