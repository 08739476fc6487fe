# SPDX-License-Identifier: Apache-2.0
"""Kokoro-82M (Apache-2.0): English and Mandarin, 24 kHz, two to three times faster than real time on two cores.

Its weights are on this computer already, or it says how to get them: nothing is downloaded here."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.errors import EngineError
from voice_agent_ros.models.catalogue import models_directory
from voice_agent_ros.tts.synthesizer import Samples, Speech, moved, speaker_of
from voice_agent_ros.tts.synthesizers.kokoro_phonemes import KokoroPhonemes
from voice_agent_ros.tts.synthesizers.phonemes import Sounds, ids_of, with_output, words_in
from voice_agent_ros.tts.voices import language_of

CATALOGUE_NAME = "kokoro-82m"
STYLE = 256  # a voice is one such vector for each length of text
FIRST_VOICES = {"en": "af_heart", "zh": "zf_xiaoxiao"}
_LANGUAGES = {"a": "en", "b": "en", "z": "zh"}  # by the first letter of a voice's name
FADE_S = 0.004
HEADROOM = 0.98
# The tensor with the duration of each phoneme, in the weights of the catalogue.
DURATIONS = "/encoder/Clip_output_0"

Style = NDArray[np.float32]


class KokoroSynthesizer:
    """A loaded and warmed-up Kokoro.

    Args:
        voice: `af_…`, `am_…` (American), `bf_…`, `bm_…` (British), `zf_…`, `zm_…` (Mandarin); empty: a good one.
        path: directory with one `.onnx` file and the voices: `.bin` files there or in `voices/`, or one `voices*.bin`
            archive as kokoro-onnx publishes it; empty: where `voice-agent models fetch` puts it.
        threads: of the inference.

    Raises:
        EngineError: a library or the weights are missing.
    """

    name = "kokoro"
    sample_rate = 24_000

    def __init__(self, voice: str = "", path: str = "", threads: int = 2) -> None:
        directory = Path(path).expanduser() if path else models_directory() / CATALOGUE_NAME
        self._styles = _styles_in(directory)
        self.voices: tuple[str, ...] = _in_order(self._styles, voice)
        present = dict.fromkeys(_LANGUAGES[name[0]] for name in self.voices)
        self._phonemes = KokoroPhonemes(tuple(present))
        self.languages: tuple[str, ...] = tuple(present)
        self._session = _session(directory, threads)
        self._inputs = {entry.name for entry in self._session.get_inputs()}
        for language in self.languages:  # the first text loads the dictionaries, which takes seconds
            for _ in self.synthesize({"en": "Ready.", "zh": "好的。"}[language]):
                pass

    def synthesize(self, text: str, *, voice: str = "", speed: float = 1.0) -> Iterator[Samples]:
        """See `Synthesizer`. A text in the other language is spoken with that language's voice."""
        for block in self.timed(text, voice=voice, speed=speed):
            yield block.samples

    def timed(self, text: str, *, voice: str = "", speed: float = 1.0) -> Iterator[Speech]:
        """See `speech_of`."""
        if voice and voice not in self._styles:
            raise EngineError(f"kokoro has no voice {voice!r}.", f"Use one of {', '.join(self.voices)}.")
        language = language_of(text, self.languages)
        if language not in self.languages:
            return
        chosen = self._voice_for(language, voice)
        by = speaker_of(self, chosen)
        try:
            said = 0
            for part in self._phonemes.of(text, language):
                block = self._speak(part, self._styles[chosen], speed)
                if len(block.samples):
                    yield Speech(block.samples, moved(block.words, said), by)
                said += len(block.samples)
        # Dictionaries and rules meet any text that a model can write: what they raise ends one segment only.
        except Exception as error:
            raise EngineError(f"kokoro failed: {type(error).__name__}: {error}.") from error

    def _voice_for(self, language: str, asked: str) -> str:
        candidates = (asked, *self.voices)
        return next(name for name in candidates if name and _LANGUAGES[name[0]] == language)

    def _speak(self, part: list[Sounds], style: Style, speed: float) -> Speech:
        vocabulary = self._phonemes.vocabulary
        ids = ids_of(part, vocabulary)
        if len(ids) < 3:
            return Speech(np.zeros(0, np.int16))
        inputs: dict[str, Any] = {
            "style": style[min(len(ids) - 2, len(style) - 1)].reshape(1, STYLE),
            "speed": np.array([speed], np.float32),
        }
        inputs["input_ids" if "input_ids" in self._inputs else "tokens"] = np.array([ids], np.int64)
        waveform, *durations = self._session.run(None, inputs)
        samples = _as_samples(np.asarray(waveform, np.float32).ravel(), self.sample_rate)
        return Speech(samples, words_in(part, vocabulary, durations[0]) if durations else ())

    def close(self) -> None:
        """See `Synthesizer`."""
        del self._session


