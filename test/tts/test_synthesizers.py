# SPDX-License-Identifier: Apache-2.0
"""Every synthesizer passes this suite; a new engine is one more line in ENGINES."""

import shutil
import wave

import numpy as np
import pytest
from speech_peers import ready

from voice_agent_ros.errors import ConfigurationError, EngineError
from voice_agent_ros.models.catalogue import models_directory
from voice_agent_ros.tts.engines import NAMES, load_synthesizer
from voice_agent_ros.tts.say_to_file import say_to_file
from voice_agent_ros.tts.synthesizer import can_voice, speaker_of, speech_of
from voice_agent_ros.tts.synthesizers.kokoro import CATALOGUE_NAME, FIRST_VOICES

# Name, the module without which it cannot run, a sentence in each of its languages.
SENTENCE = {"en": "I will pick up the red cube now."}
BOTH = {**SENTENCE, "zh": "我现在去拿红色的方块。"}
ENGINES = [
    ("hibari", "hibari", SENTENCE),
    ("kokoro", "misaki", BOTH),
    ("openai", "hibari", SENTENCE),
    ("piper", "hibari", SENTENCE),
    ("espeak-ng", "", SENTENCE),
]

HOSTILE = {
    "empty": "",
    "spaces": " \n\t ",
    "emoji": "😀🎉",
    "quotes": "\"it's\" `so` 'said'",
    "shell": "$(touch /tmp/owned); reboot && x | y > z",
    "markup": "<speak><break time='9s'/>hi</speak>",
    "controls": "\x00\x07\x1b[31m",
    "digits": "123456789012345",
    "punctuation": "?!.,;:-–—…",
    "other script": "请 Привет नमस्ते",
    "long word": "a" * 240,
    "long": "word " * 400,
    "surrogate": "\ud800",
}


@pytest.fixture(scope="module", params=ENGINES, ids=lambda engine: engine[0])
def engine(request, tmp_path_factory):
    name, module, sentences = request.param
    if module:
        pytest.importorskip(module)
        if name == "kokoro" and not list((models_directory() / CATALOGUE_NAME).rglob("zf_*.bin")):
            pytest.skip("its weights and voices are not on this computer")
    elif shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    with ready(name, tmp_path_factory.mktemp("engine")) as loaded:
        yield loaded, sentences
        loaded.close()


def audio(synthesizer, text, **options) -> np.ndarray:
    blocks = list(synthesizer.synthesize(text, **options))
    return np.concatenate(blocks) if blocks else np.zeros(0, np.int16)


def test_every_engine_is_in_the_suite():
    assert {name for name, _, _ in ENGINES} == set(NAMES)


def test_its_description_is_complete(engine):
    synthesizer, sentences = engine
    assert synthesizer.name in NAMES
    assert 8000 <= synthesizer.sample_rate <= 48000
    assert set(sentences) == set(synthesizer.languages)
    assert synthesizer.voices


def test_a_sentence_becomes_audible_speech_of_plausible_length(engine):
    synthesizer, sentences = engine
    for sentence in sentences.values():
        speech = audio(synthesizer, sentence)
        assert speech.dtype == np.int16
        assert speech.ndim == 1
        assert 1.0 < len(speech) / synthesizer.sample_rate < 5.0
        assert 0.02 < np.sqrt(np.mean((speech / 32768.0) ** 2)) < 0.4
        assert np.mean(np.abs(speech) >= 32767) < 0.001, "clipped"


def test_the_same_text_gives_the_same_audio(engine):
    synthesizer, sentences = engine
    sentence = next(iter(sentences.values()))
    assert np.array_equal(audio(synthesizer, sentence), audio(synthesizer, sentence))


def test_speed_changes_the_duration(engine):
    synthesizer, sentences = engine
    sentence = next(iter(sentences.values()))
    slow, fast = (len(audio(synthesizer, sentence, speed=speed)) for speed in (0.7, 1.5))
    assert slow > 1.5 * fast


