# SPDX-License-Identifier: Apache-2.0
"""Sounds without words, at which a robot that speaks should go on: clearing one's throat, laughter, noise."""

from __future__ import annotations

import random
import re
import wave
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.row import words_between

KINDS = ("throat", "laughter", "noise")
_SAID = {
    "throat": ("Ahem.", "Mm.", "Hm.", "Ahem, ahem."),
    "laughter": ("Ha ha.", "Ha ha ha.", "Hahaha!", "Heh."),
}
_PACE = (0.8, 1.3)
_NOISE_S, _NOISE_LEVEL = (0.15, 0.6), (4000, 12000)


def sounds_of(kind: str, count: int, folder: Path, rate: int) -> list[Path]:
    """WAV files, no two of them alike."""
    from voice_agent_ros.tts.engines import load_synthesizer
    from voice_agent_ros.tts.say_to_file import say_to_file

    chance, paths = random.Random(kind), [folder / f"{kind}-{number}.wav" for number in range(count)]
    if kind == "noise":
        for number, path in enumerate(paths):
            save(path, _burst(chance, number, rate), rate)
        return paths
    voice = load_synthesizer("hibari")
    for number, path in enumerate(paths):
        said = _SAID[kind][number % len(_SAID[kind])]
        say_to_file(said, path, synthesizer=voice, speed=chance.uniform(*_PACE))
    voice.close()
    return paths


def _burst(chance: random.Random, seed: int, rate: int) -> Any:
    """As of something that falls."""
    times = np.arange(round(chance.uniform(*_NOISE_S) * rate)) / rate
    noise = np.random.default_rng(seed).normal(0.0, 1.0, len(times)) * np.exp(
        -times / chance.uniform(0.05, 0.3)
    )
    return (chance.uniform(*_NOISE_LEVEL) * noise / np.max(np.abs(noise))).astype(np.int16)


def longest_silence(audio: Any) -> tuple[int, int]:
    """Where the longest run of digital zeros begins, and its length, in samples."""
    sound = np.flatnonzero(audio)
    if len(sound) < 2:
        return 0, 0
    at = int(np.argmax(np.diff(sound)))
    return int(sound[at]) + 1, int(sound[at + 1] - sound[at]) - 1


def save(path: Path, audio: Any, rate: int) -> None:
    """As a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(audio.astype("<i2").tobytes())


def words_changed(folder: Path, count: int, rate: int, text: str) -> list[float]:
    """How many words Whisper hears otherwise in each reply that was paused than are in its text, or in the whole one."""
    from faster_whisper import WhisperModel

    from voice_agent_ros.audio.wav_source import load
    from voice_agent_ros.models.catalogue import path_of

    whisper = WhisperModel(str(path_of("whisper-tiny.en")), device="cpu", compute_type="int8", cpu_threads=2)

    def words(path: Path) -> list[str]:
        audio = load(path, rate).astype(np.float32) / 32768.0
        segments, _ = whisper.transcribe(audio, language="en", beam_size=1)
        return re.findall(r"[a-z]+", " ".join(one.text for one in segments).lower())

    # The recording of the whole reply may have suffered too.
    known = (re.findall(r"[a-z]+", text.lower()), words(folder / "whole.wav"))
    heard = [words(folder / f"alarm-{number}.wav") for number in range(count)]
    return [float(min(words_between(one, whole) for whole in known)) for one in heard]
