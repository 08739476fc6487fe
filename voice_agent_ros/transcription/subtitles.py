# SPDX-License-Identifier: Apache-2.0
"""Subtitles of a transcript: SubRip and WebVTT, in cues that can be read in the time they are shown."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voice_agent_ros.intent.wordings import HAN
from voice_agent_ros.transcription.transcript import Segment, joined

LONGEST_S = 7.0
MOST_COLUMNS = 84  # two lines of 42; a Chinese character takes two columns


@dataclass(frozen=True)
class Cue:
    """A text that is shown from `start` to `end`, s."""

    start: float
    end: float
    text: str


def cues(segments: Iterable[Segment]) -> list[Cue]:
    """Segments that are too long for one cue are cut between words, by their times where these are known."""
    found: list[Cue] = []
    for segment in segments:
        if _fits(segment.start, segment.end, segment.text):
            found.append(Cue(segment.start, segment.end, segment.text))
        else:
            found += _divided(_timed(segment))
    return found


def srt(segments: Iterable[Segment]) -> str:
    """SubRip."""
    return "".join(
        f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{_one_line(cue.text)}\n\n"
        for number, cue in enumerate(cues(segments), 1)
    )


def vtt(segments: Iterable[Segment]) -> str:
    """WebVTT."""
    blocks = (
        f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{html.escape(_one_line(cue.text), quote=False)}\n\n"
        for cue in cues(segments)
    )
    return "WEBVTT\n\n" + "".join(blocks)


def _timed(segment: Segment) -> list[Cue]:
    """Its words; without times they are spread over it by their lengths."""
    if segment.words and "".join(w.text for w in segment.words) == "".join(segment.text.split()):
        return [Cue(word.start, word.end, word.text) for word in segment.words]
    parts = _parts(segment.text)
    total = sum(_columns(part) for part in parts) or 1
    at, found = segment.start, []
    for part in parts:
        until = at + (segment.end - segment.start) * _columns(part) / total
        found.append(Cue(at, until, part))
        at = until
    return found


def _parts(text: str) -> list[str]:
    """Words; of Chinese text, characters with the punctuation that follows them."""
    parts: list[str] = []
    for word in text.split():
        if not HAN.search(word):
            parts.append(word)
            continue
        for character in word:
            if parts and not character.isalnum() and HAN.search(parts[-1]):
                parts[-1] += character
            else:
                parts.append(character)
    return parts


def _divided(words: Sequence[Cue]) -> list[Cue]:
    found: list[list[Cue]] = []
    for word in words:
        if found and _fits(found[-1][0].start, word.end, joined(w.text for w in [*found[-1], word])):
            found[-1].append(word)
        else:
            found.append([word])
    return [Cue(group[0].start, group[-1].end, joined(w.text for w in group)) for group in found]


def _fits(start: float, end: float, text: str) -> bool:
    return end - start <= LONGEST_S and _columns(text) <= MOST_COLUMNS


def _columns(text: str) -> int:
    return sum(2 if HAN.match(character) else 1 for character in text)


def _one_line(text: str) -> str:
    """An empty line or an arrow would end the cue."""
    return " ".join(text.split()).replace("-->", "→")


def _clock(seconds: float, point: str) -> str:
    total = round(max(0.0, seconds) * 1000)
    minutes, milliseconds = divmod(total, 60_000)
    hours, minutes = divmod(minutes, 60)
    whole, milliseconds = divmod(milliseconds, 1000)
    return f"{hours:02}:{minutes:02}:{whole:02}{point}{milliseconds:03}"
