# SPDX-License-Identifier: Apache-2.0
"""hibari: English, 24 kHz, a hundred times faster than real time on one core; it carries its weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.synthesizer import Samples, Speech, moved
from voice_agent_ros.tts.synthesizers.phonemes import (
    Sounds,
    english_sounds,
    ids_of,
    in_parts,
    with_output,
    words_in,
)

NOISE_SEED = 0  # the same text always gives the same audio
DURATIONS = "/Round_output_0"  # the tensor with the duration of each phoneme


class HibariSynthesizer:
    """A loaded and warmed-up hibari voice.

    Args:
        voice: `heart` comes with the package; others must have been downloaded before.
        threads: more than one does not pay.

    Raises:
        EngineError: hibari is not installed, or the voice is not on this computer.
    """

    name = "hibari"
    languages: tuple[str, ...] = ("en",)

    def __init__(self, voice: str = "heart", threads: int = 1) -> None:
        try:
            from hibari import Hibari
        except ImportError as error:
            raise EngineError(
                f"The speech synthesizer hibari cannot be loaded: {error}.",
                "Run: pip install hibari-tts==0.2.1",
            ) from error
        self.voices: tuple[str, ...] = (voice,)
        model = with_output(Path(_model_of(voice)).read_bytes(), DURATIONS)
        self._engine: Any = Hibari(voice=voice, model=model, threads=threads)
        self.sample_rate = int(self._engine.sample_rate)
        # The first text loads the lexicon and the tagger, which takes as long as twenty sentences.
        for _ in self.synthesize("Ready, 1."):
            pass

    def synthesize(self, text: str, *, voice: str = "", speed: float = 1.0) -> Iterator[Samples]:
        """See `Synthesizer`."""
        for block in self.timed(text, voice=voice, speed=speed):
            yield block.samples

    def timed(self, text: str, *, voice: str = "", speed: float = 1.0) -> Iterator[Speech]:
        """See `speech_of`."""
        if voice and voice not in self.voices:
            raise EngineError(f"hibari has not loaded the voice {voice!r}.", f"Use {self.voices[0]!r}.")
        noise, said = np.random.default_rng(NOISE_SEED), 0
        try:
            for sentence in self._engine.split_sentences(text):
                for part in in_parts(english_sounds(self._engine.g2p, sentence)):
                    block = self._speak(part, speed, noise)
                    if len(block.samples):
                        yield Speech(block.samples, moved(block.words, said))
                    said += len(block.samples)
        # Its grapheme rules meet any text that a model can write: whatever they raise ends one segment only.
        except Exception as error:
            raise EngineError(f"hibari failed: {type(error).__name__}: {error}.") from error

    def _speak(self, part: list[Sounds], speed: float, noise: np.random.Generator) -> Speech:
        from hibari import dsp

        ids = ids_of(part, self._engine.vocab)
        if len(ids) < 3:
            return Speech(np.zeros(0, np.int16))
        inputs = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([speed], np.float32)}
        *spectrum, durations = self._engine.sess.run(None, inputs)
        audio = dsp.synth(*(piece[0] for piece in spectrum), noise)
        samples = np.rint(np.clip(audio, -1.0, 1.0) * 32767.0).astype(np.int16)
        return Speech(samples, words_in(part, self._engine.vocab, durations))

    def close(self) -> None:
        """See `Synthesizer`."""
        del self._engine


def _model_of(voice: str) -> str:
    """The voice's file. hibari would download a missing one, which a robot must not do by itself."""
    from hibari import voices

    entry = voices.VOICES.get(voice)
    if entry is None:
        raise EngineError(f"hibari has no voice {voice!r}.", f"Choose one of {', '.join(voices.VOICES)}.")
    for directory in (voices.ASSETS, voices.cache_dir()):
        path = os.path.join(directory, entry["file"])
        if os.path.isfile(path):
            return path
    raise EngineError(
        f"hibari's voice {voice!r} is not on this computer.",
        f"With a network, run once: hibari --voice {voice} hello",
    )
