# SPDX-License-Identifier: Apache-2.0
"""Somebody who listens to replies on a virtual clock: text is written, synthesized and played as on a robot.

The speech queue is the product's; synthesis takes the time that it really takes; the loudspeaker never fails."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field

import numpy as np

from benchmarks.spoken_replies import written_at
from benchmarks.timed_voice import TimedVoice
from voice_agent_ros.tts.pace import Pace
from voice_agent_ros.tts.reply import Piece
from voice_agent_ros.tts.speakable import speakable
from voice_agent_ros.tts.speech_queue import SpeechQueue
from voice_agent_ros.tts.speech_steps import Job
from voice_agent_ros.tts.synthesizer import Samples, Speech

STEP_S = 0.005
REPORT_STEPS = 20  # the loudspeaker tells its position ten times a second
LOUD = 250  # of 32768
LONGEST_S = 120.0


@dataclass
class Listened:
    """One reply.

    Attributes:
        first_s: from the first token's request to the first sound, s.
        total_s: to the last one.
        gaps_s: times without audio between the first and the last, each.
        audio_s: played.
        synthesis_s: that the engine worked.
        flushes: why segments ended.
        heard: samples played until it was interrupted, or all of them.
        kept_text: what the queue says was heard.
    """

    first_s: float = 0.0
    total_s: float = 0.0
    gaps_s: list[float] = field(default_factory=list)
    audio_s: float = 0.0
    synthesis_s: float = 0.0
    segments: int = 0
    flushes: Counter[str] = field(default_factory=Counter)
    heard: Samples = field(default_factory=lambda: np.zeros(0, np.int16))
    kept_text: str = ""


class _Loudspeaker:
    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._waiting: deque[Samples] = deque()
        self.played: list[Samples] = []
        self.count = 0
        self.is_complete = False
        self._debt = 0.0
        self.dry_s = 0.0
        self.gaps_s: list[float] = []

    def add(self, samples: Samples, *, is_last: bool) -> None:
        self._waiting.append(samples)
        self.is_complete = self.is_complete or is_last

    def run(self, now: float, listened: Listened) -> None:
        self._debt += STEP_S * self.rate
        while self._waiting and self._debt >= 1.0:
            block = self._waiting.popleft()
            part = block[: int(self._debt)]
            if len(part) < len(block):
                self._waiting.appendleft(block[len(part) :])
            if not listened.first_s and (loud := np.flatnonzero(np.abs(part.astype(np.int32)) > LOUD)).size:
                listened.first_s = now + float(loud[0]) / self.rate
            self.played.append(part)
            self.count += len(part)
            self._debt -= len(part)
            if self.dry_s:
                self.gaps_s.append(self.dry_s)
                self.dry_s = 0.0
        if self._debt >= 1.0:
            if self.count and not self.is_complete:
                self.dry_s += self._debt / self.rate
            self._debt = 0.0

    @property
    def is_over(self) -> bool:
        return self.is_complete and not self._waiting


def listen(
    engine: TimedVoice,
    text: str,
    pace: Pace | None = None,
    cut_at_s: float | None = None,
    charged_rtf: float | None = None,
) -> Listened:
    """A reply as tts_node speaks it.

    Args:
        pace: that was learnt before; a new agent has none.
        cut_at_s: somebody interrupts it so long after its first sound.
        charged_rtf: synthesis takes this times as long as the engine's audio lasts, however long it really took.
    """
    return _Agent(engine, text, pace, charged_rtf).run(cut_at_s)


class _Agent:
    def __init__(self, engine: TimedVoice, text: str, pace: Pace | None, charged_rtf: float | None) -> None:
        self._charged_rtf = charged_rtf
        self._engine, self._queue = engine, SpeechQueue()
        self._queue.pace = pace or self._queue.pace
        self._tokens = deque(enumerate(written_at(text)))
        self._results: deque[tuple[float, Job, Speech | None, float]] = deque()
        self._busy_until = 0.0
        self._speaker = _Loudspeaker(engine.sample_rate)
        self._found = Listened()

    def run(self, cut_at_s: float | None) -> Listened:
        found, speaker = self._found, self._speaker
        now, is_cut, steps = 0.0, False, 0
        while now < LONGEST_S and not is_cut and not speaker.is_over:
            now, steps = now + STEP_S, steps + 1
            self._take(now)
            self._go_on(now)
            speaker.run(now, found)
            is_cut = bool(cut_at_s is not None and found.first_s and now - found.first_s >= cut_at_s)
            if is_cut:
                self._queue.stop()
            if is_cut or speaker.is_over or steps % REPORT_STEPS == 0:
                is_over = is_cut or speaker.is_over
                self._queue.played(
                    "r", speaker.count, speaker.rate, now, is_finished=is_over, is_interrupted=is_cut
                )
        self._go_on(now)
        found.total_s, found.gaps_s = now, speaker.gaps_s
        found.heard = np.concatenate([np.zeros(0, np.int16), *speaker.played])
        found.audio_s = len(found.heard) / self._engine.sample_rate
        return found

    def _take(self, now: float) -> None:
        while self._tokens and self._tokens[0][1][0] <= now:
            index, (_, token) = self._tokens.popleft()
            self._queue.add(Piece("r", index, token, not self._tokens), now)
            self._go_on(now)
        while self._results and self._results[0][0] <= now:
            _, job, speech, seconds = self._results.popleft()
            if speech is None:
                self._queue.synthesis_ended(job.key, seconds=seconds)
            else:
                self._queue.synthesized(job.key, speech.samples, self._engine.sample_rate, speech.words)

    def _go_on(self, now: float) -> None:
        step = self._queue.step(now)
        for chunk in step.chunks:
            self._speaker.add(chunk.samples, is_last=chunk.is_last)
        for job in step.jobs:
            self._found.segments += 1
            self._synthesize(job, max(now, self._busy_until))
        for ended in step.ended:
            self._found.flushes.update(ended.flushes)
            self._found.kept_text = ended.spoken_text

    def _synthesize(self, job: Job, at: float) -> None:
        """At once, and handed on when it would have been ready."""
        said, rate = self._engine.say(job.text), self._engine.sample_rate
        if self._charged_rtf is not None:
            said = said.charged(self._charged_rtf, rate)
        self._results += [(at + took, job, block, 0.0) for took, block in said.trimmed(rate)]
        self._results.append((at + said.seconds, job, None, said.seconds))
        self._found.synthesis_s += said.seconds
        self._busy_until = at + said.seconds


def listen_plainly(engine: TimedVoice, text: str, *, by_sentences: bool) -> Listened:
    """The same engine without our segments: fed the whole reply when it is written, or each sentence when it ends."""
    result, speaker = Listened(), _Loudspeaker(engine.sample_rate)
    pieces = re.findall(r".+?(?:[.!?](?=\s|$)|[。！？])|.+$", text) if by_sentences else [text]
    written = written_at(text)
    ends, at = [], 0
    for piece in pieces:
        at += len(piece)
        ends.append(_time_of(written, at))
    now, arrivals = 0.0, deque[tuple[float, Samples]]()
    for piece, end in zip(pieces, ends, strict=True):
        now = max(now, end)
        result.segments += 1
        text_said = speakable(piece)
        if not text_said:
            continue
        said = engine.say(text_said)
        arrivals += [(now + took, block.samples) for took, block in said.blocks]
        result.synthesis_s += said.seconds
        now += said.seconds
    clock = 0.0
    while (arrivals or not speaker.is_over) and clock < LONGEST_S:
        clock += STEP_S
        while arrivals and arrivals[0][0] <= clock:
            speaker.add(arrivals.popleft()[1], is_last=not arrivals)
        speaker.run(clock, result)
    result.total_s, result.gaps_s = clock, speaker.gaps_s
    result.audio_s = speaker.count / engine.sample_rate
    return result


def _time_of(written: list[tuple[float, str]], characters: int) -> float:
    so_far = 0
    for moment, token in written:
        so_far += len(token)
        if so_far >= characters:
            return moment
    return written[-1][0]
