# SPDX-License-Identifier: Apache-2.0
"""Whisper through CTranslate2 (faster-whisper), in this process."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from voice_agent_ros.asr.recognizer import Audio, Recognition
from voice_agent_ros.errors import EngineError, ModelMissingError

NO_SPEECH = 0.6  # together with a poor score: Whisper's own criterion for silence
NO_SPEECH_LOGPROB = -1.0
MIN_SAMPLES = 1600


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

    def __init__(self, path: Path, language: str = "en", threads: int = 2) -> None:
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise ModelMissingError(
                "faster-whisper is not installed.", "pip install faster-whisper."
            ) from error
        if not (path / "model.bin").exists():
            fix = "Run: voice-agent models fetch whisper-tiny.en"
            raise ModelMissingError(f"There are no Whisper weights in {path}.", fix)
        try:
            self._model = WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=threads)
        except (RuntimeError, ValueError) as error:
            raise ModelMissingError(
                f"The weights in {path} cannot be loaded: {error}.", "Fetch them again."
            ) from error
        self._language = language
        self.recognize(np.zeros(16000, np.float32))  # the first decode is slower than all others

    def recognize(self, audio: Audio, hints: Sequence[str] = ()) -> Recognition:
        """Recognize an utterance."""
        if len(audio) < MIN_SAMPLES:
            return Recognition("", 0.0, self._language)
        try:
            segments, _ = self._model.transcribe(
                audio,
                language=self._language,
                beam_size=1,
                temperature=0.0,
                without_timestamps=True,
                condition_on_previous_text=False,
                initial_prompt=f"Robot, {', '.join(hints)}." if hints else None,
            )
            heard = list(segments)
        except RuntimeError as error:
            raise EngineError(f"Whisper failed: {error}.", "Say it again.") from error
        text = " ".join(segment.text.strip() for segment in heard).strip()
        if not text:
            return Recognition("", 0.0, self._language)
        logprob = float(np.mean([segment.avg_logprob for segment in heard]))
        silence = max(float(segment.no_speech_prob) for segment in heard)
        if silence > NO_SPEECH and logprob < NO_SPEECH_LOGPROB:
            return Recognition("", 0.0, self._language)
        return Recognition(text, min(1.0, math.exp(logprob) * (1.0 - silence)), self._language)
