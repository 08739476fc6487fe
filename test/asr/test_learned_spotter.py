# SPDX-License-Identifier: Apache-2.0
"""The trained spotter on recordings of voices that it was not trained with, and the vote of two spotters."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import yaml

from voice_agent_ros.asr import spotters
from voice_agent_ros.asr.learned_spotter import WEIGHTS, LearnedSpotter, SpeechEmbeddings, StopWords
from voice_agent_ros.asr.spotters import (
    PocketsphinxSpotter,
    VoicedSpotter,
    VotingSpotter,
    hisses,
    stop_spotter,
)
from voice_agent_ros.asr.vad import SileroDetector
from voice_agent_ros.audio.wav_source import load
from voice_agent_ros.errors import ModelMissingError

DATA = Path(__file__).parents[2] / "benchmarks" / "data" / "stops"
CHUNK = 320


def said(voice: str, text: str) -> np.ndarray:
    entry = yaml.safe_load((DATA / "manifest.yaml").read_text(encoding="utf-8"))[f"{voice}.opus"]
    begin, end = next(one["at"] for one in entry["sentences"] if one["text"] == text)
    sound = load(DATA / f"{voice}.opus", 16000)[round(begin * 16000) : round(end * 16000)]
    return np.concatenate([np.zeros(16000, np.int16), sound, np.zeros(8000, np.int16)])


def spot(spotter, sound: np.ndarray) -> list[float]:
    return [
        (offset + CHUNK) / 16000
        for offset in range(0, len(sound) - CHUNK + 1, CHUNK)
        if spotter.hear(sound[offset : offset + CHUNK]) is not None
    ]


@pytest.fixture(scope="module")
def learned() -> LearnedSpotter:
    pytest.importorskip("pyopen_wakeword")
    return LearnedSpotter(["en", "zh"])


@pytest.mark.parametrize(
    ("voice", "text"), [("am_fenrir", "Stop!"), ("bf_lily", "Please stop."), ("zf_xiaoyi", "停止!")]
)
def test_it_hears_a_stop_within_300_ms(learned, voice, text):
    learned.reset()
    sound = said(voice, text)
    found = spot(learned, sound)
    assert found
    assert 1.0 < found[0] < len(sound) / 16000 - 0.5 + 0.3


def test_other_words_and_silence_are_none(learned):
    learned.reset()
    assert not spot(learned, said("bm_daniel", "Could you bring me the yellow box from the other table?"))
    assert not spot(learned, np.zeros(32000, np.int16))
    learned.reset()
    assert not spot(learned, np.random.default_rng(0).normal(0, 3000, 32000).astype(np.int16))


def test_after_a_reset_nothing_of_before_is_left(learned):
    learned.reset()
    sound = said("am_fenrir", "Stop!")
    spot(learned, sound[: -round(0.55 * 16000)])
    learned.reset()
    assert not spot(learned, np.zeros(16000, np.int16))


def test_the_size_of_the_chunks_does_not_matter(learned):
    pytest.importorskip("pyopen_wakeword")
    sound = said("am_fenrir", "Stop!")
    streams = []
    for size in (160, 320, 1000):
        source = SpeechEmbeddings()
        streams.append(
            np.stack([e for at in range(0, len(sound), size) for e in source.feed(sound[at : at + size])])
        )
    assert np.allclose(streams[0], streams[1], atol=1e-3)
    assert np.allclose(streams[0], streams[2], atol=1e-3)


def test_a_language_that_is_not_asked_for_is_not_listened_for():
    pytest.importorskip("pyopen_wakeword")
    assert stop_spotter("learned", "", "fi", 1.0) is None
    assert stop_spotter("auto", "", "fi", 1.0) is None
    assert stop_spotter("learned", "", "zh-CN", 1.0) is not None


@pytest.mark.filterwarnings("error")
def test_what_is_like_nothing_known_is_judged_without_a_warning():
    words = StopWords.load()
    for value in (-1e4, 1e4):
        found = words.probabilities([np.full(96, value, np.float32)] * words.context)
        assert np.all((found >= 0) & (found <= 1))


def test_weights_that_are_none_are_told_of(tmp_path):
    with pytest.raises(ModelMissingError, match="cannot be loaded"):
        StopWords.load(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("no weights")
    with pytest.raises(ModelMissingError, match="cannot be loaded"):
        StopWords.load(tmp_path / "text.npz")
    assert WEIGHTS.stat().st_size < 300_000


def missing(*_):
    raise ModelMissingError("Not here.", "Install it.")


class ScriptedLearned:
    """Sure, or thinks it possible, in the chunks that the script says."""

    def __init__(self, sure=(), possible=()) -> None:
        self.sure, self.possible, self.chunk = set(sure), set(possible), -1

    @property
    def is_possible(self) -> bool:
        return self.chunk in self.possible

    def hear(self, samples):
        self.chunk += 1
        return "stop" if self.chunk in self.sure else None

    def reset(self) -> None:
        pass


@pytest.mark.parametrize(
    ("sure", "possible", "other", "found"),
    [
        ([5], [], [], [5]),
        ([], [5], [], []),
        ([], [], [5], []),
        ([], [7], [5], [7]),  # one a little after the other
        ([], range(5, 12), [9], [9]),
        ([], [60], [5], []),  # too late to be the same word
    ],
)
def test_a_stop_is_one_that_one_is_sure_of_or_both_find_possible(sure, possible, other, found):
    voting = VotingSpotter(ScriptedLearned(sure, possible), ScriptedLearned(other))
    heard = [at for at in range(80) if voting.hear(np.zeros(CHUNK, np.int16)) is not None]
    assert heard == found


class ScriptedDetector:
    """A voice is what is loud."""

    def probability(self, frame):
        return float(np.abs(frame).max() > 0.01)

    def reset(self) -> None:
        pass


def test_where_nobody_speaks_nobody_says_stop():
    spotter = VoicedSpotter(ScriptedLearned(sure=[5, 100, 135]), ScriptedDetector())
    sound = np.zeros(200 * CHUNK, np.int16)
    sound[80 * CHUNK : 85 * CHUNK] = np.random.default_rng(0).normal(0, 1000, 5 * CHUNK)
    assert spot(spotter, sound) == [pytest.approx(101 * 0.02), pytest.approx(136 * 0.02)]
    spotter.reset()
    spotter._spotter.chunk = 139
    assert spotter.hear(np.zeros(CHUNK, np.int16)) is None


@pytest.mark.parametrize("sizes", [(320,), (37,), (30000,), (19200,), (19199, 2, 40000), (500, 320, 7)])
def test_what_is_judged_is_the_last_moments_however_they_came(monkeypatch, sizes):
    judged = []
    monkeypatch.setattr(spotters, "hisses", lambda recent: bool(judged.append(recent)))
    sound = np.random.default_rng(0).integers(-9000, 9000, 48000).astype(np.int16)
    lengths, at = itertools.cycle(sizes), 0
    spotter = VoicedSpotter(ScriptedLearned(sure=range(0, 100000, 7)), ScriptedDetector())
    while at < len(sound):
        chunk = sound[at : at + next(lengths)]
        at += len(chunk)
        spotter.hear(chunk)
        if judged:
            assert np.array_equal(judged.pop(), sound[max(0, at - spotters.VOICE_SAMPLES) : at])
    spotter.reset()
    assert spotter._held == len(spotter._chunks) == 0


def test_a_motor_that_whines_like_a_vowel_does_not_hiss():
    at = np.arange(20 * 16000) / 16000
    pitch = 200 * (1.5 + np.sin(2 * np.pi * 0.4 * at))
    whine = sum(np.sin(n * 2 * np.pi * np.cumsum(pitch) / 16000) / n for n in range(1, 7))
    motor = whine * (np.sin(np.pi * at) > 0) + 0.05 * np.random.default_rng(0).standard_normal(len(at))
    motor = np.rint(4000 * motor).astype(np.int16)
    judged = [hisses(motor[begin : begin + 19200]) for begin in range(0, len(motor) - 19200, 3200)]
    assert np.mean(judged) < 0.5
    word = said("bf_lily", "Please stop.")[:-8000]
    noise = np.random.default_rng(1).normal(0, 300, 19200)
    assert hisses(np.rint(word[-19200:] + noise).astype(np.int16))


def test_knocks_are_no_voice():
    pytest.importorskip("faster_whisper")
    dice = np.random.default_rng(0)
    knocks = np.zeros(32000)
    for at in range(1000, 28000, 5000):
        knocks[at : at + 4000] += 8000 * dice.standard_normal(4000) * np.exp(-np.arange(4000) / 400)
    spotter = VoicedSpotter(ScriptedLearned(sure=range(1000)), SileroDetector())
    assert not spot(spotter, np.rint(np.clip(knocks, -32768, 32767)).astype(np.int16))
    spotter.reset()
    assert spot(spotter, said("bf_lily", "Please stop."))


def test_with_one_of_them_missing_the_other_listens_alone(monkeypatch):
    pytest.importorskip("pyopen_wakeword")
    pytest.importorskip("pocketsphinx")
    monkeypatch.setattr(spotters, "SileroDetector", missing)
    assert isinstance(stop_spotter("auto", "", "en", 1.0), VotingSpotter)
    monkeypatch.setattr(
        spotters, "LearnedSpotter", type("No", (), {"NAMES": {"en": "stop"}, "__new__": missing})
    )
    assert isinstance(stop_spotter("auto", "", "en", 1.0), PocketsphinxSpotter)
    monkeypatch.undo()
    monkeypatch.setattr(spotters, "SileroDetector", missing)
    monkeypatch.setattr(spotters, "PocketsphinxSpotter", missing)
    assert isinstance(stop_spotter("auto", "", "en", 1.0), LearnedSpotter)


def test_no_hiss_is_asked_for_where_noise_would_drown_it():
    at = np.arange(19200) / 16000
    swell = np.clip(np.sin(np.pi * at / 1.2), 0.0, 1.0) ** 4
    vowel = 3000 * swell * sum(np.sin(2 * np.pi * 200 * n * at) / n for n in range(1, 7))
    noise = np.random.default_rng(4).standard_normal(len(at))
    assert not hisses(np.rint(vowel + 30 * noise).astype(np.int16))
    assert hisses(np.rint(vowel + 1500 * noise).astype(np.int16))
