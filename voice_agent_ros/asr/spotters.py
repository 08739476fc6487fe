# SPDX-License-Identifier: Apache-2.0
"""Keyword spotters: pocketsphinx (any words, by their sounds) and microWakeWord (one trained word, by path).

And what makes few false stops of many: two that must agree (voting; the learned one is in `learned_spotter`), and one
that is believed only where there was a voice, and the hiss of an S. `stop_spotter` puts them together.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.asr.learned_spotter import LearnedSpotter
from voice_agent_ros.asr.spotting import KeywordSpotter, Samples
from voice_agent_ros.asr.vad import FRAME_SAMPLES, SAMPLE_RATE, SileroDetector, VoiceDetector
from voice_agent_ros.errors import ConfigurationError, EngineError, ModelMissingError

MAX_UTTERANCE_S = 30.0  # pocketsphinx remembers all of an utterance: it is begun anew now and then
VOICE_SAMPLES = 19200  # a word is within the last 1.2 s
VOICE = 0.45  # the likeliest frame of every stop that this was set on had 0.5 or more, at 5 dB of noise, too
LEAST_SAMPLES = 6400
VOWEL_BINS = slice(4, 96)  # of 512 samples: 125 Hz to 3 kHz
HISS_BINS = slice(96, 232)  # 3 to 7.25 kHz
# Over what there is a third of the time: the least of the stops that tune, at 5 dB of noise, too.
HISS_DB = 1.5
# The hiss before a vowel that is no louder than this over the noise above 3 kHz would not be heard.
DROWNED_DB = 26.0
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


class VoicedSpotter:
    """What another one hears, if there was a voice in it, and the hiss with which "stop" and 停 begin.

    Knocks are no voice, a motor that whines like a vowel does not hiss. The last moments are looked at only when the
    other one has heard something.
    """

    def __init__(self, spotter: KeywordSpotter, detector: VoiceDetector) -> None:
        self._spotter, self._detector = spotter, detector
        self._chunks: deque[Samples] = deque()  # joined only when there is something to judge
        self._held = 0  # samples in them

    def hear(self, samples: Samples) -> str | None:
        """See `KeywordSpotter`."""
        self._chunks.append(samples)
        self._held += len(samples)
        while self._held - len(self._chunks[0]) >= VOICE_SAMPLES:
            self._held -= len(self._chunks.popleft())
        found = self._spotter.hear(samples)
        if found is None:
            return None
        recent = np.concatenate(self._chunks)[-VOICE_SAMPLES:]
        return found if hisses(recent) and self._holds_a_voice(recent) else None

    def reset(self) -> None:
        """See `KeywordSpotter`."""
        self._spotter.reset()
        self._chunks.clear()
        self._held = 0

    def _holds_a_voice(self, recent: Samples) -> bool:
        self._detector.reset()
        whole = len(recent) // FRAME_SAMPLES * FRAME_SAMPLES
        frames = recent[len(recent) - whole :].reshape(-1, FRAME_SAMPLES)
        return any(
            self._detector.probability(frame) >= VOICE for frame in frames.astype(np.float32) / 32768.0
        )


def hisses(samples: Samples) -> bool:
    """Whether what is above 3 kHz rises at all; also where that cannot be told, for noise or for want of samples."""
    if len(samples) < LEAST_SAMPLES:
        return True
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float32), 512)[::256]
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(512))))
    vowel, hiss = _smooth(power[:, VOWEL_BINS]), _smooth(power[:, HISS_BINS])
    noise = np.percentile(hiss, 30)
    if 10.0 * np.log10(vowel.max() / noise) < DROWNED_DB:
        return True
    return bool(10.0 * np.log10(hiss.max() / noise) >= HISS_DB)


def _smooth(power: NDArray[Any]) -> NDArray[Any]:
    return np.convolve(power.mean(axis=1) + 1e-3, np.full(3, 1 / 3), "valid")


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
        return _voiced(LearnedSpotter(wanted, sensitivity)) if wanted else None
    if engine == "auto":
        best = _best(base, sensitivity)
        return best if best is None else _voiced(best)
    phrases = _phrases(base)
    return PocketsphinxSpotter(phrases, sensitivity) if phrases else None


def _voiced(spotter: KeywordSpotter) -> KeywordSpotter:
    """Where a voice can be told from noise."""
    try:
        return VoicedSpotter(spotter, SileroDetector())
    except ModelMissingError:
        return spotter


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
