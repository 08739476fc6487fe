# SPDX-License-Identifier: Apache-2.0
"""Sentences whose words are known: synthesised ones kept here, recordings of people from packages; and noises."""

from __future__ import annotations

import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from voice_agent_ros.asr.recognizer import Audio
from voice_agent_ros.asr.recognizers.spelling import Spelling
from voice_agent_ros.transcription.media import Media

DATA = Path(__file__).with_name("data") / "speech"
RATE = 16000
EDGE_S = 0.3  # silence that is kept around a sentence
# Debian's pocketsphinx-testdata and alsa-utils.
SPHINX = Path("/usr/share/pocketsphinx/test/data")
ALSA = Path("/usr/share/sounds/alsa")
_UNITS = {"mm": "millimeters", "cm": "centimeters", "°": "degrees"}


@dataclass(frozen=True, eq=False)
class Spoken:
    """A sentence that somebody says."""

    voice: str
    language: str
    text: str
    audio: Audio


def synthesised(which: str, language: str, folder: Path = DATA) -> list[Spoken]:
    """Sentences of a set: of DATA `tune` or `test`."""
    manifest = yaml.safe_load((folder / "manifest.yaml").read_text(encoding="utf-8"))
    found = []
    for name, entry in manifest.items():
        if entry["set"] != which or entry["language"] != language:
            continue
        with Media(folder / name) as media:
            whole = np.concatenate(list(media.blocks()))
        for sentence in entry["sentences"]:
            start, end = sentence["at"]
            audio = whole[round((start - EDGE_S) * RATE) : round((end + EDGE_S) * RATE)]
            found.append(Spoken(entry["voice"], language, sentence["text"], audio))
    return found


def people() -> list[Spoken]:
    """Recordings of people that the installed packages carry; none where the packages are not installed."""
    found = list(_sphinx())
    for path in sorted(ALSA.glob("*_*.wav")):
        with Media(path) as media:
            audio = np.concatenate(list(media.blocks()))
        found.append(Spoken("people: alsa-utils", "en", path.stem.replace("_", " "), audio))
    return found


def noisy(spoken: Spoken, kind: str, snr_db: float, seed: int, crowd: list[Spoken]) -> Spoken:
    """The sentence with noise of a kind (white, hum, crowd) at a ratio of powers."""
    rng = np.random.default_rng(seed)
    size = len(spoken.audio)
    if kind == "white":
        noise = rng.normal(0.0, 1.0, size)
    elif kind == "hum":
        at = np.arange(size) / RATE
        noise = sum(np.sin(2 * np.pi * 50 * n * at + rng.uniform(0, 6)) / n for n in range(1, 8))
        noise = noise + rng.normal(0.0, 0.2, size)
    else:
        noise = sum(_stretched(crowd[int(n)].audio, size, rng) for n in rng.integers(0, len(crowd), 6))
    power = float(np.mean(spoken.audio**2)) / 10 ** (snr_db / 10)
    noise = np.asarray(noise, np.float32)
    mixed = spoken.audio + noise * np.sqrt(power / max(float(np.mean(noise**2)), 1e-12))
    return replace(spoken, audio=np.clip(mixed, -1.0, 1.0).astype(np.float32))


def bare(text: str, language: str) -> str:
    """Words as they are compared: no case, no punctuation, numbers as digits, one spelling; Chinese by characters."""
    text = _spelling().of(text, language).lower()
    if language == "zh":
        return " ".join(re.findall(r"[\u3400-\u9fff]|[a-z]+|[0-9.]+", text))
    text = re.sub(r"\bgrey\b", "gray", re.sub(r"metre(s?)\b", r"meter\1", text)).replace("%", " percent")
    text = re.sub(r"(?<=\d) ?(mm|cm|°)", lambda unit: f" {_UNITS[unit[1]]} ", text)
    return " ".join(re.findall(r"[a-z0-9']+", text))


@lru_cache(maxsize=1)
def _spelling() -> Spelling:
    return Spelling("t2s", "digits")


def _sphinx() -> Iterator[Spoken]:
    for folder, listing in (("librivox", "transcription"), ("cards", "cards.transcription")):
        path = SPHINX / folder / listing
        if not path.exists():
            continue
        for line in path.read_text().splitlines():
            match = re.match(r"<s>\s*(.*?)\s*</s>\s*\((.*)\)", line)
            file = SPHINX / folder / f"{match[2]}.wav" if match else None
            if match and file is not None and file.exists():
                yield Spoken(f"people: {folder}", "en", match[1], _wav(file))


def _wav(path: Path) -> Audio:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768.0


def _stretched(audio: Audio, size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    repeated = np.tile(audio, size // len(audio) + 2)
    begin = int(rng.integers(0, len(audio)))
    return repeated[begin : begin + size]
