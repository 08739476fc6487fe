# SPDX-License-Identifier: Apache-2.0
"""From a stream of audio to partial and final transcripts, with decoding in a thread of its own.

Decoding begins on suspicion in every short pause; if the pause turns out to be the end, its result is the
final one and no time was lost. A partial is begun only while somebody speaks: it rarely delays a final.
"""

from __future__ import annotations

import hashlib
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.agreement import stable_prefix
from voice_agent_ros.asr.endpointing import FRAME_S, Change, Endpointer, EndpointOptions
from voice_agent_ros.asr.recognizer import Recognition, Recognizer
from voice_agent_ros.asr.vad import FRAME_SAMPLES, SAMPLE_RATE, VoiceDetector
from voice_agent_ros.errors import EngineError

PREROLL_S = 0.3


@dataclass(frozen=True)
class SpeechStarted:
    """Somebody speaks. Times are those of the audio's stamps, s."""

    turn_id: str
    at: float


@dataclass(frozen=True)
class SpeechEnded:
    """The utterance is over; a final transcript follows unless nothing was understood."""

    turn_id: str
    at: float


@dataclass(frozen=True)
class Words:
    """A partial or final transcript.

    Attributes:
        stable_length: characters that will not change any more.
        audio_hash: SHA-256 of the utterance's 16-bit PCM, finals only.
    """

    turn_id: str
    text: str
    is_final: bool
    revision: int
    stable_length: int
    confidence: float
    language: str
    speech_start: float
    speech_end: float
    audio_hash: str = ""


@dataclass(frozen=True)
class Failed:
    """The recognizer failed on an utterance."""

    turn_id: str
    reason: str


Event = SpeechStarted | SpeechEnded | Words | Failed


@dataclass
class _Utterance:
    turn_id: str
    start: float
    frames: list[NDArray[np.int16]]
    voiced_until: int = 0  # samples up to the end of the last voiced frame
    revision: int = 0
    last_text: str = ""
    decoded: int = 0  # samples in the latest decode that was begun
    suspected: tuple[int, Recognition] | None = None  # voiced_until at the time, and what was recognized then
    end: float = 0.0
    is_over: bool = False
    samples: int = 0

    def append(self, frame: NDArray[np.int16]) -> None:
        self.frames.append(frame)
        self.samples += len(frame)

    def audio(self, samples: int) -> NDArray[np.int16]:
        return np.concatenate(self.frames)[:samples]


@dataclass
class _Job:
    utterance: _Utterance
    kind: Literal["partial", "suspected", "final"]
    audio: NDArray[np.int16]
    voiced_until: int


@dataclass
class StreamingOptions:
    """How often partials come, and where speech ends."""

    partial_interval_s: float = 0.5
    tail_s: float = 0.15  # silence after the voice that is decoded too
    endpoint: EndpointOptions = field(default_factory=EndpointOptions)


