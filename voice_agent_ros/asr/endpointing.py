# SPDX-License-Identifier: Apache-2.0
"""Where speech begins and ends, from the voice detector's probabilities.

quiet ── enough voiced frames ──> speaking ── a pause ──> pausing ── a longer one ──> quiet
                                     ^                      │  (the utterance has ended)
                                     └──── voice again ─────┘
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from voice_agent_ros.asr.vad import FRAME_SAMPLES, SAMPLE_RATE

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE


class Change(enum.Enum):
    """What a frame brought about."""

    NONE = "none"
    STARTED = "started"
    PAUSED = "paused"  # perhaps the end: time to decode, in case it is
    CONTINUED = "continued"  # it was not
    ENDED = "ended"


class _State(enum.Enum):
    QUIET = "quiet"
    SPEAKING = "speaking"
    PAUSING = "pausing"


@dataclass(frozen=True)
class EndpointOptions:
    """When speech counts as begun and as ended.

    Attributes:
        threshold: a frame is voiced from this probability on, and no longer so `hysteresis` below it.
        min_speech_s: voiced this long: speech has begun.
        pause_s: silence after which decoding starts on suspicion.
        end_silence_s: silence that ends the utterance.
        max_speech_s: an utterance is ended after this, whatever follows.
    """

    threshold: float = 0.5
    hysteresis: float = 0.15
    min_speech_s: float = 0.096
    pause_s: float = 0.13
    end_silence_s: float = 0.5
    max_speech_s: float = 20.0


class Endpointer:
    """The machine above; time is counted in frames."""

    def __init__(self, options: EndpointOptions | None = None) -> None:
        self._options = options or EndpointOptions()
        self._state = _State.QUIET
        self._voiced = 0.0
        self._silent = 0.0
        self._spoken = 0.0
        self._is_voiced = False

    @property
    def silence_s(self) -> float:
        """Silence since the last voiced frame, s."""
        return self._silent

    @property
    def is_speaking(self) -> bool:
        """Within an utterance, and not in a pause of it."""
        return self._state is _State.SPEAKING

    def advance(self, probability: float) -> Change:
        """Judge the next frame."""
        options = self._options
        self._is_voiced = probability > options.threshold - (options.hysteresis if self._is_voiced else 0.0)
        self._silent = 0.0 if self._is_voiced else self._silent + FRAME_S
        if self._state is _State.QUIET:
            self._voiced = self._voiced + FRAME_S if self._is_voiced else 0.0
            if self._voiced < options.min_speech_s - 1e-9:
                return Change.NONE
            self._state, self._spoken = _State.SPEAKING, self._voiced
            return Change.STARTED
        self._spoken += FRAME_S
        if self._silent >= options.end_silence_s or self._spoken >= options.max_speech_s:
            self._state, self._voiced = _State.QUIET, 0.0
            return Change.ENDED
        if self._state is _State.SPEAKING and self._silent >= options.pause_s:
            self._state = _State.PAUSING
            return Change.PAUSED
        if self._state is _State.PAUSING and self._is_voiced:
            self._state = _State.SPEAKING
            return Change.CONTINUED
        return Change.NONE
