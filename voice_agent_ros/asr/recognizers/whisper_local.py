# SPDX-License-Identifier: Apache-2.0
"""Whisper through CTranslate2 (faster-whisper), in this process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from voice_agent_ros.asr.recognizer import Audio, Recognition
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
# Style and vocabulary of what is said to a robot arm. No "yes" and no "stop": what is in a prompt may be
# recognized in noise.
PROMPT = "Pick up the {things}. Put it in the bowl. Open the gripper. Move the arm up ten centimetres."
USUAL_THINGS = ("cube", "block")


class WhisperLocal:
    """Whisper weights in CTranslate2's format.

    The confidence is exp(mean token log-probability) × (1 − no-speech probability); it is not calibrated.

    Args:
        path: directory with model.bin, config.json, tokenizer.json, vocabulary.
        language: of the speech; English-only weights know no other.
        threads: of one decode.

    Raises:
        ModelMissingError: faster-whisper is not installed, or the weights are not there.
    """

    name = "whisper_local"

    def __init__(self, path: Path, language: str = "en", threads: int = 2) -> None:
        try:
            from faster_whisper import WhisperModel
            from faster_whisper.tokenizer import Tokenizer
        except ImportError as error:
            raise ModelMissingError(
                f"faster-whisper cannot be loaded: {error}.", "Run: pip install faster-whisper"
            ) from error
        if not (path / "model.bin").exists():
            fix = "Run: voice-agent models fetch whisper-tiny.en"
            raise ModelMissingError(f"There are no Whisper weights in {path}.", fix)
        try:
            whisper = WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=threads)
        except (RuntimeError, ValueError) as error:
            raise ModelMissingError(
                f"The weights in {path} cannot be loaded: {error}.", "Fetch them again."
            ) from error
        self._features: Any = whisper.feature_extractor
        self._model: Any = whisper.model
        many = bool(whisper.model.is_multilingual)
        base = language.split("-", maxsplit=1)[0].lower()
        if not many and base != "en":
            raise ModelMissingError(
                f"The weights in {path} know English only, not {language!r}.", "Use multilingual weights."
            )
        self._language = base
        self._tokenizer: Any = Tokenizer(whisper.hf_tokenizer, many, "transcribe", base if many else None)
        self._prompt = lru_cache(maxsize=4)(self._encode_prompt)
        self.recognize(np.zeros(SAMPLE_RATE, np.float32))  # the first decode is slower than all others
        self.recognize(np.zeros(SAMPLE_RATE, np.float32), is_draft=True)

    def recognize(self, audio: Audio, hints: Sequence[str] = (), *, is_draft: bool = False) -> Recognition:
        """Recognize an utterance of at most 30 s."""
        if len(audio) < MIN_SAMPLES:
            return Recognition("", 0.0, self._language)
        seconds = len(audio) / SAMPLE_RATE
        window_s = DRAFT_WINDOW_S if is_draft and seconds <= DRAFT_WINDOW_S - 1 else WINDOW_S
        prompt = self._prompt(tuple(hints)) if window_s == WINDOW_S else []
        start = [*prompt, *self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        try:
            result = self._model.generate(
                self._encode(audio, window_s),
                [start],
                beam_size=1,
                max_length=min(448, len(start) + TOKENS_AT_ONCE + round(TOKENS_PER_S * seconds)),
                return_scores=True,
                return_no_speech_prob=True,
                suppress_blank=True,
            )[0]
        except RuntimeError as error:
            raise EngineError(f"Whisper failed: {error}.", "Say it again.") from error
        tokens = result.sequences_ids[0]
        text = self._tokenizer.decode(tokens).strip()
        # CTranslate2 gives the mean over the tokens; the end-of-text token counts as well.
        log_probability = result.scores[0] * len(tokens) / (len(tokens) + 1)
        silence = float(result.no_speech_prob)
        confidence = math.exp(min(0.0, log_probability)) * (1.0 - silence) if text else 0.0
        return Recognition(text, confidence, self._language, log_probability, silence)

    def _encode(self, audio: Audio, window_s: int) -> Any:
        from ctranslate2 import StorageView
        from faster_whisper.audio import pad_or_trim

        features = pad_or_trim(self._features(audio), window_s * FRAMES_PER_S)
        return self._model.encode(StorageView.from_array(np.ascontiguousarray(features[None])))

    def _encode_prompt(self, hints: tuple[str, ...]) -> list[int]:
        if self._language != "en":
            text = ", ".join(hints)
        else:
            text = PROMPT.format(things=", ".join(hints or USUAL_THINGS))
        if not text:
            return []
        return [self._tokenizer.sot_prev, *self._tokenizer.encode(" " + text)[:200]]
