# SPDX-License-Identifier: Apache-2.0
"""What the recognizers behind a server have in common: audio as a file, and answers that differ in detail."""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voice_agent_ros.asr.recognizer import Audio, Recognition
from voice_agent_ros.asr.recognizers.calibration import WHISPER, Calibration
from voice_agent_ros.asr.recognizers.languages import AUTO, DETECTED, code_of
from voice_agent_ros.asr.word import Word
from voice_agent_ros.errors import ConfigurationError

SAMPLE_RATE = 16000


@dataclass(frozen=True)
class Server:
    """A server that recognizes speech.

    Attributes:
        url: its base URL.
        model: name of the model there; servers with only one do not mind.
        api_key_file: holds its key; empty: none is needed.
        timeout_s: longest time for one answer.
        connect_s: longest time until it takes the call.
        assumed_confidence: of answers that say nothing about how sure the server is.
    """

    url: str
    model: str = "whisper-1"
    api_key_file: str = ""
    timeout_s: float = 5.0
    connect_s: float = 1.0
    assumed_confidence: float = 0.45

    def api_key(self) -> str:
        """What is in the file.

        Raises:
            ConfigurationError: it cannot be read.
        """
        if not self.api_key_file:
            return ""
        try:
            return Path(self.api_key_file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"The recognizer's API key cannot be read: {error}.", "Correct recognizer_api_key_file."
            ) from error


def wav_of(audio: Audio) -> bytes:
    """As a 16-bit WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(np.rint(np.clip(audio, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
    return file.getvalue()


def is_transcript(answer: Mapping[str, Any]) -> bool:
    """Whether it has words, or says that there are none."""
    return isinstance(answer.get("text"), str) or isinstance(answer.get("segments"), Sequence)


def recognition_of(
    answer: Mapping[str, Any],
    *,
    language: str,
    engine: str,
    assumed: float,
    calibration: Calibration = WHISPER,
) -> Recognition:
    """From an answer in OpenAI's shape, verbose or not, whoever has written it.

    Args:
        language: that was asked for; "auto" if none was.
        assumed: confidence where the answer does not say how sure the server is.
    """
    segments = [part for part in answer.get("segments") or () if isinstance(part, Mapping)]
    text = str(answer.get("text") or "").strip()
    if not text and segments:
        text = "".join(str(part.get("text", "")) for part in segments).strip()
    default = language if language != AUTO else DETECTED[0]
    spoken = code_of(str(answer.get("language") or ""), default) if language == AUTO else language
    silence = max((_number(part.get("no_speech_prob"), 0.0) for part in segments), default=0.0)
    sureness = _mean_log_probability(answer, segments)
    confidence = 0.0
    if text:
        confidence = assumed if sureness is None else calibration.confidence(sureness, silence)
    return Recognition(text, confidence, spoken, sureness or 0.0, silence, _words(answer, segments), engine)


def _mean_log_probability(answer: Mapping[str, Any], segments: Sequence[Mapping[str, Any]]) -> float | None:
    """Of a token; None if the answer does not say."""
    tokens = [part for part in answer.get("logprobs") or () if isinstance(part, Mapping)]
    if tokens:
        values = [_number(part.get("logprob"), math.nan) for part in tokens]
        return None if any(map(math.isnan, values)) else sum(values) / len(values)
    total = weight = 0.0
    for part in segments:
        value = _number(part.get("avg_logprob"), math.nan)
        # vLLM writes -1 into fields that it does not compute; whisper.cpp's mean of no tokens becomes null.
        if math.isnan(value) or _number(part.get("compression_ratio"), 0.0) == -1.0:
            return None
        length = len(part.get("tokens") or ()) or max(1, len(str(part.get("text", ""))) // 4)
        total += value * length
        weight += length
    return total / weight if weight else None


def _words(answer: Mapping[str, Any], segments: Sequence[Mapping[str, Any]]) -> tuple[Word, ...]:
    """OpenAI lists them beside the segments, whisper.cpp within."""
    listed = answer.get("words") or [word for part in segments for word in part.get("words") or ()]
    return tuple(
        Word(
            str(word.get("word", "")).strip(),
            _number(word.get("start"), 0.0),
            _number(word.get("end"), 0.0),
            _number(word.get("probability"), 1.0),
        )
        for word in listed
        if isinstance(word, Mapping) and str(word.get("word", "")).strip()
    )


def _number(value: Any, default: float) -> float:
    """A number, which some servers write as a text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return default
    return number if math.isfinite(number) else default
