# SPDX-License-Identifier: Apache-2.0
"""What the ears need of a speech recognizer: a class that fits, and passes the conformance test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]  # (samples,) at 16 kHz, in [-1, 1]


@dataclass(frozen=True)
class Recognition:
    """What was recognized.

    Attributes:
        text: "" if there was no speech.
        confidence: [0, 1].
        language: BCP-47.
        mean_log_probability: of a token, where the engine knows it.
        no_speech_probability: that nobody spoke, where the engine knows it.
    """

    text: str
    confidence: float
    language: str
    mean_log_probability: float = 0.0
    no_speech_probability: float = 0.0


class Recognizer(Protocol):
    """Recognizes whole utterances; called from one thread."""

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:
        """Recognize an utterance.

        Args:
            hints: words that are likely, such as the names of what is on the table.
            is_draft: better soon than right: this is for a partial transcript.

        Raises:
            EngineError: the engine failed; the next call may succeed.
        """
        ...
