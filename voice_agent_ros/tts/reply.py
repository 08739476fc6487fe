# SPDX-License-Identifier: Apache-2.0
"""One reply of the robot on its way from written text to played audio."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from voice_agent_ros.tts.delivery import AS_USUAL, Delivery
from voice_agent_ros.tts.playback_timeline import PlaybackTimeline
from voice_agent_ros.tts.segmentation import Segmenter
from voice_agent_ros.tts.synthesizer import Samples

PRIORITIES = {"safety": 0, "question": 1, "answer": 1, "notice": 2}  # the smaller, the sooner
SETTLE_S = 0.02  # between a segment's last audio and the news that it was the last
MAX_VOICES = 8  # that are told of one reply
SILENCE = np.zeros(0, np.int16)


@dataclass(frozen=True)
class Piece:
    """A piece of a reply as it comes in."""

    reply_id: str
    index: int
    text: str
    is_last: bool
    kind: str = "answer"
    turn_id: str = ""
    is_voiced: bool = True  # False: there is no voice for its language
    delivery: Delivery = AS_USUAL


@dataclass
class Run:
    """Segments that are said in the same way."""

    delivery: Delivery
    segments: deque[str] = field(default_factory=deque)
    has_begun: bool = False


class Reply:
    """One reply on its way from text to played audio."""

    def __init__(self, key: int, piece: Piece, now: float) -> None:
        self.key = key
        self.id = piece.reply_id
        self.turn_id = piece.turn_id
        self.kind = piece.kind
        self.is_voiced = piece.is_voiced
        self.priority = PRIORITIES.get(piece.kind, 1)
        self.segmenter = Segmenter()
        self.characters = 0
        self.runs: deque[Run] = deque()
        self.delivery = piece.delivery
        self.is_complete = False
        self.in_flight = False
        self.is_due = False  # nothing of what is in flight has come yet
        self.due_at = 0.0  # when it is expected to be complete
        self.ready_at = 0.0  # when its first audio was there
        self.audio: deque[Samples] = deque()
        self.waiting = 0  # samples in `audio`
        self.sample_rate = 0
        self.sequence = 0
        self.sent = 0
        self.played = 0
        self.last_is_sent = False
        self.is_cut = False  # its last chunk was sent before its time
        self.timeline = PlaybackTimeline()
        self.begun_at = now
        self.heard_from = now  # when its text or its playback last got on
        self.problem = ""
        self.voices: dict[str, None] = {}  # who said it, and in whose place, in order

    def write(self, text: str, delivery: Delivery) -> None:
        """More of its text; where the way of saying it changes, a segment ends."""
        is_new = delivery is not self.delivery and (delivery != self.delivery or delivery.pause_s > 0.0)
        if is_new and text:
            self.put(self.segmenter.end_here())
            self.delivery = delivery
            self.runs.append(Run(delivery))
        self.put(self.segmenter.feed(text))

    def put(self, segments: Iterable[str]) -> None:
        """Segments to be said as its newest text is."""
        for segment in segments:
            if not self.runs or self.runs[-1].delivery != self.delivery:
                self.runs.append(Run(self.delivery))
            self.runs[-1].segments.append(segment)

    def add_voice(self, by: str) -> None:
        """Somebody said a part of it; empty: nobody knows who."""
        if by and len(self.voices) < MAX_VOICES:
            self.voices[by] = None

    @property
    def has_segments(self) -> bool:
        """Something is ready to be synthesized."""
        return any(run.segments for run in self.runs)

    def next_run(self) -> Run:
        """The one whose segments come next; there must be one."""
        while not self.runs[0].segments:
            self.runs.popleft()
        return self.runs[0]

    @property
    def buffered_s(self) -> float:
        """Audio that is there and was not played yet."""
        return (self.waiting + self.sent - self.played) / self.sample_rate if self.sample_rate else 0.0

    @property
    def is_ready(self) -> bool:
        """There is something to speak."""
        return self.is_complete or self.has_segments

    @property
    def is_synthesized(self) -> bool:
        """No more audio will come."""
        return self.is_complete and not self.has_segments and not self.in_flight

    def is_too_early(self, now: float, preroll_s: float) -> bool:
        """The listener would hear the first words and then wait for the next ones: rather begin a little later."""
        if self.sequence or not self.waiting or not self.in_flight:
            return False
        self.ready_at = self.ready_at or now
        if not self.is_due:  # the end of what is in flight may be a moment away, and the next job with it
            return now < self.ready_at + SETTLE_S
        return now < min(self.due_at - self.buffered_s, self.ready_at + preroll_s)

    def take_audio(self, samples: int) -> Samples:
        """Up to so many samples from the front."""
        taken: list[Samples] = []
        while samples > 0 and self.audio:
            block = self.audio.popleft()
            if len(block) > samples:
                self.audio.appendleft(block[samples:])
                block = block[:samples]
            taken.append(block)
            samples -= len(block)
        joined = np.concatenate(taken) if taken else SILENCE
        self.waiting -= len(joined)
        return joined
