# SPDX-License-Identifier: Apache-2.0
"""The voice detector hears voices, and nothing else."""

import wave
from pathlib import Path

import numpy as np
import pytest

from voice_agent_ros.asr.vad import FRAME_SAMPLES, SileroDetector

pytest.importorskip("faster_whisper")
pytest.importorskip("onnxruntime")
DEMO = Path(__file__).resolve().parents[2] / "demo"


def probabilities(audio: np.ndarray) -> np.ndarray:
    detector = SileroDetector()
    frames = audio[: len(audio) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return np.array([detector.probability(frame.astype(np.float32)) for frame in frames])


@pytest.mark.parametrize("name", ["pick_red_cube.wav", "yes.wav"])
def test_speech(name):
    with wave.open(str(DEMO / name)) as file:
        audio = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768.0
    frames = audio[: len(audio) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    is_loud = np.sqrt((frames**2).mean(axis=1)) > 0.03
    found = probabilities(audio)
    assert (found[is_loud] > 0.5).mean() > 0.8
    assert (found[:8] < 0.35).all(), "the silence before"


@pytest.mark.parametrize("kind", ["silence", "white", "hum", "clicks"])
def test_noise(kind):
    random = np.random.default_rng(0)
    audio = {
        "silence": np.zeros(32000),
        "white": random.normal(0.0, 0.05, 32000),
        "hum": 0.2 * np.sin(2 * np.pi * 100 * np.arange(32000) / 16000),
        "clicks": (random.random(32000) < 0.001) * 0.5,
    }[kind]
    assert (probabilities(audio) > 0.5).mean() < 0.02
