# SPDX-License-Identifier: Apache-2.0
"""Recordings to text: where the utterances are, and what is made of them."""

import itertools
import wave
from pathlib import Path

import numpy as np
import pytest

from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.transcription import MAX_UTTERANCE_S, transcribe_file, utterances
from voice_agent_ros.asr.vad import SAMPLE_RATE
from voice_agent_ros.errors import DeviceError

LOUD = 8000


class FakeDetector:
    """Takes everything loud for speech."""

    def probability(self, frame) -> float:
        return 0.95 if np.max(np.abs(frame)) > 0.1 else 0.01

    def reset(self) -> None:
        pass


class FakeRecognizer:
    """Says how long the utterance was."""

    def __init__(self) -> None:
        self.hints = ()

    def recognize(self, audio, hints=()):
        self.hints = hints
        seconds = np.count_nonzero(np.abs(audio) > 0.1) / SAMPLE_RATE
        return Recognition(f"{seconds:.1f}", 0.5 if seconds < 1.5 else 0.8, "en")


def sound(*parts: tuple[float, int]) -> np.ndarray:
    return np.concatenate(
        [np.full(round(seconds * SAMPLE_RATE), level, np.int16) for seconds, level in parts]
    )


def write(path: Path, audio: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(audio.tobytes())
    return path


def test_utterances_are_found_with_a_margin():
    found = list(utterances(sound((1.0, 0), (1.0, LOUD), (2.0, 0), (1.5, LOUD), (1.0, 0)), FakeDetector()))
    assert found == [
        (pytest.approx(0.7, abs=0.05), pytest.approx(2.3, abs=0.05)),
        (pytest.approx(3.7, abs=0.05), pytest.approx(5.8, abs=0.05)),
    ]


def test_speech_to_the_very_end_is_not_lost():
    audio = sound((0.5, 0), (1.01, LOUD))
    ((_, end),) = utterances(audio, FakeDetector())
    assert end == pytest.approx(1.51, abs=1e-6)


def test_silence_has_no_utterances():
    assert list(utterances(sound((3.0, 0)), FakeDetector())) == []


def test_endless_speech_is_cut_without_overlap_and_without_loss():
    found = list(utterances(sound((70.0, LOUD)), FakeDetector()))
    assert len(found) == 3
    assert all(end - start <= MAX_UTTERANCE_S for start, end in found)
    assert all(later[0] <= earlier[1] + 0.2 for earlier, later in itertools.pairwise(found))
    assert all(later[0] >= earlier[1] for earlier, later in itertools.pairwise(found))
    assert found[-1][1] == pytest.approx(70.0)


def test_a_file_becomes_text_with_times(tmp_path):
    path = write(tmp_path / "two.wav", sound((1.0, 0), (1.0, LOUD), (2.0, 0), (2.0, LOUD), (1.0, 0)))
    recognizer = FakeRecognizer()
    result = transcribe_file(path, FakeDetector(), recognizer, "en", ("cube",))
    assert result.text == "1.0 2.0"
    assert result.duration_s == pytest.approx(7.0)
    assert 0.5 < result.confidence < 0.8
    assert recognizer.hints == ("cube",)


def test_a_silent_file_has_no_text(tmp_path):
    result = transcribe_file(
        write(tmp_path / "s.wav", sound((2.0, 0))), FakeDetector(), FakeRecognizer(), "zh"
    )
    assert (result.text, result.confidence, result.language, result.segments) == ("", 0.0, "zh", ())


@pytest.mark.parametrize("content", [None, b"", b"RIFF nonsense"])
def test_what_is_no_audio_is_an_error(tmp_path, content):
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DeviceError):
        transcribe_file(path, FakeDetector(), FakeRecognizer(), "en")
