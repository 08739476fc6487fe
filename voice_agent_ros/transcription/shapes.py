# SPDX-License-Identifier: Apache-2.0
"""Transcripts in the shapes that clients of OpenAI's API and of the older paths expect."""

from __future__ import annotations

from typing import Any

from voice_agent_ros.transcription.subtitles import srt, vtt
from voice_agent_ros.transcription.transcript import Segment, Transcript
from voice_agent_ros.transcription.wishes import Format

_LANGUAGES = {"en": "english", "zh": "chinese"}
_TEXT_TYPES = {
    "text": "text/plain; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
}


def as_text(transcript: Transcript, shape: Format) -> tuple[str, str] | None:
    """Content and media type, if the shape is a text."""
    if shape == "text":
        return transcript.text + "\n", _TEXT_TYPES[shape]
    if shape == "srt":
        return srt(transcript.segments), _TEXT_TYPES[shape]
    if shape == "vtt":
        return vtt(transcript.segments), _TEXT_TYPES[shape]
    return None


def as_json(transcript: Transcript) -> dict[str, Any]:
    """OpenAI's plain shape."""
    return {"text": transcript.text, "usage": usage(transcript)}


def as_verbose_json(transcript: Transcript, *, words: bool, segments: bool = True) -> dict[str, Any]:
    """OpenAI's verbose shape; `confidence` and `warnings` are ours."""
    shape: dict[str, Any] = {
        "task": "transcribe",
        "language": _LANGUAGES.get(transcript.language, transcript.language),
        "duration": round(transcript.duration_s, 3),
        "text": transcript.text,
        "confidence": round(transcript.confidence, 3),
        "usage": usage(transcript),
    }
    if segments:
        shape["segments"] = [_segment(number, one) for number, one in enumerate(transcript.segments)]
    if words:
        shape["words"] = [
            {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
            for word in transcript.words
        ]
    if transcript.warnings:
        shape["warnings"] = list(transcript.warnings)
    return shape


def usage(transcript: Transcript) -> dict[str, Any]:
    """As for models that are paid by the duration."""
    return {"type": "duration", "seconds": round(transcript.duration_s)}


def as_row(transcript: Transcript) -> dict[str, Any]:
    """One line of `voice-agent transcribe`, without the file's name."""
    return {
        "text": transcript.text,
        "language": transcript.language,
        "confidence": round(transcript.confidence, 3),
        "duration_s": round(transcript.duration_s, 3),
        "elapsed_s": round(transcript.elapsed_s, 3),
        "segments": [
            {"start": round(one.start, 2), "end": round(one.end, 2), "text": one.text}
            for one in transcript.segments
        ],
        **({"warnings": list(transcript.warnings)} if transcript.warnings else {}),
    }


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    return {
        "id": number,
        "seek": round(segment.start * 100),
        "start": round(segment.start, 3),
        "end": round(segment.end, 3),
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(segment.mean_log_probability, 4),
        "compression_ratio": round(segment.compression_ratio, 3),
        "no_speech_prob": round(segment.no_speech_probability, 4),
        "confidence": round(segment.confidence, 3),
    }
