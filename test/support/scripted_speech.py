# SPDX-License-Identifier: Apache-2.0
"""A world for the speech queue: a clock, a synthesizer and a loudspeaker that are numbers."""

import numpy as np

from voice_agent_ros.tts.reply import Piece
from voice_agent_ros.tts.speech_queue import SpeechQueue
from voice_agent_ros.tts.speech_steps import Chunk, Ended, Limits

RATE = 1000
PER_CHARACTER = 60  # samples that the scripted synthesizer makes of a character
LIMITS = Limits(
    replies=3, characters=200, lead_s=0.5, chunk_s=0.04, playback_timeout_s=5.0, text_timeout_s=20.0
)


class ScriptedWorld:
    """Carries out the queue's steps on virtual time."""

    def __init__(
        self,
        limits: Limits = LIMITS,
        synthesis_s: float = 0.02,
        rtf: float = 0.0,
        per_character: int = PER_CHARACTER,
    ) -> None:
        self.queue = SpeechQueue(limits)
        self.now = 100.0
        self.synthesis_s, self.rtf, self.per_character = synthesis_s, rtf, per_character
        self.dry_s = 0.0  # that a stream which had begun had nothing to play
        self.loudspeaker_works = True
        self.jobs: list[tuple[float, int, str]] = []
        self.spoken_jobs: list[str] = []
        self.chunks: list[Chunk] = []
        self.ended: list[Ended] = []
        self.playing: dict[str, float] = {}  # stream: samples played
        self.max_lead = 0.0

    def say(self, reply_id: str, text: str, index: int = 0, *, is_last: bool = True, **fields) -> None:
        self.queue.add(Piece(reply_id, index, text, is_last, **{"turn_id": reply_id, **fields}), self.now)
        self.step()

    def step(self) -> None:
        step = self.queue.step(self.now)
        self.chunks += step.chunks
        self.jobs += [(self.now + self.cost_s(job.text), job.key, job.text) for job in step.jobs]
        self.ended += step.ended

    def cost_s(self, text: str) -> float:
        return self.synthesis_s + self.rtf * len(text) * self.per_character / RATE

    def run(self, duration_s: float) -> None:
        end = self.now + duration_s
        while self.now < end - 1e-9:
            self.now += 0.01
            for job in [job for job in self.jobs if job[0] <= self.now]:
                self.jobs.remove(job)
                self.spoken_jobs.append(job[2])
                self.queue.synthesized(job[1], np.ones(len(job[2]) * self.per_character, np.int16), RATE)
                if self.rtf:  # the news of the end comes by itself
                    self.step()
                self.queue.synthesis_ended(job[1], seconds=self.cost_s(job[2]) if self.rtf else None)
            self.step()
            if self.loudspeaker_works:
                self.play(0.01)
            self.step()

    def play(self, duration_s: float) -> None:
        """Streams are played one after the other, in the order of their first chunks."""
        for stream_id in dict.fromkeys(chunk.stream_id for chunk in self.chunks):
            if self.playing.get(stream_id) == float("inf"):
                continue
            sent = sum(len(chunk.samples) for chunk in self.chunks if chunk.stream_id == stream_id)
            if 0 < self.playing.get(stream_id, 0) == sent and not self.is_last_sent(stream_id):
                self.dry_s += duration_s
            played = min(sent, self.playing.get(stream_id, 0) + duration_s * RATE)
            self.max_lead = max(self.max_lead, sent - self.playing.get(stream_id, 0))
            self.playing[stream_id] = played
            is_finished = played == sent and self.is_last_sent(stream_id)
            self.queue.played(stream_id, round(played), RATE, self.now, is_finished=is_finished)
            if is_finished:
                self.playing[stream_id] = float("inf")
            return

    def is_last_sent(self, stream_id: str) -> bool:
        return any(chunk.is_last for chunk in self.chunks if chunk.stream_id == stream_id)

    def flush(self) -> None:
        """What the loudspeaker does on a stop."""
        for stream_id in list(self.playing):
            if self.playing[stream_id] != float("inf"):
                played, self.playing[stream_id] = self.playing[stream_id], float("inf")
                self.queue.played(
                    stream_id, round(played), RATE, self.now, is_finished=True, is_interrupted=True
                )
        self.step()

    def end_of(self, reply_id: str) -> Ended:
        (ended,) = [ended for ended in self.ended if ended.reply_id == reply_id]
        return ended

    def order(self) -> list[str]:
        return list(dict.fromkeys(chunk.stream_id for chunk in self.chunks))
