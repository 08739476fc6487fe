# SPDX-License-Identifier: Apache-2.0
"""Keyword spotters: pocketsphinx (any words, by their sounds) and microWakeWord (one trained word, by path)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voice_agent_ros.asr.learned_spotter import LearnedSpotter
from voice_agent_ros.asr.spotting import KeywordSpotter, Samples
from voice_agent_ros.asr.vad import SAMPLE_RATE
from voice_agent_ros.errors import ConfigurationError, EngineError, ModelMissingError

MAX_UTTERANCE_S = 30.0  # pocketsphinx remembers all of an utterance: it is begun anew now and then
AGREE_SAMPLES = 6400  # two spotters that hear a word within 0.4 s heard the same one


@dataclass(frozen=True)
class Keyphrase:
    """A word by its sounds.

    Attributes:
        phrase: what is reported.
        sounds: in the alphabet of the CMU dictionary.
        threshold: the smaller, the more is taken for it.
    """

    phrase: str
    sounds: str
    threshold: float


STOP_WORDS: dict[str, tuple[Keyphrase, ...]] = {
    # Two ways to say the vowel. Found on synthetic voices, of which none is in the benchmark.
    "en": (Keyphrase("stop", "S T AA P", 1e-10), Keyphrase("stop", "S T AO P", 1e-10)),
    # The English sounds that are nearest: approximate, so the phrases in partials matter more.
    "zh": (
        Keyphrase("停下", "T IH NG SH Y AA", 1e-10),
        Keyphrase("停止", "T IH NG JH ER", 1e-10),
        Keyphrase("急停", "JH IY T IH NG", 1e-10),
    ),
}


class PocketsphinxSpotter:
    """Keyphrases against a loop of all sounds, with the acoustic model that the package carries.

    Raises:
        ModelMissingError: pocketsphinx is not installed.
        ConfigurationError: a keyphrase has unknown sounds.
    """

    def __init__(self, phrases: Sequence[Keyphrase], sensitivity: float = 1.0) -> None:
        try:
            from pocketsphinx import Decoder
        except ImportError as error:
            raise ModelMissingError(
                "pocketsphinx is not installed: a spoken stop is heard about 0.5 s later, in partial transcripts.",
                "Run: pip install pocketsphinx",
            ) from error
        self._names = {f"keyphrase{index}": phrase.phrase for index, phrase in enumerate(phrases)}
        try:
            self._decoder: Any = Decoder(samprate=SAMPLE_RATE, lm=None, loglevel="FATAL")
            with tempfile.NamedTemporaryFile("w", suffix=".kws") as file:
                for name, phrase in zip(self._names, phrases, strict=True):
                    self._decoder.add_word(name, phrase.sounds, True)
                    file.write(f"{name} /{phrase.threshold**sensitivity:.3g}/\n")
                file.flush()
                self._decoder.add_kws("stop", file.name)
            self._decoder.activate_search("stop")
        except RuntimeError as error:
            raise ConfigurationError(
                f"The keyphrases cannot be used: {error}.", "Check their sounds."
            ) from error
        self._heard = 0
        self._decoder.start_utt()

    def hear(self, samples: Samples) -> str | None:
        """See `KeywordSpotter`."""
        try:
            self._decoder.process_raw(samples.tobytes(), False, False)
            found = self._decoder.hyp()
        except RuntimeError as error:
            raise EngineError(f"pocketsphinx failed: {error}.", "Activate the node again.") from error
        self._heard += len(samples)
        if found is None:
            if self._heard > MAX_UTTERANCE_S * SAMPLE_RATE:
                self.reset()
            return None
        name = str(found.hypstr).split()[0]
        self.reset()
        return self._names.get(name, name)

    def reset(self) -> None:
        """See `KeywordSpotter`."""
        self._decoder.end_utt()
        self._decoder.start_utt()
        self._heard = 0


class MicroWakeWordSpotter:
    """A microWakeWord model (https://github.com/kahrendt/microWakeWord).

    Args:
        model: path of its JSON file, or the name of one that pymicro-wakeword carries (hey_jarvis, okay_nabu, ...).

    Raises:
        ModelMissingError: pymicro-wakeword is not installed, or the model is not there.
    """

    def __init__(self, model: str) -> None:
        try:
            import pymicro_wakeword
        except ImportError as error:
            raise ModelMissingError(
                "pymicro-wakeword is not installed.", "Run: pip install pymicro-wakeword"
            ) from error
        builtin = {known.value: known for known in pymicro_wakeword.Model}
        path = Path(model).expanduser()
        try:
            if model in builtin:
                self._model: Any = pymicro_wakeword.MicroWakeWord.from_builtin(builtin[model])
            else:
                self._model = pymicro_wakeword.MicroWakeWord.from_config(path)
        except (OSError, ValueError, KeyError) as error:
            raise ModelMissingError(
                f"The wake word model {model!r} cannot be loaded: {error}.",
                f"Give the path of its JSON file, with the .tflite beside it, or one of: {', '.join(builtin)}.",
            ) from error
        self._features: Any = pymicro_wakeword.MicroWakeWordFeatures()
        self.phrase = str(self._model.wake_word)

    def hear(self, samples: Samples) -> str | None:
        """See `KeywordSpotter`."""
        # Every window must be judged: the model strides over them.
        judged = [
            bool(self._model.process_streaming(window))
            for window in self._features.process_streaming(np.ascontiguousarray(samples).tobytes())
        ]
        return self.phrase if any(judged) else None

    def reset(self) -> None:
        """See `KeywordSpotter`."""
        self._features.reset()
        self._model.reset()


class VotingSpotter:
    """Two ears: a stop is one that the learned spotter is sure of, or that both find possible.

    They err on different voices and on different words: pocketsphinx alone takes a third of all sentences with an "st"
    for a stop, the learned one alone misses voices unlike those that it was trained with.
    """

    def __init__(self, learned: LearnedSpotter, other: KeywordSpotter) -> None:
        self._learned, self._other = learned, other
        self._awaits = 0  # samples for which what the other one heard may still be found possible
        self._heard = ""

    def hear(self, samples: Samples) -> str | None:
        """See `KeywordSpotter`."""
        sure = self._learned.hear(samples)
        self._awaits = max(0, self._awaits - len(samples))
        heard = self._other.hear(samples)
        if heard is not None:
            self._heard, self._awaits = heard, AGREE_SAMPLES
        if sure is not None:
            return sure
        if self._awaits and self._learned.is_possible:
            self._awaits = 0
            return self._heard
        return None

    def reset(self) -> None:
        """See `KeywordSpotter`."""
        self._learned.reset()
        self._other.reset()
        self._awaits = 0


def stop_spotter(engine: str, model: str, language: str, sensitivity: float) -> KeywordSpotter | None:
    """The spotter for "stop" that the parameters ask for; None: off.

    Raises:
        ModelMissingError: it is not installed.
    """
    if engine == "off":
        return None
    if engine == "micro_wake_word":
        return MicroWakeWordSpotter(model)
    base = language.split("-", maxsplit=1)[0].lower()
    if engine == "learned":
        wanted = [key for key in LearnedSpotter.NAMES if base in (key, "auto")]
        return LearnedSpotter(wanted, sensitivity) if wanted else None
    if engine == "auto":
        return _best(base, sensitivity)
    phrases = _phrases(base)
    return PocketsphinxSpotter(phrases, sensitivity) if phrases else None


def _phrases(language: str) -> list[Keyphrase]:
    return [phrase for key, group in STOP_WORDS.items() if language in (key, "auto") for phrase in group]


def _best(language: str, sensitivity: float) -> KeywordSpotter | None:
    """Both, or the one that is installed."""
    wanted = [key for key in LearnedSpotter.NAMES if language in (key, "auto")]
    if not wanted:
        return None
    learned: LearnedSpotter | None = None
    try:
        learned = LearnedSpotter(wanted, sensitivity)
        other = PocketsphinxSpotter(_phrases(language), sensitivity)
    except ModelMissingError:
        return learned or PocketsphinxSpotter(_phrases(language), sensitivity)
    return VotingSpotter(learned, other)