def _as_samples(audio: Style, rate: int) -> Samples:
    """Whole numbers; never clipped, and without a click at the ends."""
    peak = float(np.max(np.abs(audio), initial=0.0))
    if peak > HEADROOM:
        audio = audio * (HEADROOM / peak)
    fade = np.linspace(0.0, 1.0, min(round(FADE_S * rate), len(audio)), dtype=np.float32)
    audio[: len(fade)] *= fade
    audio[len(audio) - len(fade) :] *= fade[::-1]
    return np.rint(audio * 32767.0).astype(np.int16)


def _session(directory: Path, threads: int) -> Any:
    models = sorted(directory.glob("*.onnx"))
    if len(models) != 1:
        raise EngineError(
            f"kokoro needs one .onnx file in {directory}; there are {len(models)}.", _how_to_get(directory)
        )
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineError("kokoro needs onnxruntime.", "Run: pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    load = functools.partial(
        onnxruntime.InferenceSession, sess_options=options, providers=["CPUExecutionProvider"]
    )
    try:
        # Other people's exports name their tensors otherwise: then nobody tells when each word sounds.
        with contextlib.suppress(Exception):
            return load(with_output(models[0].read_bytes(), DURATIONS))
        return load(str(models[0]))
    except Exception as error:  # onnxruntime's own classes are private
        raise EngineError(
            f"{models[0]} cannot be loaded: {type(error).__name__}.", _how_to_get(directory)
        ) from error


def _styles_in(directory: Path) -> dict[str, Style]:
    """The voices that are there, of the languages that we can turn into phonemes."""
    styles: dict[str, Style] = {}
    try:
        for file in sorted([*directory.glob("*.bin"), *directory.glob("voices/*.bin")]):
            with file.open("rb") as opened:
                is_archive = opened.read(2) == b"PK"
            if is_archive:
                with np.load(file) as archive:
                    styles |= {name: archive[name] for name in archive.files}
            else:
                styles[file.stem] = np.fromfile(file, np.float32)
        usable = {name: style for name, style in styles.items() if name[:1] in _LANGUAGES}
        return {name: style.astype(np.float32).reshape(-1, STYLE) for name, style in usable.items()}
    except (OSError, ValueError) as error:
        raise EngineError(
            f"kokoro's voices in {directory} cannot be read: {error}.", _how_to_get(directory)
        ) from error


def _in_order(styles: dict[str, Style], wanted: str) -> tuple[str, ...]:
    """Names of the voices: the default first, then the recommended one of the other language."""
    if not styles or (wanted and wanted not in styles):
        known = f" It has: {', '.join(styles)}." if styles else ""
        raise EngineError(
            f"kokoro has no voice {wanted!r}.{known}" if wanted else "kokoro has no voices.",
            "See docs/voices.md for where its voices come from.",
        )
    first = [name for name in (wanted, *FIRST_VOICES.values()) if name in styles]
    return tuple(dict.fromkeys([*first, *styles]))


def _how_to_get(directory: Path) -> str:
    return f"Run: voice-agent models fetch {CATALOGUE_NAME}, or put the weights into {directory} (docs/voices.md)."
