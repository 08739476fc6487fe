# SPDX-License-Identifier: Apache-2.0
"""Recordings for tests: silence and noise bursts, in any container that FFmpeg writes."""

from __future__ import annotations

import io
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np

from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.word import Word

RATE = 16000
LOUD = 8000
DEMO = Path(__file__).resolve().parents[2] / "demo"


def sound(*parts: tuple[float, int]) -> np.ndarray:
    """Stretches of (seconds, level)."""
    return np.concatenate([np.full(round(seconds * RATE), level, np.int16) for seconds, level in parts])


def demo(name: str) -> np.ndarray:
    with wave.open(str(DEMO / name)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def wav(audio: np.ndarray, rate: int = RATE) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(audio.astype("<i2").tobytes())
    return file.getvalue()


def encoded(
    audio: np.ndarray, container: str, codec: str, rate: int = 48000, layout: str = "stereo"
) -> bytes:
    """In another container, at another rate, with more channels."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        resampler = av.AudioResampler(format=stream.format, layout=layout, rate=rate, frame_size=0)
        source = av.AudioFrame.from_ndarray(audio.astype(np.int16)[None], format="s16", layout="mono")
        source.sample_rate = RATE
        fifo = av.AudioFifo()
        for frame in [*resampler.resample(source), *resampler.resample(None)]:
            frame.pts = None
            fifo.write(frame)
        size = stream.codec_context.frame_size or 1024
        at = 0
        while fifo.samples:
            frame = fifo.read(min(size, fifo.samples))
            frame.pts, frame.time_base = at, Fraction(1, rate)
            at += frame.samples
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


class FakeDetector:
    """Takes everything loud for speech."""

    def probability(self, frame) -> float:
        return 0.95 if np.max(np.abs(frame)) > 0.1 else 0.01

    def reset(self) -> None:
        pass


class FakeRecognizer:
    """Says how long the utterance was, and that its one word lasted all of it."""

    def __init__(self) -> None:
        self.hints = ()
        self.heard = 0

    def recognize(self, audio, hints=(), *, is_draft=False):
        self.hints = hints
        self.heard += 1
        seconds = np.count_nonzero(np.abs(audio) > 0.1) / RATE
        text = f"{seconds:.1f}"
        words = (Word(text, 0.0, len(audio) / RATE + 1.0),)
        return Recognition(text, 0.5 if seconds < 1.5 else 0.8, "en", words=words)

    def adjust(self, *, language, word_times) -> None:
        pass

    def close(self) -> None:
        pass
