# SPDX-License-Identifier: Apache-2.0
"""Where speech begins and ends, from the voice detector's probabilities and from what was said.

quiet ── enough voiced frames ──> speaking ── a pause ──> pausing ── a longer one ──> quiet
                                     ^                      │  (the utterance has ended)
                                     └──── voice again ─────┘
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from voice_agent_ros.asr.ending import Ending
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
        short_silence_s: silence that ends an utterance which is a whole command.
        end_silence_s: silence that ends an utterance of which that is not known.
        long_silence_s: silence that ends an utterance which sounds unfinished, or whose words are not known yet.
        max_speech_s: an utterance is ended after this, whatever follows.
        resume_s: voiced this long: a pause was not the end. Less is a click or a breath.
    """

    threshold: float = 0.5
    hysteresis: float = 0.15
    min_speech_s: float = 0.096
    pause_s: float = 0.13
    short_silence_s: float = 0.4
    end_silence_s: float = 0.65
    long_silence_s: float = 1.2
    max_speech_s: float = 20.0
    resume_s: float = 0.064


class Endpointer:
    """The machine above; time is counted in frames."""

    def __init__(self, options: EndpointOptions | None = None) -> None:
        self._options = options or EndpointOptions()
        self._state = _State.QUIET
        self._voiced = 0.0
        self._silent = 0.0
        self._spoken = 0.0
        self._is_voiced = False
        self._ending: Ending | None = None

    @property
    def silence_s(self) -> float:
        """Silence since the last voiced frame, s; in a pause, clicks do not end it."""
        return self._silent

    def judge(self, ending: Ending) -> None:
        """Say how the words up to the current pause end. Forgotten when speech goes on."""
        if self._state is _State.PAUSING:
            self._ending = ending

    def advance(self, probability: float) -> Change:
        """Judge the next frame."""
        options = self._options
        self._is_voiced = probability > options.threshold - (options.hysteresis if self._is_voiced else 0.0)
        self._voiced = self._voiced + FRAME_S if self._is_voiced else 0.0
        if self._state is _State.QUIET:
            self._silent = 0.0 if self._is_voiced else self._silent + FRAME_S
            if self._voiced < options.min_speech_s - 1e-9:
                return Change.NONE
            self._state, self._spoken = _State.SPEAKING, self._voiced
            return Change.STARTED
        self._spoken += FRAME_S
        is_pausing = self._state is _State.PAUSING
        goes_on = self._is_voiced and (not is_pausing or self._voiced >= options.resume_s - 1e-9)
        self._silent = 0.0 if goes_on else self._silent + FRAME_S
        if is_pausing and goes_on:
            self._state, self._ending = _State.SPEAKING, None
            return Change.CONTINUED
        is_clicking = is_pausing and self._is_voiced  # perhaps the first frame of more
        if (is_pausing and not is_clicking and self._silent >= self._wait_s) or (
            self._spoken >= options.max_speech_s
        ):
            self._state, self._voiced, self._ending = _State.QUIET, 0.0, None
            return Change.ENDED
        if not is_pausing and self._silent >= options.pause_s:
            self._state = _State.PAUSING
            return Change.PAUSED
        return Change.NONE

    @property
    def _wait_s(self) -> float:
        if self._ending is Ending.COMPLETE:
            return self._options.short_silence_s
        if self._ending is Ending.UNKNOWN:
            return self._options.end_silence_s
        return self._options.long_silence_s
