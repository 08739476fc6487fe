# SPDX-License-Identifier: Apache-2.0
"""The trained spotter on recordings of voices that it was not trained with, and the vote of two spotters."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from voice_agent_ros.asr import spotters
from voice_agent_ros.asr.learned_spotter import WEIGHTS, LearnedSpotter, SpeechEmbeddings, StopWords
from voice_agent_ros.asr.spotters import PocketsphinxSpotter, VotingSpotter, stop_spotter
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
    assert isinstance(stop_spotter("learned", "", "zh-CN", 1.0), LearnedSpotter)


def test_weights_that_are_none_are_told_of(tmp_path):
    with pytest.raises(ModelMissingError, match="cannot be loaded"):
        StopWords.load(tmp_path / "missing.npz")
    (tmp_path / "text.npz").write_text("no weights")
    with pytest.raises(ModelMissingError, match="cannot be loaded"):
        StopWords.load(tmp_path / "text.npz")
    assert WEIGHTS.stat().st_size < 200_000


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


def test_with_one_of_them_missing_the_other_listens_alone(monkeypatch):
    pytest.importorskip("pyopen_wakeword")
    pytest.importorskip("pocketsphinx")
    assert isinstance(stop_spotter("auto", "", "en", 1.0), VotingSpotter)

    def missing(*_):
        raise ModelMissingError("Not here.", "Install it.")

    monkeypatch.setattr(
        spotters, "LearnedSpotter", type("No", (), {"NAMES": {"en": "stop"}, "__new__": missing})
    )
    assert isinstance(stop_spotter("auto", "", "en", 1.0), PocketsphinxSpotter)
    monkeypatch.undo()
    monkeypatch.setattr(spotters, "PocketsphinxSpotter", missing)
    assert isinstance(stop_spotter("auto", "", "en", 1.0), LearnedSpotter)
