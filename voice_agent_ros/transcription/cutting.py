# SPDX-License-Identifier: Apache-2.0
"""Cuts a stream of sound into pieces that a recognizer can take, at silences; memory does not grow with length.

Speech that goes on for longer than a piece may be is cut where it is quietest, so that no word is cut through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.vad import FRAME_SAMPLES, SAMPLE_RATE, VoiceDetector

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE


@dataclass(frozen=True)
class CuttingOptions:
    """Where pieces begin and end.

    Attributes:
        threshold: a frame is voiced from this probability on, and no longer so `hysteresis` below it.
        min_speech_s: voiced this long: somebody speaks.
        silence_s: silence that ends a piece.
        margin_s: sound around a piece: the detector hears soft first and last sounds late.
        longest_s: of a piece with its margins; Whisper hears 30 s at a time.
        search_s: how far before that its quietest place is looked for.
        quiet_s: length of such a place.
    """

    threshold: float = 0.5
    hysteresis: float = 0.15
    min_speech_s: float = 0.096
    silence_s: float = 0.5
    margin_s: float = 0.3
    longest_s: float = 28.0
    search_s: float = 10.0
    quiet_s: float = 0.16


@dataclass(frozen=True, eq=False)
class Piece:
    """Sound to be recognized.

    Attributes:
        at: where the sound begins in the recording, s.
        start: where the voice begins, s.
        end: where it ends, s.
        voiced_s: how much of it the detector took for voice.
        audio: (samples,).
    """

    at: float
    start: float
    end: float
    voiced_s: float
    audio: NDArray[np.float32]


class Cutter:
    """One recording; use it once."""

    def __init__(self, detector: VoiceDetector, options: CuttingOptions | None = None) -> None:
        self._detector = detector
        self._options = options or CuttingOptions()
        self._detector.reset()
        self._frames: list[NDArray[np.float32]] = []  # of the margin, or of the piece
        self._voices: list[bool] = []
        self._first = 0  # index of the first of them in the recording
        self._is_speaking = False
        self._is_voiced = False
        self.position_s = 0.0

    def pieces(self, blocks: Iterable[NDArray[np.float32]]) -> Iterator[Piece | None]:
        """The pieces in order; None now and then where nobody speaks, so that the caller can see to other things."""
        rest: NDArray[np.float32] = np.zeros(0, np.float32)
        seen = 0
        for block in blocks:
            audio = np.concatenate([rest, block])
            seen += len(block)
            whole = len(audio) // FRAME_SAMPLES * FRAME_SAMPLES
            for offset in range(0, whole, FRAME_SAMPLES):
                piece = self._hear(audio[offset : offset + FRAME_SAMPLES])
                if piece is not None:
                    yield piece
            rest = audio[whole:]
            self.position_s = seen / SAMPLE_RATE
            yield None
        if len(rest):
            piece = self._hear(np.pad(rest, (0, FRAME_SAMPLES - len(rest))))
            if piece is not None:
                yield piece
        if self._is_speaking:
            yield self._piece(len(self._frames), seen)

    def _hear(self, frame: NDArray[np.float32]) -> Piece | None:
        options = self._options
        level = options.threshold - (options.hysteresis if self._is_voiced else 0.0)
        self._is_voiced = self._detector.probability(frame) > level
        self._frames.append(frame)
        self._voices.append(self._is_voiced)
        if not self._is_speaking:
            needed = _frames(options.min_speech_s)
            if len(self._voices) >= needed and all(self._voices[-needed:]):
                self._is_speaking = True
            else:
                self._forget(len(self._frames) - _frames(options.margin_s) - needed)
            return None
        silent = len(self._voices) - 1 - _last_true(self._voices)
        if silent >= _frames(options.silence_s):
            return self._cut_at(len(self._frames), ends=True)
        if len(self._frames) >= _frames(options.longest_s):
            return self._cut_at(self._quietest(), ends=False)
        return None

    def _cut_at(self, count: int, *, ends: bool) -> Piece:
        """The piece that its first `count` frames make; the others are kept."""
        piece = self._piece(count)
        if ends:
            self._is_speaking = False
            # What follows the margin may be the margin of the next piece.
            count = min(count, _last_true(self._voices) + 1 + _frames(self._options.margin_s))
        self._forget(count)
        if not ends:
            self._is_speaking = any(self._voices)
        return piece

    def _piece(self, count: int, samples: int | None = None) -> Piece:
        voices = self._voices[:count]
        first, last = voices.index(True), _last_true(voices)
        until = min(count, last + 1 + _frames(self._options.margin_s))
        audio = np.concatenate(self._frames[:until])
        at = self._first * FRAME_S
        end = at + (last + 1) * FRAME_S
        if samples is not None:  # the last frame may be padded
            audio = audio[: max(0, samples - self._first * FRAME_SAMPLES)]
            end = min(end, samples / SAMPLE_RATE)
        return Piece(at, at + first * FRAME_S, end, sum(voices) * FRAME_S, audio)

    def _quietest(self) -> int:
        """Where to cut speech that does not end: the middle of the quietest stretch near the end."""
        width = _frames(self._options.quiet_s)
        begin = len(self._frames) - _frames(self._options.search_s)
        loudness = np.array([float(np.mean(frame**2)) for frame in self._frames[begin:]])
        means = np.convolve(loudness, np.ones(width) / width, mode="valid")
        return int(begin + np.argmin(means) + width // 2 + 1)

    def _forget(self, count: int) -> None:
        if count > 0:
            del self._frames[:count], self._voices[:count]
            self._first += count


def _frames(seconds: float) -> int:
    return max(1, round(seconds / FRAME_S))


def _last_true(flags: list[bool]) -> int:
    """Index of the last that is set; -1 if none is."""
    for index in range(len(flags) - 1, -1, -1):
        if flags[index]:
            return index
    return -1
