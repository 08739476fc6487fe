# SPDX-License-Identifier: Apache-2.0
"""Runs a synthesizer in a thread of its own, so that synthesis overlaps playback and delays nothing else."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.tts.speech_steps import Job
from voice_agent_ros.tts.synthesizer import Samples, Synthesizer, Word, is_expressive, moved, speech_of
from voice_agent_ros.tts.trim import tail_of, trimmed

JOIN_TIMEOUT_S = 5.0
SPEEDS = (0.5, 2.0)
MAX_JOBS = 8  # the speech queue asks for one at a time; after interruptions old ones may still wait


@dataclass(frozen=True)
class Result:
    """A block of a job's audio, or its end (`samples` is None), with the reason if it failed."""

    job: Job
    samples: Samples | None
    problem: str = ""
    seconds: float | None = field(
        default=None, compare=False
    )  # that the whole job took; None: it was not carried out
    words: tuple[Word, ...] = ()  # that have become known with this block
    by: str = field(default="", compare=False)  # who says it, with which voice, and in whose place


class SynthesisWorker:
    """One thread, jobs in order.

    Args:
        speed, volume: of everything, times those of a job.
        on_result: called in that thread, must not block.
    """

    def __init__(
        self,
        synthesizer: Synthesizer,
        speed: float,
        on_result: Callable[[Result], None],
        volume: float = 1.0,
    ) -> None:
        self._synthesizer = synthesizer
        self._speed, self._volume = speed, volume
        self._on_result = on_result
        self._jobs: queue.Queue[Job | None] = queue.Queue(MAX_JOBS)
        self._wanted = 0
        self.turn_id = ""  # of the job under way
        self._thread = threading.Thread(target=self._run, name="synthesis", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Synthesize a segment; those of other replies are not wanted any more."""
        self._wanted = job.key
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self._on_result(Result(job, None, "the synthesizer does not keep up"))

    def abandon(self) -> None:
        """Nobody waits for any job; a running one ends at its next block."""
        self._wanted = 0  # the queue's keys begin at 1

    def close(self) -> None:
        """End the thread, at the latest when the running block is done."""
        self.abandon()
        while True:
            try:
                self._jobs.put_nowait(None)
                break
            except queue.Full:
                try:
                    self._jobs.get_nowait()
                except queue.Empty:
                    continue
        self._thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            problem, begun = "", time.monotonic()
            self.turn_id = job.turn_id
            try:
                self._synthesize(job)
            except VoiceAgentError as error:
                problem = str(error)
            except Exception as error:  # noqa: BLE001  a dead thread would leave the robot mute
                problem = f"{self._synthesizer.name} broke: {type(error).__name__}: {error}"
            self.turn_id = ""
            self._on_result(Result(job, None, problem, time.monotonic() - begun))

    def _synthesize(self, job: Job) -> None:
        if job.key != self._wanted:
            return
        delivery, voices = job.delivery, self._synthesizer.voices
        speed = min(max(self._speed * delivery.speed, SPEEDS[0]), SPEEDS[1])
        options: dict[str, Any] = {
            "voice": delivery.voice if delivery.voice in voices else "",
            "speed": speed,
        }
        if delivery.manner and is_expressive(self._synthesizer):
            options["manner"] = delivery.manner
        pause = np.zeros(round(job.pause_s * self._synthesizer.sample_rate), np.int16)
        volume = self._volume * delivery.volume
        blocks = speech_of(self._synthesizer, job.text, **options)
        pause_length = len(pause)
        for block in trimmed(blocks, self._synthesizer.sample_rate, tail_of(job.text)):
            if job.key != self._wanted:
                return
            if len(pause):
                self._on_result(Result(job, pause))
                pause = pause[:0]
            samples = block.samples if volume == 1.0 else louder(block.samples, volume)
            words = moved(block.words, pause_length)
            self._on_result(Result(job, samples, words=words, by=block.by))


def louder(samples: Samples, volume: float) -> Samples:
    """Samples times a factor, clipped."""
    return np.clip(samples.astype(np.float32) * volume, -32768, 32767).astype(np.int16)