def test_its_voices_can_be_asked_for_and_others_not(engine):
    synthesizer, sentences = engine
    sentence = next(iter(sentences.values()))
    assert len(audio(synthesizer, sentence, voice=synthesizer.voices[0]))
    with pytest.raises(EngineError, match="nobody"):
        audio(synthesizer, sentence, voice="nobody")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_is_only_a_text(engine, text):
    synthesizer, _ = engine
    if synthesizer.name == "kokoro":
        text = text[:240]  # slow
    try:
        speech = audio(synthesizer, text)
    except EngineError:
        return  # refusing is allowed, crashing is not
    assert speech.dtype == np.int16
    assert len(speech) / synthesizer.sample_rate < 1.0 * max(len(text), 10)


def test_it_can_be_left_in_the_middle_and_used_again(engine):
    synthesizer, sentences = engine
    sentence = next(iter(sentences.values()))
    whole = audio(synthesizer, sentence)
    blocks = synthesizer.synthesize(sentence)
    next(blocks)
    blocks.close()
    assert np.array_equal(audio(synthesizer, sentence), whole)


def test_who_speaks_is_told_with_the_voice_of_that_language(engine):
    synthesizer, sentences = engine
    for language, text in sentences.items():
        told = {block.by for block in speech_of(synthesizer, text)}
        if synthesizer.name == "kokoro":
            assert told == {f"kokoro {FIRST_VOICES[language]}"}
        else:
            assert told == {speaker_of(synthesizer)}


def test_languages_are_compared_by_their_primary_subtag(engine):
    synthesizer, _ = engine
    assert can_voice(synthesizer, synthesizer.languages[0])
    assert can_voice(synthesizer, f"{synthesizer.languages[0].upper()}-XX")
    assert not can_voice(synthesizer, "tlh")
    assert not can_voice(synthesizer, "")


def test_speech_in_a_file(engine, tmp_path):
    synthesizer, sentences = engine
    path = tmp_path / "speech.wav"
    duration_s = say_to_file(" ".join(sentences.values()) * 2, path, synthesizer=synthesizer)
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() == synthesizer.sample_rate
        assert file.getnframes() == round(duration_s * synthesizer.sample_rate)


@pytest.mark.parametrize("text", ["", "😀", "..."])
def test_text_without_words_gives_no_file(engine, tmp_path, text):
    with pytest.raises(EngineError, match="nothing to speak"):
        say_to_file(text, tmp_path / "speech.wav", synthesizer=engine[0])
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_no_half_file(engine, tmp_path):
    class FailingSynthesizer:
        name, sample_rate, languages, voices = "failing", 24000, ("en",), ("none",)

        def synthesize(self, text, *, voice="", speed=1.0):
            yield np.zeros(100, np.int16)
            raise EngineError("out of breath")

        def close(self):
            pass

    with pytest.raises(EngineError, match="out of breath"):
        say_to_file("Hello.", tmp_path / "speech.wav", synthesizer=FailingSynthesizer())
    assert not list(tmp_path.iterdir())


def test_unknown_engines_are_named():
    with pytest.raises(ConfigurationError, match="hibari"):
        load_synthesizer("gramophone")


@pytest.mark.parametrize(("voice", "fix"), [("emma", "hibari --voice emma"), ("nobody", "heart")])
def test_a_voice_that_is_not_there_is_not_downloaded(monkeypatch, tmp_path, voice, fix):
    pytest.importorskip("hibari")
    monkeypatch.setenv("HIBARI_HOME", str(tmp_path))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_: pytest.fail("went to the network"))
    with pytest.raises(EngineError, match=fix):
        load_synthesizer("hibari", voice)


@pytest.mark.parametrize("have", [(), ("model.onnx",), ("af_heart.bin",), ("model.onnx", "af_heart.bin")])
def test_kokoro_without_usable_weights_says_how_to_get_them(tmp_path, have):
    for name in have:
        (tmp_path / name).write_bytes(b"\0" * (1024 if name.endswith("bin") else 7))
    with pytest.raises(EngineError, match=r"docs/voices\.md|models fetch"):
        load_synthesizer("kokoro", kokoro_path=str(tmp_path))
