# SPDX-License-Identifier: Apache-2.0
"""What a microphone has to do, whether it is one or only plays recordings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
SAMPLE_RATE = 16000  # Hz
BLOCK_SAMPLES = 320  # 20 ms
BLOCK_S = BLOCK_SAMPLES / SAMPLE_RATE


@dataclass(frozen=True, eq=False)
class Block:
    """20 ms of mono audio.

    Attributes:
        index: counts from 0; a gap means lost audio.
        at: monotonic time of the first sample, s.
    """

    samples: Samples
    index: int
    at: float


class Gathering(Protocol):
    """A source that can deliver several blocks as one.

    Attributes:
        gather: so many; 1 unless nobody waits for them.
    """

    gather: int


class Source(Protocol):
    """A microphone. It never ends."""

    def read(self) -> Block | None:
        """The next block; None if none came within a short while. Called from one thread."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...
