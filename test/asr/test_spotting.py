# SPDX-License-Identifier: Apache-2.0
"""The thread that listens for single words, before a scripted spotter; and the real spotters on real sound."""

import threading
import time

import numpy as np
import pytest
from until import until

from voice_agent_ros.asr.spotters import STOP_WORDS, MicroWakeWordSpotter, PocketsphinxSpotter, stop_spotter
from voice_agent_ros.asr.spotting import PRE_ROLL_S, QUEUED_S, SpottingWorker
from voice_agent_ros.errors import ConfigurationError, EngineError, ModelMissingError

CHUNK = 320


class ScriptedSpotter:
    """Finds the word in chunks of ones."""

    def __init__(self) -> None:
        self.heard = 0
        self.resets = 0
        self.gate = threading.Event()
        self.gate.set()

    def hear(self, samples):
        assert self.gate.wait(5.0)
        self.heard += len(samples)
        if samples[0] == 13:
            raise EngineError("It is broken.")
        if samples[0] == 14:
            raise ValueError("of a library")
        return "stop" if samples[0] == 1 else None

    def reset(self):
        self.resets += 1


@pytest.fixture
def world():
    spotter, found, problems = ScriptedSpotter(), [], []
    worker = SpottingWorker(spotter, found.append, problems.append)
    worker.now = 100.0

    def hear(value: int, chunks: int = 1) -> None:
        for _ in range(chunks):
            worker.feed(np.full(CHUNK, value, np.int16), worker.now)
            worker.now += 0.02

    yield spotter, worker, hear, found, problems
    spotter.gate.set()
    worker.close()


def test_a_library_that_breaks_is_told_of_like_an_engine_that_fails(world):
    _, worker, hear, found, problems = world
    worker.arm(True)
    hear(14)
    until(lambda: problems)
    assert "ValueError: of a library" in problems[0]
    hear(1, 500)
    assert not found
    assert worker.behind_s <= QUEUED_S


def test_unarmed_it_costs_nothing_and_armed_it_hears_what_was_just_said(world):
    spotter, worker, hear, found, _ = world
    hear(0, 100)
    hear(1)
    hear(0, 5)
    assert spotter.heard == 0
    worker.arm(True)
    until(lambda: found)
    assert found[0].phrase == "stop"
    assert found[0].at == pytest.approx(worker.now - 0.1)
    until(lambda: spotter.heard == pytest.approx(PRE_ROLL_S * 16000, abs=CHUNK))
    worker.arm(False)
    hear(1)
    time.sleep(0.02)
    assert len(found) == 1


def test_one_word_is_one_detection(world):
    _, worker, hear, found, _ = world
    worker.arm(True)
    hear(1, 3)
    hear(0, 60)
    hear(1)
    until(lambda: len(found) == 2)
    assert found[1].at - found[0].at > 1.0


def test_what_it_is_too_slow_for_is_counted(world):
    spotter, worker, hear, _, _ = world
    spotter.gate.clear()
    worker.arm(True)
    hear(0, round(QUEUED_S / 0.02) + 12)
    assert 10 <= worker.lost <= 12


def test_who_waits_while_it_is_behind_loses_nothing(world):
    spotter, worker, hear, _, _ = world
    spotter.gate.clear()
    worker.arm(True)
    hear(0, 51)  # the first one is being heard
    until(lambda: worker.behind_s == pytest.approx(1.0))
    spotter.gate.set()
    for _ in range(round(2 * QUEUED_S / 0.02)):
        until(lambda: worker.behind_s < QUEUED_S / 2)
        hear(0)
    until(lambda: worker.behind_s == 0.0)
    assert worker.lost == 0


def test_a_spotter_that_breaks_is_told_of(world):
    _, worker, hear, _, problems = world
    worker.arm(True)
    hear(13)
    until(lambda: problems)
    assert problems == ["It is broken."]


def test_no_spotter_for_a_language_without_words():
    assert stop_spotter("off", "", "en", 1.0) is None
    pytest.importorskip("pocketsphinx")
    assert stop_spotter("pocketsphinx", "", "fi", 1.0) is None
    assert isinstance(stop_spotter("pocketsphinx", "", "en-GB", 1.0), PocketsphinxSpotter)


def test_sounds_that_there_are_not_are_named():
    pytest.importorskip("pocketsphinx")
    from voice_agent_ros.asr.spotters import Keyphrase

    with pytest.raises(ConfigurationError, match="sounds"):
        PocketsphinxSpotter([Keyphrase("x", "QQ ZZZ", 1e-10)])


def spoken(text: str) -> np.ndarray:
    pytest.importorskip("hibari")
    import soxr

    from voice_agent_ros.tts.synthesizers.hibari import HibariSynthesizer

    voice = HibariSynthesizer()
    samples = np.concatenate(list(voice.synthesize(text))) / 32768.0
    samples = soxr.resample(samples, voice.sample_rate, 16000) * 32767
    quiet = np.random.default_rng(0).normal(0, 5, 8000)
    return np.concatenate([quiet, samples, quiet]).astype(np.int16)


def spot(spotter, audio) -> list[tuple[float, str]]:
    found = []
    for offset in range(0, len(audio) - CHUNK, CHUNK):
        phrase = spotter.hear(audio[offset : offset + CHUNK])
        if phrase is not None:
            found.append((offset / 16000, phrase))
    return found


def test_pocketsphinx_hears_stop_and_not_a_command():
    pytest.importorskip("pocketsphinx")
    spotter = PocketsphinxSpotter(STOP_WORDS["en"])
    said = spoken("Please stop.")
    found = spot(spotter, said)
    assert found
    assert found[0][1] == "stop"
    ended = np.flatnonzero(np.abs(said) > 500)[-1] / 16000
    assert found[0][0] < ended + 0.3
    assert not spot(spotter, spoken("Move the arm up by ten centimeters."))


def test_a_wake_word_model_hears_its_word():
    pytest.importorskip("pymicro_wakeword")
    spotter = MicroWakeWordSpotter("hey_jarvis")
    assert not spot(spotter, spoken("Good morning everybody, how are you?"))
    with pytest.raises(ModelMissingError, match=r"hey_jarvis.*okay_nabu|okay_nabu.*hey_jarvis"):
        MicroWakeWordSpotter("/nowhere/stop.json")
