# SPDX-License-Identifier: Apache-2.0
"""The ears on virtual time: the audio's clock rules, real decodes are charged with the time that they really took."""

from __future__ import annotations

import heapq
import itertools
import json
import os
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.decoding import Decode, Decoded
from voice_agent_ros.asr.ending import judge_ending
from voice_agent_ros.asr.heard import Event, StopHeard, Words
from voice_agent_ros.asr.recognizer import Recognizer
from voice_agent_ros.asr.spotting import KeywordSpotter
from voice_agent_ros.asr.streaming import StreamingOptions, StreamingRecognizer
from voice_agent_ros.asr.vad import SAMPLE_RATE, SileroDetector
from voice_agent_ros.audio.wav_source import load
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.whole_command import WholeCommands

Pcm = NDArray[np.int16]
CHUNK = 320
LOUD = 330  # of 32768, -40 dB
# A folder of recordings with manifest.json: {"name": "what is said", ...}
FOLDER = "VOICE_AGENT_RECORDINGS"
OBJECTS = ("red cube", "green cube", "blue cube", "bowl")


@dataclass
class _Worker:
    """One decode at a time, as DecodingWorker does it, but on the audio's clock."""

    recognizer: Recognizer
    is_whole: WholeCommands
    now: float = 0.0
    free_at: float = 0.0
    waiting: list[Decode] = field(default_factory=list)
    done: list[tuple[float, int, Decoded]] = field(default_factory=list)
    ends: dict[int, float] = field(default_factory=dict)  # serial → time at which its audio ends
    costs: list[tuple[bool, float]] = field(default_factory=list)
    held_up: list[float] = field(default_factory=list)  # how long urgent decodes waited for a partial
    _running_partial_until: float = 0.0

    def submit(self, request: Decode) -> None:
        self.waiting = [other for other in self.waiting if other.turn_id != request.turn_id]
        self.waiting.append(request)
        self.waiting.sort(key=lambda other: not other.is_urgent)
        self.ends[request.serial] = self.now
        if request.is_urgent:
            self.held_up.append(max(0.0, self._running_partial_until - self.now))
        self._work()

    def results(self) -> list[Decoded]:
        self._work()
        ready = []
        while self.done and self.done[0][0] <= self.now:
            ready.append(heapq.heappop(self.done)[2])
            self._work()
        return ready

    def _work(self) -> None:
        while self.waiting and self.free_at <= self.now:
            request = self.waiting.pop(0)
            began = time.perf_counter()
            audio = request.audio.astype(np.float32) / 32768.0
            recognition = self.recognizer.recognize(audio, request.hints, is_draft=not request.is_urgent)
            ending = judge_ending(recognition, self.is_whole)
            cost = time.perf_counter() - began
            self.costs.append((request.is_urgent, cost))
            self.free_at = self.now + cost
            if not request.is_urgent:
                self._running_partial_until = self.free_at
            heapq.heappush(
                self.done, (self.free_at, request.serial, Decoded(request, recognition, ending=ending))
            )


@dataclass
class Hearing:
    """What was reported, and when."""

    events: list[tuple[float, Event]] = field(default_factory=list)
    spotted: list[float] = field(default_factory=list)

    def transcripts(self, *, final: bool) -> list[tuple[float, Words]]:
        """Partials or finals."""
        return [(at, e) for at, e in self.events if isinstance(e, Words) and e.is_final is final]

    @property
    def stops(self) -> list[float]:
        """When a stop was heard, whoever heard it first."""
        return sorted([*self.spotted, *(at for at, e in self.events if isinstance(e, StopHeard))])


class VirtualEars:
    """The streaming code with a real recognizer, voice detector and spotter."""

    def __init__(self, recognizer: Recognizer, spotter: KeywordSpotter | None = None) -> None:
        scene = Scene(objects=tuple(SceneObject(name, (0.2, 0.0, 0.0)) for name in OBJECTS))
        self._is_whole = WholeCommands(lambda: scene)
        self._recognizer, self._spotter = recognizer, spotter
        self._detector = SileroDetector()

    def hear(self, audio: Pcm, options: StreamingOptions | None = None) -> tuple[Hearing, _Worker]:
        """Hear a recording from beginning to end; times count from its beginning."""
        worker = _Worker(self._recognizer, self._is_whole)
        turns = itertools.count()
        ears = StreamingRecognizer(
            self._detector, worker, options, partial(lambda count: f"t{next(count)}", turns)
        )
        ears.hints = OBJECTS
        self._detector.reset()
        if self._spotter is not None:
            self._spotter.reset()
        heard = Hearing()
        for offset in range(0, len(audio) - CHUNK + 1, CHUNK):
            chunk = audio[offset : offset + CHUNK]
            worker.now = (offset + CHUNK) / SAMPLE_RATE
            heard.events += [(worker.now, event) for event in ears.feed(chunk, offset / SAMPLE_RATE)]
            for result in worker.results():
                heard.events += [(worker.now, event) for event in ears.decoded(result)]
            if self._spotter is not None and self._spotter.hear(chunk) is not None:
                heard.spotted.append(worker.now)
        return heard, worker


@dataclass(frozen=True, eq=False)
class Said:
    """A sentence, how it sounds, and who says it."""

    text: str
    voice: str
    audio: Pcm

    @property
    def ends_s(self) -> float:
        """Where its last loud sample is, s."""
        return float(np.flatnonzero(np.abs(self.audio.astype(np.int32)) > LOUD)[-1] + 1) / SAMPLE_RATE


def in_quiet(said: Said, before_s: float = 0.7, after_s: float = 2.0, noise_rms: float = 10.0) -> Pcm:
    """A sentence in a quiet room."""
    audio = np.concatenate(
        [np.zeros(round(before_s * SAMPLE_RATE)), said.audio, np.zeros(round(after_s * SAMPLE_RATE))]
    )
    noise = np.random.default_rng(len(audio)).normal(0.0, noise_rms, len(audio))
    return np.asarray(np.clip(np.rint(audio + noise), -32768, 32767), np.int16)


def recordings() -> list[Said]:
    """Of the folder that the environment names; none without."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return []
    manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
    return [
        Said(
            text,
            name.split("__")[0],
            load(Path(folder) / f"{Path(name).stem if name.endswith('.wav') else name}.wav", SAMPLE_RATE),
        )
        for name, text in manifest.items()
    ]
