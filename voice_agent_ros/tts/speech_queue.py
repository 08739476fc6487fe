# SPDX-License-Identifier: Apache-2.0
"""Decides what is spoken when: replies by priority, segment by segment, never far ahead of what was played.

Knows neither threads nor clocks: events come in with their time, `step` says what to do next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from voice_agent_ros.tts.pace import SHARE, Pace, spoken_width
from voice_agent_ros.tts.reply import SILENCE, Piece, Reply
from voice_agent_ros.tts.segmentation import FLUSH_WIDTH
from voice_agent_ros.tts.speakable import speakable
from voice_agent_ros.tts.speech_steps import Chunk, Ended, Job, Limits, Step
from voice_agent_ros.tts.synthesizer import Samples, Word

REMEMBERED_REPLIES = 256


class SpeechQueue:
    """See the module. Not thread-safe: one thread feeds it and carries out its steps."""

    def __init__(self, limits: Limits | None = None, pace: Pace | None = None) -> None:
        self._limits = limits or Limits()
        self._waiting: list[Reply] = []
        self._current: Reply | None = None
        self._closing: list[Reply] = []  # nothing more of them is sent, their end is not yet reported
        self._over: OrderedDict[str, None] = OrderedDict()
        self._ended: list[Ended] = []
        self._farewells: list[Chunk] = []
        self._keys = 0
        self.pace = pace or Pace()

    @property
    def is_idle(self) -> bool:
        """Nothing is spoken or waits to be."""
        return self._current is None and not self._waiting and not self._closing

    def add(self, piece: Piece, now: float) -> None:
        """Take a piece of a reply; further pieces of a reply that is over are ignored."""
        reply = self._find(piece.reply_id)
        if reply is None or reply in self._closing:
            if reply is not None and piece.index > 0:
                return
            if piece.reply_id in self._over and piece.index > 0:
                return
            reply = self._enqueue(piece, now)
            if reply is None:
                return
        reply.heard_from = now
        room = self._limits.characters - reply.characters
        reply.characters += len(piece.text)
        reply.write(piece.text[: max(room, 0)], piece.delivery)
        if piece.is_last:
            self._complete(reply)

    def synthesized(
        self, key: int, samples: Samples, sample_rate: int, words: Sequence[Word] = (), by: str = ""
    ) -> None:
        """A block of the job's audio, words of which it is known now where in all of it they are, and who says it."""
        reply = self._current
        if reply is None or reply.key != key or not len(samples):
            return
        reply.sample_rate, reply.is_due = sample_rate, False
        reply.audio.append(samples)
        reply.waiting += len(samples)
        reply.timeline.add_audio(samples, sample_rate, words)
        reply.add_voice(by)
        self.pace.add_audio(len(samples) / sample_rate)

    def synthesis_ended(self, key: int, problem: str = "", seconds: float | None = None) -> None:
        """The job is done after so many seconds, or failed: then the rest of the reply is still spoken."""
        if seconds is not None:
            self.pace.end(seconds)
        reply = self._current
        if reply is not None and reply.key == key:
            reply.in_flight = False
            reply.timeline.end_segment()
            reply.problem = reply.problem or problem
            reply.add_voice(f"nobody ({problem})" if problem else "")

    def played(
        self,
        stream_id: str,
        samples_played: int,
        sample_rate: int,
        now: float,
        *,
        is_finished: bool = False,
        is_interrupted: bool = False,
    ) -> None:
        """The player's status of a stream; its samples may be counted at another rate than ours."""
        reply = next(
            (r for r in [self._current, *self._closing] if r is not None and r.id == stream_id), None
        )
        if reply is None or not reply.sequence:
            return
        if sample_rate and reply.sample_rate:
            samples_played = round(samples_played * reply.sample_rate / sample_rate)
        if samples_played > reply.played:
            reply.played = min(samples_played, reply.sent)
            reply.heard_from = now
        if is_finished:
            cut_short = is_interrupted or reply.is_cut or not reply.last_is_sent
            if not cut_short:
                reply.played = reply.sent
            self._end(reply, is_interrupted=cut_short, is_announced=True)

    @property
    def is_speaking(self) -> bool:
        """A reply is being synthesized and sent."""
        return self._current is not None

    def stop(self, *, wait_for_player: bool = True, except_turn: str = "") -> None:
        """Be silent at once and drop everything. The player has to be told by other means.

        Args:
            except_turn: whoever interrupts gets an answer: replies of this turn stay.
            wait_for_player: what was being spoken ends when the player has said how much of it was heard.
        """
        for reply in [self._current, *self._closing, *self._waiting]:
            if reply is None or (except_turn and reply.turn_id == except_turn):
                continue
            if reply.sequence == 0 or not wait_for_player:
                self._end(reply, is_interrupted=True, is_announced=reply.sequence > 0)
            elif reply is self._current:
                self._close(reply)

    def withdraw(self, reply_id: str) -> None:
        """Drop one reply; of the one being spoken, what was already sent is still played."""
        if self._current is not None and self._current.id == reply_id:
            self._outrank(self._current)
        for reply in [reply for reply in self._waiting if reply.id == reply_id]:
            self._end(reply, is_interrupted=True, is_announced=False)

    def heard_text(self, reply_id: str) -> str:
        """What was heard so far of a reply that is being spoken."""
        reply = self._find(reply_id)
        return reply.timeline.heard(reply.played) if reply is not None else ""

    def step(self, now: float) -> Step:
        """Go on as far as possible; to be called after every event, and now and then for the time-outs."""
        self._check_deadlines(now)
        step = Step()
        while True:
            if self._current is None:
                self._choose(now)
            reply = self._current
            if reply is None:
                break
            self._flush(reply, now)
            self._give_job(reply, step, now)
            self._send(reply, step, now)
            if self._current is reply:
                break
        step.chunks[:0] = self._farewells
        step.ended, self._ended, self._farewells = self._ended, [], []
        return step

    # -- the life of a reply -------------------------------------------------------------------------------

    def _enqueue(self, piece: Piece, now: float) -> Reply | None:
        self._over.pop(piece.reply_id, None)
        self._keys += 1
        reply = Reply(self._keys, piece, now)
        if reply.kind in {"answer", "question"}:
            # What was about to happen is news no more once the outcome is there.
            for stale in [r for r in self._waiting if r.kind == "notice" and r.turn_id == reply.turn_id]:
                self._end(stale, is_interrupted=True, is_announced=False)
        if len(self._waiting) >= self._limits.replies:
            victim = max([*self._waiting, reply], key=lambda r: (r.priority, r.key))
            problem = f"more than {self._limits.replies} replies wait to be spoken"
            if victim is reply:
                self._ended.append(Ended(reply.id, "", True, False, problem=problem, turn_id=reply.turn_id))
                self._remember(reply.id)
                return None
            victim.problem = problem
            self._end(victim, is_interrupted=True, is_announced=False)
        self._waiting.append(reply)
        if self._current is not None and reply.kind == "safety" and self._current.kind != "safety":
            self._outrank(self._current)
        return reply

    def _complete(self, reply: Reply) -> None:
        if not reply.is_complete:
            reply.put(reply.segmenter.finish())
            reply.is_complete = True
        if not reply.is_voiced:
            # It can only be read: nobody has to wait until it would have been its turn to be spoken.
            self._end(reply, is_interrupted=False, is_announced=False)

    def _choose(self, now: float) -> None:
        """Begin the next reply; one whose first words are still being written keeps no other waiting."""
        if self._waiting:
            self._flush(min(self._waiting, key=lambda reply: (reply.priority, reply.key)), now)
        ready = [reply for reply in self._waiting if reply.is_ready and reply.is_voiced]
        if ready:
            self._current = min(ready, key=lambda reply: (reply.priority, reply.key))
            self._current.heard_from = now
            self._waiting.remove(self._current)

    def _outrank(self, reply: Reply) -> None:
        """Fall silent after what was already sent."""
        if reply.sequence == 0:
            self._end(reply, is_interrupted=True, is_announced=False)
            return
        if not reply.last_is_sent:
            self._farewells.append(Chunk(reply.id, reply.sequence, SILENCE, reply.sample_rate, True))
        self._close(reply)

    def _close(self, reply: Reply) -> None:
        """Send nothing more of the current reply; it ends when the player says so."""
        reply.is_cut = not reply.last_is_sent
        reply.last_is_sent = True
        self._closing.append(reply)
        self._current = None

    def _end(self, reply: Reply, *, is_interrupted: bool, is_announced: bool) -> None:
        spoken = reply.timeline.heard(reply.played) if reply.is_voiced else ""
        self._ended.append(
            Ended(
                reply.id,
                spoken,
                is_interrupted,
                is_announced,
                reply.played,
                reply.problem,
                dict(reply.segmenter.flushes),
                reply.turn_id,
                tuple(reply.voices),
            )
        )
        self._remember(reply.id)
        if self._current is reply:
            self._current = None
        self._waiting = [other for other in self._waiting if other is not reply]
        self._closing = [other for other in self._closing if other is not reply]

    def _remember(self, reply_id: str) -> None:
        self._over[reply_id] = None
        while len(self._over) > REMEMBERED_REPLIES:
            self._over.popitem(last=False)

    def _find(self, reply_id: str) -> Reply | None:
        everything = [self._current, *self._waiting, *reversed(self._closing)]
        return next((reply for reply in everything if reply is not None and reply.id == reply_id), None)

    # -- from text to sound --------------------------------------------------------------------------------

    def _flush(self, reply: Reply, now: float) -> None:
        """Rather speak the beginning of a sentence than keep the listener waiting for its end."""
        if reply.is_complete or reply.in_flight or reply.has_segments or not reply.segmenter.is_holding:
            return
        if reply.sequence:
            is_due = reply.buffered_s <= self._limits.flush_s + self.pace.synthesis_s(FLUSH_WIDTH)
        else:
            is_due = now - reply.begun_at >= self._limits.flush_s
        if is_due:
            reply.put(reply.segmenter.flush())

    def _give_job(self, reply: Reply, step: Step, now: float) -> None:
        while reply.has_segments and not reply.in_flight:
            if reply.waiting > self._limits.prepared_s * reply.sample_rate > 0:
                return
            run = reply.next_run()
            is_first = not reply.sample_rate
            segment = self.pace.next_segment(run.segments, reply.buffered_s, is_first=is_first)
            reply.timeline.begin_segment(segment)
            text = speakable(segment)
            if text:
                reply.in_flight = True
                self.pace.begin(text)
                reply.due_at, reply.is_due = now + self.pace.synthesis_s(spoken_width(text)) / SHARE, True
                pause_s = 0.0 if run.has_begun else run.delivery.pause_s
                run.has_begun = True
                step.jobs.append(Job(reply.key, text, run.delivery, pause_s, reply.turn_id))

    def _send(self, reply: Reply, step: Step, now: float) -> None:
        if self.pace.can_keep_up and reply.is_too_early(now, self._limits.preroll_s):
            return
        chunk = max(1, int(self._limits.chunk_s * reply.sample_rate))
        lead = self._limits.lead_s * reply.sample_rate
        while reply.waiting and reply.sent + min(chunk, reply.waiting) - reply.played <= lead:
            # A short rest stays for the next block, unless the listener would have to wait for it.
            if reply.waiting < chunk and reply.in_flight:
                break
            samples = reply.take_audio(chunk)
            reply.last_is_sent = not reply.waiting and reply.is_synthesized
            if not reply.sequence:
                reply.heard_from = now
            step.chunks.append(
                Chunk(reply.id, reply.sequence, samples, reply.sample_rate, reply.last_is_sent)
            )
            reply.sequence += 1
            reply.sent += len(samples)
        if reply.waiting or not reply.is_synthesized or reply.last_is_sent:
            return
        if reply.sequence:
            reply.last_is_sent = True
            step.chunks.append(Chunk(reply.id, reply.sequence, SILENCE, reply.sample_rate, True))
            reply.sequence += 1
        else:
            # There was nothing to say, or nothing could be said: that counts as played, so that nobody waits.
            self._end(reply, is_interrupted=bool(reply.problem), is_announced=False)

    def _check_deadlines(self, now: float) -> None:
        limits = self._limits
        for reply in [self._current, *self._closing]:
            if reply is None:
                continue
            quiet = now - reply.heard_from
            is_outstanding = reply.sent - reply.played > 2 * limits.chunk_s * reply.sample_rate
            if is_outstanding or reply.last_is_sent:
                if quiet > limits.playback_timeout_s:
                    reply.problem = f"its audio was not played for {limits.playback_timeout_s:.0f} s"
                    self._end(reply, is_interrupted=True, is_announced=False)
            elif not reply.is_complete and quiet > limits.text_timeout_s:
                self._complete(reply)
        for reply in list(self._waiting):
            if not reply.is_complete and now - reply.heard_from > limits.text_timeout_s:
                self._complete(reply)
