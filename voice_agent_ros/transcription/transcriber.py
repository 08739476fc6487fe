# SPDX-License-Identifier: Apache-2.0
"""From a recording to a transcript, step by step: each piece is recognized on its own, with no memory of others.

So the result does not depend on what else is transcribed before, meanwhile or after.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from voice_agent_ros.asr.credibility import is_credible
from voice_agent_ros.asr.recognizer import Recognition, Recognizer
from voice_agent_ros.asr.vad import VoiceDetector
from voice_agent_ros.asr.word import Word
from voice_agent_ros.transcription.cutting import Cutter, Piece
from voice_agent_ros.transcription.media import Media
from voice_agent_ros.transcription.transcript import Segment, Transcript

_SHORTER = 1.05  # stated durations of some containers are estimates
_WORD_SLACK_S = 0.1  # beyond the voice's ends, that words may reach


@dataclass(frozen=True)
class Step:
    """How far it is.

    Attributes:
        position_s: up to here the recording has been heard.
        segment: what was said there, if anything.
    """

    position_s: float
    segment: Segment | None = None


def steps(
    media: Media, detector: VoiceDetector, recognizer: Recognizer, hints: Sequence[str] = ()
) -> Iterator[Step]:
    """Recognize one piece after the other; some steps are silence.

    Raises:
        MediaError: the recording holds no sound, or too much.
        EngineError: the recognizer failed.
    """
    cutter = Cutter(detector)
    for piece in cutter.pieces(media.blocks()):
        if piece is None:
            yield Step(cutter.position_s)
            continue
        heard = recognizer.recognize(piece.audio, hints)
        believed = bool(heard.text) and is_credible(heard, piece.voiced_s)
        yield Step(piece.end, _segment(piece, heard) if believed else None)


def summary(
    found: Sequence[Segment], media: Media, *, duration_s: float, elapsed_s: float, language: str
) -> Transcript:
    """The transcript that the segments make.

    Args:
        language: reported where nothing is said.
    """
    spoken: dict[str, float] = defaultdict(float)
    for segment in found:
        spoken[segment.language or language] += segment.end - segment.start
    warnings = []
    if media.broken_packets:
        warnings.append(f"{media.broken_packets} broken packets of the file were left out")
    if media.duration_s is not None and media.duration_s > duration_s * _SHORTER + 1.0:
        warnings.append(
            f"the file says that it has {media.duration_s:.1f} s, but only {duration_s:.1f} s can be read"
        )
    return Transcript(
        max(spoken, key=lambda code: spoken[code], default=language),
        duration_s,
        elapsed_s,
        tuple(found),
        tuple(warnings),
    )


def transcribe(
    media: Media,
    detector: VoiceDetector,
    recognizer: Recognizer,
    language: str = "en",
    hints: Sequence[str] = (),
) -> Transcript:
    """All steps at once.

    Raises:
        MediaError: the recording holds no sound, or too much.
        EngineError: the recognizer failed.
    """
    begun = time.perf_counter()
    found: list[Segment] = []
    duration_s = 0.0
    for step in steps(media, detector, recognizer, hints):
        duration_s = max(duration_s, step.position_s)
        if step.segment is not None:
            found.append(step.segment)
    return summary(
        found, media, duration_s=duration_s, elapsed_s=time.perf_counter() - begun, language=language
    )


def _segment(piece: Piece, heard: Recognition) -> Segment:
    earliest, latest = piece.start - _WORD_SLACK_S, piece.end + _WORD_SLACK_S
    return Segment(
        piece.start,
        piece.end,
        heard.text,
        heard.confidence,
        heard.language,
        tuple(_placed(word, piece.at, earliest, latest) for word in heard.words),
        heard.mean_log_probability,
        heard.no_speech_probability,
    )


def _placed(word: Word, at: float, earliest: float, latest: float) -> Word:
    """A word on the recording's time axis, where somebody speaks: recognizers stretch words into silence."""
    start = min(max(word.start + at, earliest), latest)
    return replace(word, start=start, end=min(max(word.end + at, start), latest))
