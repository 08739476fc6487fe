# SPDX-License-Identifier: Apache-2.0
"""Synthetic voices of many speakers: Kokoro, espeak-ng and flite as programs or weights, the robot's own by hibari."""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 16000
KOKORO_RATE = 24000
QUIET = 0.02  # of the peak
TIMEOUT_S = 30.0
Sound = NDArray[np.float32]


class Kokoro:
    """Kokoro-82M (Apache-2.0) with any of its voices, in English or Mandarin.

    Args:
        folder: kokoro.onnx, vocab.json and voices/*.bin.
    """

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        model = str(folder / "kokoro.onnx")
        self._session: Any = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        self._folder = folder

    def say(self, text: str, voice: str, language: str, speed: float) -> Sound:
        """A sentence at 16 kHz without silence around it."""
        sounds = _mandarin(text) if language == "zh" else _english(text, is_british=voice.startswith("b"))
        styles = np.fromfile(self._folder / "voices" / f"{voice}.bin", np.float32).reshape(-1, 1, 256)
        tokens = [self._vocabulary[sound] for sound in sounds if sound in self._vocabulary][:500]
        given = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": styles[len(tokens)],
            "speed": np.array([speed], np.float32),
        }
        return trimmed(np.ravel(self._session.run(None, given)[0]), KOKORO_RATE)


def espeak(text: str, voice: str, speed: float) -> Sound:
    """A sentence by espeak-ng (a program), e.g. of the voice `en-gb+f2`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        _run(["espeak-ng", "-v", voice, "-s", str(round(160 * speed)), "-w", str(path), text])
        return _read(path)


def flite(text: str, voice: str, speed: float) -> Sound:
    """A sentence by flite (a program)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        stretch = f"duration_stretch={1 / speed:.2f}"
        _run(["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", str(path)])
        return _read(path)


def hibari(text: str) -> Sound:
    """A sentence by the robot's default voice."""
    voice = _hibari()
    return trimmed(np.concatenate(list(voice.stream(text, seed=0))).astype(np.float32), voice.sample_rate)


def trimmed(sound: Sound, rate: int) -> Sound:
    """At 16 kHz, at a peak of 0.4, without the silence around it."""
    sound = np.asarray(soxr.resample(sound, rate, RATE), np.float32)
    level = np.abs(sound)
    loud = np.flatnonzero(level > QUIET * level.max())
    sound = sound[loud[0] : loud[-1] + 1]
    return np.asarray(sound * (0.4 / np.abs(sound).max()), np.float32)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)


def _read(path: Path) -> Sound:
    sound, rate = soundfile.read(path, dtype="float32")
    return trimmed(sound, rate)


@cache
def _hibari() -> Any:
    from hibari import Hibari

    return Hibari()


@cache
def _phonemes(is_british: bool) -> Any:
    from hibari import Hibari
    from hibari.g2p import G2P

    speaker = Hibari.__new__(Hibari)  # only its rules are needed
    speaker._g2p = G2P(british=is_british)
    return speaker


def _english(text: str, *, is_british: bool) -> str:
    return " ".join(_phonemes(is_british).phonemize(text))


@cache
def _chinese() -> Any:
    from misaki import zh

    return zh.ZHG2P()


def _mandarin(text: str) -> str:
    return str(_chinese()(text)[0])
