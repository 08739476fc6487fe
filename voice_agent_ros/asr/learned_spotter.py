# SPDX-License-Identifier: Apache-2.0
"""A spotter for a spoken stop that was trained: a small network on Google's speech embeddings.

The embeddings (https://www.kaggle.com/models/google/speech-embedding, Apache-2.0) come with pyopen-wakeword; the
network, which `tools/stop_spotter` trains on synthetic voices, is in stop_words.npz beside this file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.spotting import Samples
from voice_agent_ros.asr.vad import SAMPLE_RATE
from voice_agent_ros.errors import EngineError, ModelMissingError

WEIGHTS = Path(__file__).with_name("stop_words.npz")
STEP = 1280  # samples between two embeddings, each of which is of 0.775 s
OVERLAP = 480  # of the sound that two steps look at
STEP_ROWS, WINDOW_ROWS = 8, 76  # of the spectrum
EMBEDDING = 96
POSSIBLE_STEPS = 6  # 0.5 s
Array = NDArray[np.float32]


class SpeechEmbeddings:
    """What the last 0.775 s sound like, 12.5 times a second.

    Raises:
        ModelMissingError: pyopen-wakeword is not installed.
    """

    def __init__(self) -> None:
        try:
            from pyopen_wakeword import OpenWakeWordFeatures
        except ImportError as error:
            raise ModelMissingError(
                "pyopen-wakeword is not installed: a spoken stop is heard less surely.",
                "Run: pip install pyopen-wakeword",
            ) from error
        self._features: Any = OpenWakeWordFeatures.from_builtin()
        self._rest: Samples = np.zeros(0, np.int16)
        self.reset()
        # It keeps back what its last step did not need. With so much more, no step waits for the next chunk (50 ms),
        # and with so many rows fewer, each embedding ends with the latest one (40 ms).
        list(self._features.process_streaming(np.zeros(OVERLAP, np.int16).tobytes()))
        self._features.new_mels -= self._features.new_mels + STEP_ROWS - WINDOW_ROWS

    def feed(self, samples: Samples) -> list[Array]:
        """The embeddings that these samples complete, each (96,)."""
        audio = np.concatenate([self._rest, samples])
        whole = len(audio) // STEP * STEP
        self._rest = audio[whole:]
        if not whole:
            return []
        found = self._features.process_streaming(np.ascontiguousarray(audio[:whole]).tobytes())
        return [np.array(embedding, np.float32).reshape(EMBEDDING) for embedding in found]

    def reset(self) -> None:
        """Forget what was heard: as if a second of silence had been."""
        self._rest = np.zeros(0, np.int16)
        self.feed(np.zeros(-(-SAMPLE_RATE // STEP) * STEP, np.int16))


@dataclass(frozen=True, eq=False)
class StopWords:
    """The network: how likely a stop in each language has just been said.

    Attributes:
        languages: of its outputs.
        thresholds: by output, from which on it is taken for said.
        possible: by output, from which on somebody else who heard it is believed.
        context: how many embeddings it looks at.
        layers: weights (inputs, outputs) and biases; all but the last are followed by a ReLU.
    """

    languages: tuple[str, ...]
    thresholds: Array
    possible: Array
    context: int
    mean: Array
    scale: Array
    layers: tuple[tuple[Array, Array], ...]

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> StopWords:
        """Of a file of `tools/stop_spotter`.

        Raises:
            ModelMissingError: it is not there or is not such a file.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            count = sum(name.startswith("weights") for name in arrays)
            pairs = [(arrays[f"weights{i}"], arrays[f"biases{i}"]) for i in range(count)]
            return cls(
                tuple(str(name) for name in arrays["languages"]),
                arrays["thresholds"].astype(np.float32),
                arrays["possible"].astype(np.float32),
                int(arrays["context"]),
                arrays["mean"].astype(np.float32),
                arrays["scale"].astype(np.float32),
                tuple((w.astype(np.float32), b.astype(np.float32)) for w, b in pairs),
            )
        except (OSError, KeyError, ValueError) as error:
            raise ModelMissingError(
                f"The stop words in {path} cannot be loaded: {error}.", "Install the package again."
            ) from error

    def probabilities(self, embeddings: Sequence[Array]) -> Array:
        """By output, from the last `context` embeddings."""
        values = ((np.stack(embeddings) - self.mean) * self.scale).reshape(-1)
        for index, (weights, biases) in enumerate(self.layers):
            if index:
                values = np.maximum(values, 0.0)
            values = values @ weights + biases
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -50.0, 50.0))), np.float32)


class LearnedSpotter:
    """A `KeywordSpotter` for a spoken stop.

    Args:
        languages: that are listened for.
        sensitivity: above 1 more is taken for a stop.

    Attributes:
        is_possible: somebody else who heard a stop just now may be right.

    Raises:
        ModelMissingError: pyopen-wakeword is not installed, or the weights are missing.
    """

    NAMES = {"en": "stop", "zh": "停"}  # noqa: RUF012

    def __init__(
        self, languages: Sequence[str], sensitivity: float = 1.0, words: StopWords | None = None
    ) -> None:
        self._words = words or StopWords.load()
        self._outputs = [
            (
                index,
                _lowered(self._words.thresholds[index], sensitivity),
                _lowered(self._words.possible[index], sensitivity),
                self.NAMES.get(language, language),
            )
            for index, language in enumerate(self._words.languages)
            if language in languages
        ]
        self._embeddings = SpeechEmbeddings()
        self._possible_steps = 0
        self._recent: deque[Array] = deque(maxlen=self._words.context)
        self.reset()

    @property
    def is_possible(self) -> bool:
        """See the class."""
        return self._possible_steps > 0

    def hear(self, samples: Samples) -> str | None:
        """See `KeywordSpotter`."""
        found: str | None = None
        try:
            for embedding in self._embeddings.feed(samples):
                self._recent.append(embedding)
                if len(self._recent) == self._words.context:
                    found = self._judge() or found
        except (OSError, RuntimeError, ValueError) as error:
            raise EngineError(f"The stop spotter failed: {error}.", "Activate the node again.") from error
        return found

    def reset(self) -> None:
        """See `KeywordSpotter`."""
        self._embeddings.reset()
        self._recent.clear()
        self._possible_steps = 0

    def _judge(self) -> str | None:
        probabilities = self._words.probabilities(list(self._recent))
        is_possible = any(probabilities[index] >= possible for index, _, possible, _ in self._outputs)
        self._possible_steps = POSSIBLE_STEPS if is_possible else self._possible_steps - 1
        return next((name for index, sure, _, name in self._outputs if probabilities[index] >= sure), None)


def _lowered(probability: float, sensitivity: float) -> float:
    """A threshold of odds that are divided by ten for each 1 of sensitivity above 1."""
    odds = float(probability) / max(1e-6, 1.0 - float(probability)) * 10 ** (1.0 - sensitivity)
    return odds / (1.0 + odds)
