# SPDX-License-Identifier: Apache-2.0
"""Next-generation Kaldi through sherpa-onnx, in this process: streaming transducers and paraformers, SenseVoice.

Weights are not in any package: take a directory from the project's releases (docs/recognizers.md names good
ones) and give its path.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from voice_agent_ros.asr.recognizer import Audio, Recognition
from voice_agent_ros.asr.recognizers.languages import AUTO, DETECTED, base_of
from voice_agent_ros.asr.recognizers.prompts import hotwords
from voice_agent_ros.asr.word import Word
from voice_agent_ros.errors import ConfigurationError, EngineError, ModelMissingError
from voice_agent_ros.intent.wordings import script_of

SAMPLE_RATE = 16000
MIN_SAMPLES = 1600
SENSE_VOICE_LANGUAGES = ("zh", "en", "ja", "ko", "yue")
TAIL_S = 0.66  # silence after the end, so that the last chunk of a streaming model is full
_RELEASES = "Take one from github.com/k2-fsa/sherpa-onnx/releases (asr-models) and give its directory."


@dataclass(frozen=True)
class Weights:
    """What is in a directory of weights: the paths of its parts by their roles."""

    kind: str  # transducer, paraformer, sense_voice, offline_paraformer
    parts: dict[str, str]

    @classmethod
    def in_directory(cls, path: Path) -> Weights:
        """Told by the names that the project gives to files and directories.

        Raises:
            ModelMissingError: something is missing.
        """
        if not path.name or not path.is_dir():
            raise ModelMissingError(
                f"There is no directory of sherpa-onnx weights at {str(path)!r}.", _RELEASES
            )
        tokens = path / "tokens.txt"
        if not tokens.is_file():
            raise ModelMissingError(f"There is no tokens.txt in {path}.", _RELEASES)
        parts = {"tokens": str(tokens)}
        for role in ("encoder", "decoder", "joiner", "model"):
            found = _best(path, role)
            if found is not None:
                parts[role] = str(found)
        for name in ("bpe.vocab",):
            if (path / name).is_file():
                parts["bpe_vocab"] = str(path / name)
        if {"encoder", "decoder", "joiner"} <= parts.keys():
            return cls("transducer", parts)
        if {"encoder", "decoder"} <= parts.keys():
            return cls("paraformer", parts)
        if "model" in parts:
            return cls("offline_paraformer" if "paraformer" in path.name else "sense_voice", parts)
        raise ModelMissingError(f"{path} has neither encoder, decoder and joiner nor model.onnx.", _RELEASES)


@dataclass(frozen=True)
class _Heard:
    text: str
    tokens: Sequence[str] = ()
    times: Sequence[float] = ()
    log_probabilities: Sequence[float] = ()
    language: str = ""  # if the model tells


class _Model(Protocol):
    fixed: str  # the only language that it was loaded for; "": it takes what it hears

    def hear(self, audio: Audio, words: Sequence[str], *, is_draft: bool) -> _Heard: ...


class SherpaOnnx:
    """Weights for sherpa-onnx in a directory.

    A streaming model goes on where it was when audio begins with what it has already heard, as successive drafts
    of one utterance do.

    Args:
        path: of the directory.
        language: of the speech, as far as the weights can be told, which is SenseVoice and only here: what it was loaded
            for cannot be changed without harm to how it hears. "auto": it finds out. Of other weights, or where the
            model does not say what it has heard, the script of the words tells what is reported.
        threads: of one decode.
        assumed_confidence: of models that do not tell the probability of their tokens.

    Raises:
        ModelMissingError: sherpa-onnx is not installed, or the weights are not there.
    """

    name = "sherpa_onnx"

    def __init__(
        self, path: Path, language: str = "auto", threads: int = 2, *, assumed_confidence: float = 0.45
    ) -> None:
        weights = Weights.in_directory(path)
        try:
            import sherpa_onnx
        except ImportError as error:
            raise ModelMissingError(
                f"sherpa-onnx cannot be loaded: {error}.", "Run: pip install sherpa-onnx"
            ) from error
        self._language = base_of(language)
        self._assumed = assumed_confidence
        try:
            self._model: _Model | None = (
                _Streaming(sherpa_onnx, weights, threads)
                if weights.kind in ("transducer", "paraformer")
                else _Whole(sherpa_onnx, weights, threads, self._language)
            )
        except (RuntimeError, ValueError) as error:
            raise ModelMissingError(f"The weights in {path} cannot be loaded: {error}.", _RELEASES) from error
        self.recognize(np.zeros(SAMPLE_RATE, np.float32))

    def adjust(self, *, language: str, word_times: bool) -> None:  # noqa: ARG002
        """See `AdjustableRecognizer`; times of words come anyway."""
        base, fixed = base_of(language), self._model.fixed if self._model is not None else ""
        if fixed and base not in (fixed, AUTO):
            raise ModelMissingError(
                f"SenseVoice was loaded for {fixed!r} and cannot recognize {language!r} now.",
                "Load it with the language auto: then it finds out by itself.",
            )
        self._language = fixed or base

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:
        """Recognize an utterance."""
        default = self._language if self._language != AUTO else DETECTED[0]
        if len(audio) < MIN_SAMPLES:
            return Recognition("", 0.0, default, engine=self.name)
        if self._model is None:
            raise ConfigurationError("The recognizer is closed.")
        try:
            heard = self._model.hear(audio, hotwords(self._language, hints), is_draft=is_draft)
        except RuntimeError as error:
            raise EngineError(f"sherpa-onnx failed: {error}.", "Say it again.") from error
        text = _cased(heard.text.strip())
        is_told = bool(self._model.fixed) or default not in DETECTED
        language = heard.language or (default if is_told else script_of(text, default))
        known = [value for value in heard.log_probabilities if value <= 0.0]
        mean = sum(known) / len(known) if known else 0.0
        # The probability that every token is right, if each is as sure as it says by itself.
        confidence = math.exp(sum(known)) if known else self._assumed
        return Recognition(text, confidence if text else 0.0, language, mean, 0.0, _words(heard), self.name)

    def close(self) -> None:
        """Free the weights."""
        self._model = None


class _Streaming:
    fixed = ""

    def __init__(self, library: Any, weights: Weights, threads: int) -> None:
        parts = dict(weights.parts)
        kind = library.OnlineRecognizer
        if weights.kind == "paraformer":
            self._takes_hotwords = False
            self._recognizer = kind.from_paraformer(
                tokens=parts["tokens"],
                encoder=parts["encoder"],
                decoder=parts["decoder"],
                num_threads=threads,
            )
        else:
            vocabulary = parts.get("bpe_vocab", "")
            self._takes_hotwords = bool(vocabulary)
            self._recognizer = kind.from_transducer(
                tokens=parts["tokens"],
                encoder=parts["encoder"],
                decoder=parts["decoder"],
                joiner=parts["joiner"],
                num_threads=threads,
                decoding_method="modified_beam_search" if vocabulary else "greedy_search",
                modeling_unit="cjkchar+bpe" if vocabulary else "cjkchar",
                bpe_vocab=vocabulary,
            )
        self._stream: Any = None
        self._fed: Audio = np.zeros(0, np.float32)
        self._words: tuple[str, ...] = ()

    def hear(self, audio: Audio, words: Sequence[str], *, is_draft: bool) -> _Heard:
        known = len(self._fed)
        goes_on = (
            self._stream is not None
            and self._words == tuple(words)
            and len(audio) >= known
            and np.array_equal(audio[:known], self._fed)
        )
        if not goes_on:
            spoken = "/".join(words) if self._takes_hotwords and words else None
            self._stream, self._words, known = self._recognizer.create_stream(spoken), tuple(words), 0
        self._stream.accept_waveform(SAMPLE_RATE, audio[known:])
        if is_draft:
            self._fed = audio.copy()
        else:
            self._stream.accept_waveform(SAMPLE_RATE, np.zeros(round(TAIL_S * SAMPLE_RATE), np.float32))
            self._stream.input_finished()
        while self._recognizer.is_ready(self._stream):
            self._recognizer.decode_stream(self._stream)
        result = self._recognizer.get_result_all(self._stream)
        if not is_draft:
            self._stream, self._fed = None, np.zeros(0, np.float32)
        return _Heard(result.text, result.tokens, result.timestamps, list(getattr(result, "ys_probs", ())))


class _Whole:
    def __init__(self, library: Any, weights: Weights, threads: int, language: str) -> None:
        parts = weights.parts
        kind = library.OfflineRecognizer
        self.fixed = ""
        if weights.kind == "sense_voice":
            self.fixed = language if language in SENSE_VOICE_LANGUAGES else ""
            self._recognizer = kind.from_sense_voice(
                model=parts["model"],
                tokens=parts["tokens"],
                num_threads=threads,
                language=self.fixed,
                use_itn=True,
            )
        else:
            self._recognizer = kind.from_paraformer(
                paraformer=parts["model"], tokens=parts["tokens"], num_threads=threads
            )

    def hear(self, audio: Audio, words: Sequence[str], *, is_draft: bool) -> _Heard:  # noqa: ARG002
        stream = self._recognizer.create_stream()
        stream.accept_waveform(SAMPLE_RATE, audio)
        self._recognizer.decode_stream(stream)
        result = stream.result
        log_probabilities = list(getattr(result, "ys_log_probs", ()))  # of some models
        told = str(getattr(result, "lang", "")).strip("<|>")
        return _Heard(
            result.text,
            getattr(result, "tokens", ()),
            getattr(result, "timestamps", ()),
            log_probabilities,
            told if told in SENSE_VOICE_LANGUAGES else "",
        )


def _best(path: Path, role: str) -> Path | None:
    """The file of a role; of several, the quantized one, which is faster and as good."""
    found = sorted(path.glob(f"{role}*.onnx"))
    return next((file for file in found if "int8" in file.name), found[0] if found else None)


def _cased(text: str) -> str:
    """Models that know capitals only shout."""
    return text.lower() if text.isupper() else text


def _words(heard: _Heard) -> tuple[Word, ...]:
    """Tokens joined to words where the tokens say so: sentence pieces begin words with ▁ or a space."""
    if not heard.times or len(heard.times) != len(heard.tokens):
        return ()
    words: list[Word] = []
    for token, at in zip(heard.tokens, heard.times, strict=True):
        text = token.replace("▁", " ")
        begins = text.startswith(" ") or not words or script_of(text, "") == "zh"
        if begins:
            if words:
                words[-1] = Word(words[-1].text, words[-1].start, max(float(at), words[-1].start))
            words.append(Word(text.strip(), float(at), float(at) + 0.1))
        else:
            words[-1] = Word(words[-1].text + text, words[-1].start, float(at) + 0.1)
    return tuple(Word(_cased(word.text), word.start, word.end) for word in words if word.text)
