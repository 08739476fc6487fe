# SPDX-License-Identifier: Apache-2.0
"""Takes the robot's own voice out of the microphone, by what was played and when: one can talk while it talks."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np

from voice_agent_ros.audio.linear_echo import LinearEcho, Signal
from voice_agent_ros.audio.source import BLOCK_SAMPLES, SAMPLE_RATE, Block, Samples
from voice_agent_ros.errors import ModelMissingError

LEAD_S = 0.03  # the reference is given so much early: time stamps of converters are not exact
KEPT_S = 3.0
JOIN_S = 0.03  # time stamps jitter; audio does not, so what follows within this is put seamlessly behind
TAIL_S = 1.0  # the canceller goes on after the last sound: a room echoes
DELAY_WINDOW_S = 2.0
DELAY_RANGE_S = (-0.25, 0.45)
DELAY_CLEAR = 6.0  # the peak stands out so much from the mean, or there is no estimate
MAX_SHIFT_S = 0.3
# AEC3 mutes what is said over the echo more than recognition bears. While somebody speaks over it, what the linear filter
# leaves is therefore handed on: the voice is untouched, and the echo some 20 dB below what it was.
LOUDER = 2.5  # than what is left of the echo in three quarters of its blocks, by amplitude
COUPLING_BLOCKS = 250  # of the last so many blocks with echo
COUPLING_KNOWN = 75  # from so many on
ECHO_DECAY = 0.8  # of the echo's expected amplitude per block: a room echoes
HANGOVER_BLOCKS = 12
FAINT_RMS = 60.0  # of 32768


class PlayedAudio:
    """What the loudspeaker plays, by monotonic time, at 16 kHz. Thread-safe: one thread adds, another takes.

    Args:
        rate: of what is added, Hz.
    """

    def __init__(self, rate: int) -> None:
        self._ring: Samples = np.zeros(round(KEPT_S * SAMPLE_RATE), np.int16)
        self._end = 0  # position of the newest sample, in samples since time 0
        self._loud_at = float("-inf")
        self._lock = threading.Lock()
        self._resampler: Any = None
        if rate != SAMPLE_RATE:
            import soxr

            self._resampler = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="int16", quality="LQ")

    def add(self, samples: Samples, at: float) -> None:
        """Samples whose first one leaves the converter at a time, s."""
        if self._resampler is not None:
            samples = self._resampler.resample_chunk(samples)
        samples = samples[-len(self._ring) :]
        if not len(samples):
            return
        with self._lock:
            start = round(at * SAMPLE_RATE)
            gap = start - self._end
            if abs(gap) < JOIN_S * SAMPLE_RATE:
                start = self._end
            elif gap > 0:
                self._write(self._end, np.zeros(min(gap, len(self._ring)), np.int16), start)
            self._write(start, samples, start + len(samples))
            if np.max(samples) > 0 or np.min(samples) < 0:
                self._loud_at = at + len(samples) / SAMPLE_RATE

    def sounds(self, at: float) -> bool:
        """Whether something was played shortly before a time."""
        return at - self._loud_at < TAIL_S

    def take(self, at: float, count: int) -> Samples:
        """What is played from a time on; silence where that is not known."""
        start = round(at * SAMPLE_RATE)
        out = np.zeros(count, np.int16)
        with self._lock:
            first, last = max(start, self._end - len(self._ring)), min(start + count, self._end)
            if first < last:
                places = np.arange(first, last) % len(self._ring)
                out[first - start : last - start] = self._ring[places]
        return out

    def _write(self, start: int, samples: Samples, end: int) -> None:
        places = np.arange(end - len(samples), end) % len(self._ring)
        self._ring[places] = samples
        self._end = end if start >= self._end - len(self._ring) else self._end


class HeardPlayback:
    """A `PlaybackQueue` that notes what is played."""

    def __init__(self, playback: Any, played: PlayedAudio) -> None:
        self.rate: int = playback.rate
        self._playback, self._played = playback, played

    def read(self, count: int, at: float) -> Samples:
        """See `PlaybackQueue.read`."""
        samples: Samples = self._playback.read(count, at)
        self._played.add(samples, at)
        return samples

    def __getattr__(self, name: str) -> Any:
        return getattr(self._playback, name)


class EchoCanceller:
    """WebRTC's canceller (AEC3), fed with what was played, and a linear one while somebody speaks over the echo.

    Costs nothing while nothing is played.

    Attributes:
        delay_s: of the echo behind the time stamps, as estimated; None: not known yet.

    Raises:
        ModelMissingError: pywebrtc-audio is not installed.
    """

    def __init__(self, played: PlayedAudio) -> None:
        try:
            import pywebrtc_audio
        except ImportError as error:
            raise ModelMissingError(
                "Echo cancellation needs pywebrtc-audio.",
                "Run: pip install pywebrtc-audio. Or set the parameter duplex to half.",
            ) from error
        self._played = played
        self._engine: Any = pywebrtc_audio.EchoCanceller(SAMPLE_RATE, 1, round(LEAD_S * 1000))
        self.delay_s: float | None = None
        self._shift_s = 0.0
        self._candidate_s: float | None = None
        self._near: list[Samples] = []
        self._far: list[Samples] = []
        self._linear = LinearEcho()
        self._talk = DoubleTalk()

    def process(self, block: Block) -> Block:
        """The block without the echo."""
        if not self._played.sounds(block.at):
            self._near.clear()
            self._far.clear()
            return block
        far = self._played.take(block.at + LEAD_S - self._shift_s, len(block.samples))
        self._observe(block.samples, far)
        cleaned = self._engine.process(block.samples, far)
        rest, echo = self._linear.process(block.samples, far)
        if self._talk.is_somebody_louder(rest, echo, far):
            cleaned = np.asarray(np.clip(np.rint(rest), -32768, 32767), np.int16)
        return Block(cleaned, block.index, block.at)

    def _observe(self, near: Samples, far: Samples) -> None:
        """Estimate the delay now and then: time stamps of some devices are wrong by more than the canceller bears."""
        self._near.append(near)
        self._far.append(far)
        if len(self._near) * BLOCK_SAMPLES < DELAY_WINDOW_S * SAMPLE_RATE:
            return
        found = estimate_delay(np.concatenate(self._near), np.concatenate(self._far))
        self._near.clear()
        self._far.clear()
        if found is None:
            return
        is_sure = self._candidate_s is not None and abs(found - self._candidate_s) < 0.01
        self._candidate_s = found
        self.delay_s = found - LEAD_S + self._shift_s
        if is_sure and not 0.0 <= found <= 2 * LEAD_S:
            self._shift_s = float(np.clip(self._shift_s + found - LEAD_S, -MAX_SHIFT_S, MAX_SHIFT_S))
            self._candidate_s = None
            self._linear.reset()
            self._talk = DoubleTalk()


class DoubleTalk:
    """Tells by the level whether somebody speaks over the echo, once it knows how much of it the linear filter leaves."""

    def __init__(self) -> None:
        self._ratios: deque[float] = deque(maxlen=COUPLING_BLOCKS)
        self._expected = 0.0
        self._hangover = 0
        self._louder = 0

    def is_somebody_louder(self, rest: Signal, echo: Signal, far: Samples) -> bool:
        """Whether what the filter leaves of a block is clearly louder than what it usually leaves of such an echo."""
        left = _rms(rest)
        self._expected = max(_rms(echo), ECHO_DECAY * self._expected)
        ratio = left / (self._expected + 1.0)
        is_louder = False
        if len(self._ratios) >= COUPLING_KNOWN:
            is_louder = ratio > LOUDER * float(np.percentile(self._ratios, 75)) and left > FAINT_RMS
        if _rms(far) > FAINT_RMS and (not is_louder or self._hangover == 0):
            self._ratios.append(ratio)
        self._louder = self._louder + 1 if is_louder else 0
        # One loud block alone is a plosive of the robot's own.
        is_talk = self._louder >= 2 or (is_louder and self._hangover > 0)
        self._hangover = HANGOVER_BLOCKS if is_talk else max(0, self._hangover - 1)
        return self._hangover > 0


def _rms(samples: Samples | Signal) -> float:
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float32)))))


def estimate_delay(near: Samples, far: Samples) -> float | None:
    """How much later, s, `far` is found in `near`; None if it is not clearly found.

    Generalised cross-correlation with phase transform (Knapp and Carter 1976).
    """
    size = 1 << (len(near) + len(far) - 1).bit_length()
    a, b = np.fft.rfft(near.astype(np.float32), size), np.fft.rfft(far.astype(np.float32), size)
    cross = a * np.conj(b)
    correlation = np.fft.irfft(cross / (np.abs(cross) + 1e3), size)
    low, high = (round(edge * SAMPLE_RATE) for edge in DELAY_RANGE_S)
    window = np.concatenate([correlation[low:], correlation[:high]])
    peak = int(np.argmax(window))
    spread = float(np.std(window)) + 1e-9
    if window[peak] < DELAY_CLEAR * spread:
        return None
    return (peak + low) / SAMPLE_RATE
