# SPDX-License-Identifier: Apache-2.0
"""Whole recordings to text: utterances found by the voice detector, each recognized on its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.endpointing import FRAME_S, Change, Endpointer, EndpointOptions
from voice_agent_ros.asr.recognizer import Recognizer
from voice_agent_ros.asr.vad import FRAME_SAMPLES, SAMPLE_RATE, VoiceDetector
from voice_agent_ros.audio.wav_source import load

MARGIN_S = 0.3  # around an utterance: the detector hears soft first and last sounds late
MAX_UTTERANCE_S = 28.0  # Whisper hears 30 s at a time


@dataclass(frozen=True)
class Segment:
    """An utterance; times from the beginning of the recording, s."""

    start: float
    end: float
    text: str
    confidence: float


@dataclass(frozen=True)
class Transcription:
    """What is said in a recording.

    Attributes:
        confidence: mean of the segments', weighted by their durations; 0 without speech.
        elapsed_s: what the transcription took.
    """

    language: str
    duration_s: float
    elapsed_s: float
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(segment.text for segment in self.segments)

    @property
    def confidence(self) -> float:
        """See the class."""
        total = sum(segment.end - segment.start for segment in self.segments)
        weighted = sum(segment.confidence * (segment.end - segment.start) for segment in self.segments)
        return weighted / total if total > 0 else 0.0


def transcribe_file(
    path: Path, detector: VoiceDetector, recognizer: Recognizer, language: str, hints: Sequence[str] = ()
) -> Transcription:
    """Transcribe an audio file.

    Args:
        language: reported where nothing is said.
        hints: words that are likely.

    Raises:
        DeviceError: the file is missing or is no audio.
        EngineError: the recognizer failed.
    """
    begun = time.perf_counter()
    audio = load(path, SAMPLE_RATE)
    segments: list[Segment] = []
    for start, end in utterances(audio, detector):
        piece = audio[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)].astype(np.float32) / 32768.0
        heard = recognizer.recognize(piece, hints)
        if heard.text:
            segments.append(Segment(start, end, heard.text, heard.confidence))
            language = heard.language
    duration_s = len(audio) / SAMPLE_RATE
    return Transcription(language, duration_s, time.perf_counter() - begun, tuple(segments))


def utterances(audio: NDArray[np.int16], detector: VoiceDetector) -> Iterator[tuple[float, float]]:
    """Where somebody speaks: (start, end), s, with a margin that never reaches into the one before."""
    detector.reset()
    endpointer = Endpointer(EndpointOptions(max_speech_s=MAX_UTTERANCE_S - 2 * MARGIN_S))
    duration_s = len(audio) / SAMPLE_RATE
    free_from, start, voiced_until = 0.0, None, 0.0
    silence = np.zeros(-len(audio) % FRAME_SAMPLES, np.int16)
    frames = np.concatenate([audio, silence]).reshape(-1, FRAME_SAMPLES).astype(np.float32) / 32768.0
    for index, frame in enumerate(frames):
        change = endpointer.advance(detector.probability(frame))
        now = (index + 1) * FRAME_S
        if endpointer.silence_s == 0.0:
            voiced_until = now
        if change is Change.STARTED:
            start = max(free_from, now - EndpointOptions().min_speech_s - MARGIN_S)
        elif change is Change.ENDED and start is not None:
            free_from = min(voiced_until + MARGIN_S, now, duration_s)
            yield start, free_from
            start = None
    if start is not None:
        yield start, min(voiced_until + MARGIN_S, duration_s)
