# SPDX-License-Identifier: Apache-2.0
"""How loud a microphone is, once a second: whether it is clipped, or delivers nothing at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FULL_SCALE = 32767
PERIOD_SAMPLES = 16000  # 1 s
CLIPPED_SHARE = 0.001
FAINT_PEAK = 0.0003


@dataclass(frozen=True)
class Level:
    """Of one second.

    Attributes:
        peak, rms: of full scale.
        is_clipped: loud parts are cut off.
        is_dead: not even noise, which every open microphone delivers, at most an offset.
        is_faint: nothing louder than -70 dB, but for an offset: a room is louder.
    """

    peak: float
    rms: float
    is_clipped: bool
    is_dead: bool
    is_faint: bool = False


class LevelMeter:
    """Collects blocks and measures them together."""

    def __init__(self) -> None:
        self._blocks: list[NDArray[np.int16]] = []
        self._count = 0

    def add(self, block: NDArray[np.int16]) -> Level | None:
        """Take a block; a level once a second."""
        self._blocks.append(block)
        self._count += len(block)
        if self._count < PERIOD_SAMPLES:
            return None
        signed = np.concatenate(self._blocks).astype(np.float32)
        self._blocks, self._count = [], 0
        swing = float(np.ptp(signed)) / 2.0
        samples = np.abs(signed)
        peak = float(samples.max())
        clipped = float(np.mean(samples >= FULL_SCALE))
        rms = float(np.sqrt(np.mean(np.square(samples))))
        return Level(
            peak / FULL_SCALE,
            rms / FULL_SCALE,
            clipped > CLIPPED_SHARE,
            swing == 0.0 and clipped <= CLIPPED_SHARE,
            swing < FAINT_PEAK * FULL_SCALE,
        )
