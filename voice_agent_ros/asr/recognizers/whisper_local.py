# SPDX-License-Identifier: Apache-2.0
"""Whisper through CTranslate2 (faster-whisper), in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from voice_agent_ros.asr.recognizer import Audio, Recognition
from voice_agent_ros.asr.recognizers.calibration import calibration_for
from voice_agent_ros.asr.recognizers.languages import AUTO, DETECTED, base_of
from voice_agent_ros.asr.recognizers.prompts import prompt_for, repeats_prompt
from voice_agent_ros.asr.word import Word
from voice_agent_ros.errors import EngineError, ModelMissingError

SAMPLE_RATE = 16000
MIN_SAMPLES = 1600  # 0.1 s; there are no words in less
FRAMES_PER_S = 100
# The encoder's time is proportional to its window. Whisper was trained on 30 s; with 15 s it takes a third of
# the time and makes half as many errors again; with less, or with a prompt in less than 30 s, it repeats itself.
WINDOW_S = 30
DRAFT_WINDOW_S = 15
# More tokens than anybody says in the time are a loop.
TOKENS_PER_S = 8
TOKENS_AT_ONCE = 12
MAX_TOKENS = 448
# Long speech that begins in the middle of a word may come out as one word or as a command: of 42 pieces of 14 s, 4, and
# 1 with a second way to decode them. Whisper's own criterion for that (Radford et al. 2022, section 4.5); and fewer
# tokens than anybody says in the time. The paper's other way are random tokens; without the prompt and with more
# hypotheses it is the same each time. Of commands in noise, which are short, it makes none right that was wrong.
DOUBTFUL_LOG_PROBABILITY = -1.0
LEAST_TOKENS_PER_S, SHORT_S = 1.0, 5.0
BEAMS = 5
PROMPT_TOKENS = 200


class WhisperLocal:
    """Whisper weights in CTranslate2's format.

    Args:
        path: directory with model.bin, config.json, tokenizer.json, vocabulary.
        language: of the speech; English-only weights know no other. "auto": English or Mandarin, whichever is
            likelier in each utterance.
        threads: of one decode.
        word_times: tell when each word was said; costs another pass of the decoder.
        domain_prompt: expect what people say to a robot arm; without, only the hints are likely words.

    Raises:
        ModelMissingError: faster-whisper is not installed, or the weights are not there.
    """

    name = "whisper_local"

    def __init__(
        self,
        path: Path,
        language: str = "en",
        threads: int = 2,
        *,
        word_times: bool = False,
        domain_prompt: bool = True,
    ) -> None:
        self._whisper = whisper = _load(path, threads)
        self._features: Any = whisper.feature_extractor
        self._model: Any = whisper.model
        self._knows_many = bool(whisper.model.is_multilingual)
        self._name = path.name
        self.adjust(language=language, word_times=word_times)
        self._domain_prompt = domain_prompt
        self._calibration = calibration_for(path.name)
        self._tokenizer = lru_cache(maxsize=8)(self._make_tokenizer)
        self._prompt = lru_cache(maxsize=8)(self._encode_prompt)
        self.recognize(np.zeros(SAMPLE_RATE, np.float32))  # the first decode is slower than all others
        self.recognize(np.zeros(SAMPLE_RATE, np.float32), is_draft=True)

    def adjust(self, *, language: str, word_times: bool) -> None:
        """See `AdjustableRecognizer`. English-only weights take "auto" for English."""
        base = base_of(language)
        if not self._knows_many:
            if base not in ("en", AUTO):
                raise ModelMissingError(
                    f"The weights {self._name} know English only, not {language!r}.",
                    "Use multilingual weights: voice-agent models fetch whisper-base.",
                )
            base = "en"
        self._language, self._word_times = base, word_times

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:
        """Recognize an utterance of at most 30 s."""
        fixed = self._language if self._language != AUTO else DETECTED[0]
        if len(audio) < MIN_SAMPLES:
            return Recognition("", 0.0, fixed, engine=self.name)
        seconds = len(audio) / SAMPLE_RATE
        window_s = DRAFT_WINDOW_S if is_draft and seconds <= DRAFT_WINDOW_S - 1 else WINDOW_S
        try:
            heard = self._encode(audio, window_s)
            language = self._detect(heard) if self._language == AUTO else self._language
            prompt = self._prompt(language, tuple(hints)) if window_s == WINDOW_S else []
            with_words = self._word_times and not is_draft
            found = self._decode(heard, language, prompt, seconds, with_words=with_words)
            if prompt and repeats_prompt(found.text, language):
                # Words that it does not understand may come out as what it was told to expect.
                found = self._decode(heard, language, [], seconds, with_words=with_words)
            if is_draft or not self._is_doubtful(found, language, seconds):
                return found
            again = self._decode(heard, language, [], seconds, with_words=with_words, beams=BEAMS)
            return max(found, again, key=lambda one: one.mean_log_probability)
        except RuntimeError as error:
            raise EngineError(f"Whisper failed: {error}.", "Say it again.") from error

    def _is_doubtful(self, found: Recognition, language: str, seconds: float) -> bool:
        if seconds <= SHORT_S:
            return False
        tokens = len(self._tokenizer(language).encode(found.text))
        is_too_little = tokens < LEAST_TOKENS_PER_S * (seconds - SHORT_S)
        return is_too_little or found.mean_log_probability < DOUBTFUL_LOG_PROBABILITY

    def close(self) -> None:
        """Free the weights."""
        self._model.unload_model()

    def _decode(
        self,
        heard: Any,
        language: str,
        prompt: list[int],
        seconds: float,
        *,
        with_words: bool,
        beams: int = 1,
    ) -> Recognition:
        tokenizer = self._tokenizer(language)
        start = [*prompt, *tokenizer.sot_sequence, tokenizer.no_timestamps]
        result = self._model.generate(
            heard,
            [start],
            beam_size=beams,
            max_length=min(MAX_TOKENS, len(start) + TOKENS_AT_ONCE + round(TOKENS_PER_S * seconds)),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
        )[0]
        tokens = result.sequences_ids[0]
        text = tokenizer.decode(tokens).strip()
        # CTranslate2 gives the mean over the tokens; the end-of-text token counts as well.
        log_probability = result.scores[0] * len(tokens) / (len(tokens) + 1)
        silence = float(result.no_speech_prob)
        return Recognition(
            text,
            self._calibration.confidence(log_probability, silence) if text else 0.0,
            language,
            log_probability,
            silence,
            self._words(heard, tokenizer, tokens, seconds) if text and with_words else (),
            self.name,
        )

    def _words(self, heard: Any, tokenizer: Any, tokens: list[int], seconds: float) -> tuple[Word, ...]:
        spoken = [token for token in tokens if token < tokenizer.eot]
        frames = min(round(seconds * FRAMES_PER_S), WINDOW_S * FRAMES_PER_S)
        (found,) = self._whisper.find_alignment(tokenizer, [spoken], heard, frames) or ([],)
        words: list[Word] = []
        for one in found:
            text, end = one["word"].strip(), min(float(one["end"]), seconds)
            if any(character.isalnum() for character in text) or not words:
                words.append(Word(text, float(one["start"]), end, float(one["probability"])))
            else:  # punctuation belongs to the word before
                words[-1] = replace(words[-1], text=words[-1].text + text)
        return tuple(word for word in words if word.text)

    def _detect(self, heard: Any) -> str:
        """The likelier of the languages that people speak to the robot."""
        likelihood = dict(self._model.detect_language(heard)[0])
        return max(DETECTED, key=lambda code: likelihood.get(f"<|{code}|>", 0.0))

    def _encode(self, audio: Audio, window_s: int) -> Any:
        from ctranslate2 import StorageView
        from faster_whisper.audio import pad_or_trim

        features = pad_or_trim(self._features(audio), window_s * FRAMES_PER_S)
        return self._model.encode(StorageView.from_array(np.ascontiguousarray(features[None])))

    def _make_tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(
            self._whisper.hf_tokenizer,
            self._knows_many,
            "transcribe",
            language if self._knows_many else None,
        )

    def _encode_prompt(self, language: str, hints: tuple[str, ...]) -> list[int]:
        text = prompt_for(language if self._domain_prompt else "", hints)
        if not text:
            return []
        tokenizer = self._tokenizer(language)
        return [tokenizer.sot_prev, *tokenizer.encode(" " + text)[:PROMPT_TOKENS]]


def _load(path: Path, threads: int) -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise ModelMissingError(
            f"faster-whisper cannot be loaded: {error}.", "Run: pip install faster-whisper"
        ) from error
    if not (path / "model.bin").exists():
        fix = "Run: voice-agent models fetch whisper-tiny.en"
        raise ModelMissingError(f"There are no Whisper weights in {path}.", fix)
    try:
        return WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=threads)
    except (RuntimeError, ValueError) as error:
        raise ModelMissingError(
            f"The weights in {path} cannot be loaded: {error}.", "Fetch them again."
        ) from error