class StreamingRecognizer:
    """Feed it audio from one thread; events come from that thread and from the decoding thread.

    Args:
        emit: called with each event; must not block.
        new_turn_id: makes the ids of utterances.
    """

    def __init__(
        self,
        detector: VoiceDetector,
        recognizer: Recognizer,
        emit: Callable[[Event], None],
        options: StreamingOptions | None = None,
        new_turn_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._detector, self._recognizer, self._emit = detector, recognizer, emit
        self._options = options or StreamingOptions()
        self._new_turn_id = new_turn_id
        self._endpointer = Endpointer(self._options.endpoint)
        self._rest: NDArray[np.int16] = np.zeros(0, np.int16)
        self._preroll: list[NDArray[np.int16]] = []
        self._utterance: _Utterance | None = None
        self._jobs: list[_Job] = []
        self._wake = threading.Condition()
        self._closing = False
        self.hints: Sequence[str] = ()
        self._worker = threading.Thread(target=self._work, name="recognizer", daemon=True)
        self._worker.start()

    def close(self) -> None:
        """End the decoding thread."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._worker.join(timeout=10.0)

    def feed(self, samples: NDArray[np.int16], at: float) -> None:
        """Hear more audio.

        Args:
            samples: (n,) at 16 kHz.
            at: time of the first one, s.
        """
        begin = at - len(self._rest) / SAMPLE_RATE
        audio = np.concatenate([self._rest, samples])
        whole = len(audio) // FRAME_SAMPLES * FRAME_SAMPLES
        for offset in range(0, whole, FRAME_SAMPLES):
            self._frame(audio[offset : offset + FRAME_SAMPLES], begin + offset / SAMPLE_RATE)
        self._rest = audio[whole:]

    def _frame(self, frame: NDArray[np.int16], at: float) -> None:
        probability = self._detector.probability(frame.astype(np.float32) / 32768.0)
        change = self._endpointer.advance(probability)
        utterance = self._utterance
        if utterance is None:
            self._preroll = [*self._preroll[-round(PREROLL_S / FRAME_S) :], frame]
            if change is Change.STARTED:
                self._start(at + FRAME_S - self._options.endpoint.min_speech_s)
            return
        utterance.append(frame)
        if self._endpointer.silence_s == 0.0:
            utterance.voiced_until = utterance.samples
            utterance.end = at + FRAME_S
        if change is Change.ENDED:
            self._end(utterance)
        elif change is Change.PAUSED:
            self._submit(utterance, "suspected")
        elif self._endpointer.is_speaking:
            fresh = utterance.samples - utterance.decoded
            if fresh >= self._options.partial_interval_s * SAMPLE_RATE and not self._jobs:
                self._submit(utterance, "partial")

    def _start(self, at: float) -> None:
        utterance = _Utterance(self._new_turn_id(), at, [], end=at)
        for frame in self._preroll:
            utterance.append(frame)
        utterance.voiced_until = utterance.samples
        self._preroll, self._utterance = [], utterance
        self._emit(SpeechStarted(utterance.turn_id, at))

    def _end(self, utterance: _Utterance) -> None:
        self._utterance = None
        utterance.is_over = True
        self._detector.reset()
        self._emit(SpeechEnded(utterance.turn_id, utterance.end))
        self._submit(utterance, "final")

    def _submit(self, utterance: _Utterance, kind: Literal["partial", "suspected", "final"]) -> None:
        tail = round(self._options.tail_s * SAMPLE_RATE)
        length = utterance.samples if kind == "partial" else utterance.voiced_until + tail
        job = _Job(utterance, kind, utterance.audio(length), utterance.voiced_until)
        utterance.decoded = utterance.samples
        with self._wake:
            # What a newer decode of the same utterance makes pointless is not done; finals all are.
            self._jobs = [j for j in self._jobs if j.utterance is not utterance or j.kind == "final"]
            self._jobs.append(job)
            self._wake.notify()

    # The decoding thread.

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closing or self._jobs)
                if self._closing:
                    return
                job = self._jobs[0]
            self._decode(job)
            with self._wake:
                self._jobs = [j for j in self._jobs if j is not job]

    def _decode(self, job: _Job) -> None:
        utterance = job.utterance
        if job.kind == "partial" and utterance.is_over:
            return
        known = utterance.suspected
        if job.kind == "final" and known is not None and known[0] == job.voiced_until:
            self._finish(job, known[1])
            return
        try:
            recognition = self._recognizer.recognize(job.audio.astype(np.float32) / 32768.0, self.hints)
        except EngineError as error:
            if job.kind == "final":
                self._emit(Failed(utterance.turn_id, str(error)))
            return
        if job.kind == "final":
            self._finish(job, recognition)
            return
        if job.kind == "suspected":
            utterance.suspected = (job.voiced_until, recognition)
        if recognition.text:
            self._emit(self._words(job, recognition, is_final=False))

    def _finish(self, job: _Job, recognition: Recognition) -> None:
        if recognition.text:
            self._emit(self._words(job, recognition, is_final=True))
        else:
            self._emit(Failed(job.utterance.turn_id, "no words in it"))

    def _words(self, job: _Job, recognition: Recognition, *, is_final: bool) -> Words:
        utterance = job.utterance
        stable = len(recognition.text) if is_final else stable_prefix(utterance.last_text, recognition.text)
        utterance.last_text = recognition.text
        utterance.revision += 1
        return Words(
            turn_id=utterance.turn_id,
            text=recognition.text,
            is_final=is_final,
            revision=utterance.revision,
            stable_length=stable,
            confidence=recognition.confidence,
            language=recognition.language,
            speech_start=utterance.start,
            speech_end=utterance.end,
            audio_hash=hashlib.sha256(job.audio.tobytes()).hexdigest() if is_final else "",
        )
