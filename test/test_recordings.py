# SPDX-License-Identifier: Apache-2.0
"""The demo's recordings, and the robot's own voice, are understood by the recognizer that ships with us."""

import re
import wave
from pathlib import Path

import numpy as np
import pytest

from voice_agent_ros.errors import ModelMissingError
from voice_agent_ros.models.catalogue import path_of

DEMO = Path(__file__).resolve().parents[1] / "demo"
WORDS = dict(re.findall(r"\| `(\w+\.wav)` \| (.+) \|", (DEMO / "README.md").read_text(encoding="utf-8")))
RATE = 16000


def read(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768.0


def test_the_readme_lists_every_recording():
    assert set(WORDS) == {path.name for path in DEMO.glob("*.wav")}


@pytest.mark.parametrize("name", WORDS)
def test_a_recording_begins_and_ends_in_silence(name):
    samples = read(DEMO / name)
    assert np.max(np.abs(samples[: int(0.28 * RATE)])) < 1e-3
    assert np.max(np.abs(samples[-int(0.18 * RATE) :])) < 1e-3
    assert 0.3 < np.max(np.abs(samples)) < 0.95


@pytest.fixture(scope="module")
def hear():
    faster_whisper = pytest.importorskip("faster_whisper")
    try:
        weights = path_of("whisper-tiny.en")
    except ModelMissingError as error:
        pytest.skip(str(error))
    model = faster_whisper.WhisperModel(str(weights), compute_type="int8", cpu_threads=2)

    def words(samples: np.ndarray) -> list[str]:
        segments, _ = model.transcribe(samples, language="en", beam_size=1, without_timestamps=True)
        return re.findall(r"[a-z0-9']+", "".join(segment.text for segment in segments).lower())

    return words


@pytest.mark.weights
@pytest.mark.parametrize(("name", "words"), WORDS.items(), ids=WORDS)
def test_a_recording_is_heard_right(hear, name, words):
    assert hear(read(DEMO / name)) == re.findall(r"[a-z0-9']+", words.lower())


@pytest.mark.weights
@pytest.mark.parametrize(
    "sentence",
    [
        "Shall I put the blue cube into the bowl?",
        "I have put the red cube into the bowl.",
        "I do not see a purple elephant.",
        "I see a red cube, a green cube, a blue cube and a bowl.",
        "The arm has stopped, and it stays so until you say resume.",
    ],
)
def test_the_robots_voice_is_heard_right(hear, sentence, tmp_path):
    pytest.importorskip("hibari")
    import soxr

    from voice_agent_ros.tts.say_to_file import say_to_file

    say_to_file(sentence, tmp_path / "speech.wav")
    with wave.open(str(tmp_path / "speech.wav")) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768.0
    silence = np.zeros(RATE // 4, np.float32)
    heard = hear(np.concatenate([silence, soxr.resample(samples, rate, RATE), silence]))
    assert heard == re.findall(r"[a-z0-9']+", sentence.lower())
