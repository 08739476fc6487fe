# SPDX-License-Identifier: Apache-2.0
"""When words sound: by the durations of their phonemes, which the engines' models predict."""

import itertools

import numpy as np
import pytest

from voice_agent_ros.models.catalogue import models_directory
from voice_agent_ros.tts.engines import load_synthesizer
from voice_agent_ros.tts.synthesizer import Word, moved, speech_of
from voice_agent_ros.tts.synthesizers.phonemes import (
    DURATION_SAMPLES,
    EARLY_SAMPLES,
    MAX_PHONEMES,
    Sounds,
    ids_of,
    in_parts,
    words_in,
)
from voice_agent_ros.tts.voices import VoiceChain

VOCABULARY = {mark: number for number, mark in enumerate("abcdˈ ,.", 1)}


def test_a_pause_at_a_mark_belongs_to_no_word():
    part = [Sounds("Ab", "aˈb "), Sounds("c", "c"), Sounds(",", ", "), Sounds("d", "d")]
    ids = ids_of(part, VOCABULARY)
    assert len(ids) == 10
    durations = np.array([4, 1, 1, 2, 1, 3, 5, 2, 2, 1], np.float32)
    u = DURATION_SAMPLES
    assert words_in(part, VOCABULARY, durations) == (
        Word("Ab", 4 * u - EARLY_SAMPLES, 17 * u // 2 - EARLY_SAMPLES),
        Word("c", 17 * u // 2 - EARLY_SAMPLES, 12 * u - EARLY_SAMPLES),
        Word("d", 19 * u - EARLY_SAMPLES, 21 * u - EARLY_SAMPLES),
    )


def test_what_the_model_does_not_know_takes_no_time():
    part = [Sounds(" ", " "), Sounds("a", "aX"), Sounds("?", "Y"), Sounds("b", "b")]
    durations = np.ones(len(ids_of(part, VOCABULARY)), np.float32)
    first, second = words_in(part, VOCABULARY, durations)
    assert (first.text, first.end - first.start) == ("a", DURATION_SAMPLES)
    assert (second.text, second.start) == ("b", first.end)


def test_parts_fit_and_end_at_marks_if_they_can():
    sounds = [Sounds("word", "abcd ") for _ in range(70)] + [Sounds(",", ", ")]
    parts = list(in_parts([*sounds, *sounds, Sounds("long", "a" * 1000), *sounds]))
    assert all(sum(len(one.phonemes) for one in part) <= MAX_PHONEMES for part in parts)
    assert parts[0] == sounds
    assert sum(map(len, parts)) >= 3 * len(sounds) + 3


@pytest.fixture(scope="module")
def hibari():
    pytest.importorskip("hibari")
    engine = load_synthesizer("hibari")
    yield engine
    engine.close()


def test_the_audio_is_hibaris_own(hibari):
    from hibari import Hibari

    text = "Dr. Smith paid $29.99 on 3 May, didn't he? I will lift it by 3.5 cm."
    whole = np.concatenate(list(Hibari().stream(text, seed=0)))
    ours = np.concatenate(list(hibari.synthesize(text)))
    assert np.array_equal(ours, np.rint(np.clip(whole, -1.0, 1.0) * 32767.0).astype(np.int16))


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.6])
def test_words_lie_where_the_sound_is(hibari, speed):
    blocks = list(speech_of(hibari, "Wait. Now I take the cube.", speed=speed))
    words = [word for block in blocks for word in block.words]
    assert [word.text for word in words] == ["Wait", "Now", "I", "take", "the", "cube"]
    audio = np.abs(np.concatenate([block.samples for block in blocks]).astype(float))
    for before, word in itertools.pairwise(words):
        assert before.start < before.end <= word.start < word.end <= len(audio)
    silence = audio[words[0].end : words[1].start]
    assert np.mean(silence) < 0.2 * np.mean(audio[words[1].start : words[1].end])


def test_another_rate_moves_them(hibari):
    class Slow:
        name, sample_rate, languages, voices = "slow", 8000, ("zh",), ("one",)

    chain = VoiceChain([Slow(), hibari])
    text = "I take the cube."
    plain = [word for block in speech_of(hibari, text) for word in block.words]
    assert [word for block in speech_of(chain, text) for word in block.words] == list(moved(plain, 0, 1 / 3))


def test_mandarin_phonemes_are_misakis():
    pytest.importorskip("misaki")
    from misaki.zh import ZHG2P

    from voice_agent_ros.tts.synthesizers.kokoro_phonemes import KokoroPhonemes

    phonemes = KokoroPhonemes(("zh",))
    for text in ("我现在去拿红色的方块，三点五厘米。", "好的！你觉得“这个”怎么样？", "，那我们走吧；行不行"):
        ours = [one for part in phonemes.of(text, "zh") for one in part]
        assert "".join(one.phonemes for one in ours).strip() == str(ZHG2P()(text)[0]).strip()
        assert [one.text for one in ours if one.text.isalpha()] == [c for c in text if c.isalpha()]


def test_kokoro_tells_its_words_too():
    pytest.importorskip("misaki")
    if not list((models_directory() / "kokoro-82m").rglob("zf_*.bin")):
        pytest.skip("its weights and voices are not on this computer")
    kokoro = load_synthesizer("kokoro")
    words = [word for block in speech_of(kokoro, "好的，走吧。") for word in block.words]
    assert [word.text for word in words] == ["好", "的", "走", "吧"]
    assert words[2].start - words[1].end > 1000
    kokoro.close()
