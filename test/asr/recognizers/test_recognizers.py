# SPDX-License-Identifier: Apache-2.0
"""One suite for every recognizer: a new one is a class, and a context manager in conftest.py's ALL."""

import re
import wave
from pathlib import Path

import numpy as np
import pytest

from voice_agent_ros.asr.credibility import is_credible
from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.recognizers import whisper_local
from voice_agent_ros.asr.recognizers.whisper_local import WhisperLocal
from voice_agent_ros.errors import ModelMissingError, VoiceAgentError
from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.motion.policy import MinConfidence

DEMO = Path(__file__).resolve().parents[3] / "demo"
RATE = 16000


def demo(name: str) -> np.ndarray:
    with wave.open(str(DEMO / name)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768.0


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


@pytest.mark.weights
@pytest.mark.parametrize("is_draft", [False, True])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pick_red_cube.wav", "pick up the red cube and put it in the bowl"),
        ("blue_with_the_others.wav", "i'd love to see the blue one end up with the others"),
        ("yes.wav", "yes"),
    ],
)
def test_speech_is_recognized(recognizer, name, text, is_draft):
    heard = recognizer.recognize(demo(name), ["red cube", "bowl"], is_draft=is_draft)
    assert words(heard.text) == text.split()
    assert (0.05 if is_draft else 0.4) < heard.confidence <= 1.0  # nothing is done on the word of a draft
    assert heard.language == "en"
    assert heard.engine


@pytest.mark.weights
@pytest.mark.parametrize("kind", ["silence", "white", "hum", "empty", "too short"])
def test_noise_is_not_believed(recognizer, kind):
    audio = {
        "silence": np.zeros(RATE, np.float32),
        "white": np.random.default_rng(0).normal(0.0, 0.05, 2 * RATE).astype(np.float32),
        "hum": (0.1 * np.sin(2 * np.pi * 100 * np.arange(2 * RATE) / RATE)).astype(np.float32),
        "empty": np.zeros(0, np.float32),
        "too short": np.full(100, 0.1, np.float32),
    }[kind]
    heard = recognizer.recognize(audio, ["red cube"])
    # A server that does not say how sure it is cannot be seen through; nothing risky is done on its word.
    assert not is_credible(heard, len(audio) / RATE) or heard.confidence < MinConfidence().high


@pytest.mark.weights
def test_long_speech_is_heard_to_its_end(recognizer):
    clips = ["pick_red_cube", "green_with_the_others", "blue_look_nice", "blue_with_the_others"] * 2
    audio = np.concatenate([demo(f"{clip}.wav") for clip in clips])
    assert 20 * RATE < len(audio) < 30 * RATE
    heard = words(recognizer.recognize(audio).text)
    assert (heard[0], heard[-1]) == ("pick", "others")
    assert [heard.count(word) for word in ("red", "green", "nice", "love")] == [2, 2, 2, 2]


@pytest.mark.weights
def test_many_strange_hints_do_no_harm(recognizer):
    hints = [f"thing {index} 东西 \U0001f600" for index in range(200)]
    recognizer.recognize(demo("yes.wav"), hints)


@pytest.mark.weights
def test_it_can_be_set_to_another_language_and_back(recognizer):
    recognizer.adjust(language="en-GB", word_times=True)
    recognizer.adjust(language="en", word_times=False)
    assert words(recognizer.recognize(demo("yes.wav")).text) == ["yes"]


@pytest.mark.weights
def test_no_utterance_depends_on_the_one_before(recognizer):
    alone = recognizer.recognize(demo("pick_red_cube.wav")).text
    recognizer.recognize(demo("blue_look_nice.wav"))
    assert recognizer.recognize(demo("pick_red_cube.wav")).text == alone


@pytest.mark.parametrize("content", [None, b"this is no model"])
def test_weights_that_are_missing_or_broken_are_named(tmp_path, content):
    pytest.importorskip("faster_whisper")
    if content is not None:
        (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(VoiceAgentError, match=re.escape(str(tmp_path))) as error:
        WhisperLocal(tmp_path)
    assert error.value.fix


@pytest.mark.weights
@pytest.mark.parametrize(
    ("first", "tokens_per_s", "again", "expected"),
    [
        (("Move the arm up.", -1.6), 1.0, ("the words that were said", -0.3), "the words that were said"),
        (("Move the arm up.", -0.8), 1.0, ("the words that were said", -0.3), "the words that were said"),
        (("Move the arm up.", -1.6), 1.0, ("even less likely", -1.9), "Move the arm up."),
        (("so many words that nobody wonders", -0.8), 0.0, None, "so many words that nobody wonders"),
    ],
)
def test_what_is_doubtful_is_decoded_again_in_another_way(monkeypatch, first, tokens_per_s, again, expected):
    """As for speech that begins in the middle of a word: fourteen seconds of it came out as four words."""
    try:
        recognizer = WhisperLocal(path_of("whisper-tiny.en"))
    except ModelMissingError as error:
        pytest.skip(str(error))
    asked = []

    def decode(heard, language, prompt, seconds, *, with_words, beams=1):
        asked.append((bool(prompt), beams))
        text, log_probability = first if len(asked) == 1 else again
        return Recognition(text, 0.5, language, log_probability)

    monkeypatch.setattr(recognizer, "_decode", decode)
    monkeypatch.setattr(whisper_local, "LEAST_TOKENS_PER_S", tokens_per_s)
    sound = np.random.default_rng(0).normal(0.0, 0.05, 14 * RATE).astype(np.float32)
    assert recognizer.recognize(sound, ["red cube"]).text == expected
    assert asked == [(True, 1), (False, whisper_local.BEAMS)][: 2 if again else 1]
    asked.clear()
    assert recognizer.recognize(sound, is_draft=True).text == first[0]
    assert len(asked) == 1, "a draft waits for nothing"
