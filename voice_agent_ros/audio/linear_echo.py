# SPDX-License-Identifier: Apache-2.0
"""Subtracts from the microphone what of a loudspeaker's sound arrives there through a room, and nothing else.

A partitioned-block adaptive filter in the frequency domain whose step sizes are those of a Kalman filter (Enzner and
Vary 2006; Kuech, Mabande and Enzner 2014): it learns while nobody else speaks, and hardly anything while somebody does.
What a loudspeaker adds by distorting stays; who speaks over it is not touched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.audio.source import BLOCK_SAMPLES, SAMPLE_RATE, Samples

TAIL_S = 0.32  # of the room and of what time stamps do not tell
FORGETS = 0.9995  # of what is known of the room, from block to block
UNCERTAINTY = 1.0  # of the first partition's response, squared, at the beginning
DECAY = 0.01  # of it until the last one: a room's echo fades
SMOOTHING = 0.5  # of the power of what is not echo
LEAST_POWER = 640.0 * 4.0  # of a transformed block: a microphone's own noise
Signal = NDArray[np.float32]


class LinearEcho:
    """Takes blocks of BLOCK_SAMPLES of the microphone and of what is played."""

    def __init__(self) -> None:
        self._partitions = round(TAIL_S * SAMPLE_RATE / BLOCK_SAMPLES)
        shape = (self._partitions, BLOCK_SAMPLES + 1)
        self._played = np.zeros(shape, np.complex64)  # spectra of the last blocks, the newest first
        self._response = np.zeros(shape, np.complex64)
        self._uncertainty: Signal = np.empty(shape, np.float32)
        self.reset()
        self._before = np.zeros(BLOCK_SAMPLES, np.float32)
        self._rest_power: Signal = np.zeros(BLOCK_SAMPLES + 1, np.float32)

    def process(self, near: Samples, far: Samples) -> tuple[Signal, Signal]:
        """The microphone's block without the echo, and the echo."""
        now = far.astype(np.float32)
        self._played = np.roll(self._played, 1, axis=0)
        self._played[0] = np.fft.rfft(np.concatenate([self._before, now]))
        self._before = now
        echo = np.fft.irfft(np.sum(self._played * self._response, axis=0))[BLOCK_SAMPLES:].astype(np.float32)
        rest = near.astype(np.float32) - echo
        self._learn(rest)
        return rest, echo

    def reset(self) -> None:
        """The echo comes in another way from now on."""
        self._response[:] = 0
        fading = np.arange(self._partitions, dtype=np.float32) / self._partitions
        self._uncertainty[:] = UNCERTAINTY * DECAY ** fading[:, None]

    def _learn(self, rest: Signal) -> None:
        spectrum = np.fft.rfft(np.concatenate([np.zeros_like(rest), rest])).astype(np.complex64)
        power = np.square(np.abs(spectrum))
        self._rest_power *= SMOOTHING
        self._rest_power += (1 - SMOOTHING) * power
        noise = 2.0 * np.maximum(np.maximum(self._rest_power, power), LEAST_POWER)
        played_power = np.square(np.abs(self._played))
        gain = self._uncertainty / (np.sum(self._uncertainty * played_power, axis=0) + noise)
        change = np.fft.irfft(gain * np.conj(self._played) * spectrum)
        change[:, BLOCK_SAMPLES:] = 0.0  # a partition's response is no longer than a block
        forgotten = FORGETS**2
        self._response = FORGETS * (self._response + np.fft.rfft(change).astype(np.complex64))
        self._uncertainty *= forgotten * (1.0 - 0.5 * gain * played_power)
        self._uncertainty += (1.0 - forgotten) * np.square(np.abs(self._response))
