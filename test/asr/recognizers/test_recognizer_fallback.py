# SPDX-License-Identifier: Apache-2.0
"""An utterance that one recognizer fails at is not lost."""

import numpy as np
import pytest

from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.recognizers.engines import RecognizerOptions, load_recognizer
from voice_agent_ros.asr.recognizers.fallback import Absent, FallbackRecognizer
from voice_agent_ros.errors import ConfigurationError, EngineError, ModelMissingError

SOUND = np.zeros(16000, np.float32)


class FakeEngine:
    def __init__(self, name, knows=("en", "zh", "auto")):
        self.name, self.is_broken, self.asked, self.is_closed, self._knows = name, False, [], False, knows
        self.error = EngineError

    def recognize(self, audio, hints=(), *, is_draft=False):
        self.asked.append((len(audio), tuple(hints), is_draft))
        if self.is_broken:
            raise self.error(f"{self.name} is down.")
        return Recognition(self.name, 0.9, "en", engine=self.name)

    def adjust(self, *, language, word_times):
        if language not in self._knows:
            raise ModelMissingError(f"{self.name} does not know {language}.")

    def close(self):
        self.is_closed = True


@pytest.fixture
def chain():
    all_engines = [FakeEngine("first"), FakeEngine("second"), FakeEngine("third")]
    now = [100.0]
    changes = []
    recognizer = FallbackRecognizer(
        [(engine.name, engine) for engine in all_engines],
        retry_after_s=10.0,
        clock=lambda: now[0],
        on_change=lambda name, why: changes.append((name, why)),
    )
    return recognizer, all_engines, now, changes


def test_the_first_is_asked_as_long_as_it_works(chain):
    recognizer, (first, second, _), _, changes = chain
    assert recognizer.recognize(SOUND, ["cube"]).text == "first"
    assert (len(first.asked), len(second.asked), changes) == (1, 0, [])


def test_the_same_utterance_goes_to_the_next(chain):
    recognizer, (first, second, _), _, changes = chain
    first.is_broken = True
    assert recognizer.recognize(SOUND, ["cube"]).text == "second"
    assert first.asked == second.asked == [(len(SOUND), ("cube",), False)]
    assert changes == [("second", "first: first is down.")]
    assert recognizer.active == "second"


def test_so_it_does_when_an_engine_breaks_in_its_own_way(chain):
    recognizer, (first, _, _), _, changes = chain
    first.is_broken, first.error = True, ValueError
    assert recognizer.recognize(SOUND).text == "second"
    assert changes == [("second", "first: ValueError: first is down.")]


def test_one_that_failed_rests_and_is_tried_again(chain):
    recognizer, (first, second, _), now, changes = chain
    first.is_broken = True
    recognizer.recognize(SOUND)
    now[0] += 9.0
    recognizer.recognize(SOUND)
    assert len(first.asked) == 1
    first.is_broken = False
    now[0] += 2.0
    assert recognizer.recognize(SOUND).text == "first"
    assert len(second.asked) == 2
    assert [name for name, _ in changes] == ["second", "first"]


def test_when_all_rest_they_are_asked_all_the_same(chain):
    recognizer, all_engines, _, _ = chain
    for engine in all_engines:
        engine.is_broken = True
    with pytest.raises(EngineError, match=r"first is down.*second is down.*third is down"):
        recognizer.recognize(SOUND)
    all_engines[2].is_broken = False
    assert recognizer.recognize(SOUND).text == "third"


def test_a_draft_does_not_wake_one_that_rests(chain):
    recognizer, (first, _, _), _, _ = chain
    first.is_broken = True
    recognizer.recognize(SOUND, is_draft=True)
    recognizer.recognize(SOUND, is_draft=True)
    assert len(first.asked) == 1


def test_a_language_that_only_one_knows_goes_to_that_one():
    english, both = FakeEngine("english", ("en",)), FakeEngine("both")
    recognizer = FallbackRecognizer([("english", english), ("both", both)])
    recognizer.adjust(language="zh", word_times=False)
    assert recognizer.recognize(SOUND).text == "both"
    with pytest.raises(ModelMissingError, match="english does not know"):
        recognizer.adjust(language="fr", word_times=False)


def test_who_recognized_says_in_whose_place(chain):
    recognizer, (first, second, _), now, _ = chain
    assert recognizer.recognize(SOUND).engine == "first"
    first.is_broken = second.is_broken = True
    told = "third instead of first (first is down.), second (second is down.)"
    assert recognizer.recognize(SOUND).engine == told
    assert recognizer.recognize(SOUND).engine == told, "also while they rest"
    now[0] += 11.0
    first.is_broken = False
    assert recognizer.recognize(SOUND).engine == "first"


def test_one_that_could_not_be_loaded_is_named_by_who_takes_its_place():
    present = FakeEngine("present")
    recognizer = FallbackRecognizer(
        [("absent", Absent(ModelMissingError("no weights", "Fetch them."))), ("present", present)]
    )
    recognizer.adjust(language="en", word_times=False)
    assert recognizer.recognize(SOUND).engine == "present instead of absent (no weights Fetch them.)"


def test_closing_closes_all(chain):
    recognizer, all_engines, _, _ = chain
    recognizer.close()
    assert all(engine.is_closed for engine in all_engines)


def test_a_chain_starts_without_the_one_that_cannot_be_loaded(tmp_path):
    said = []
    options = RecognizerOptions(name="sherpa_onnx", sherpa_path=str(tmp_path), fallback=("openai_api",))
    recognizer = load_recognizer(options, said.append)
    assert "sherpa_onnx" in said[0]
    with pytest.raises(EngineError, match="openai_api"):
        recognizer.recognize(SOUND)
    recognizer.close()


def test_a_chain_of_which_nothing_can_be_loaded_says_why(tmp_path):
    with pytest.raises(ModelMissingError, match=r"tokens\.txt"):
        load_recognizer(RecognizerOptions(name="sherpa_onnx", sherpa_path=str(tmp_path)))


def test_a_name_that_nobody_has_is_an_error():
    with pytest.raises(ConfigurationError, match="whisper_local, openai_api, whisper_cpp, sherpa_onnx"):
        load_recognizer(RecognizerOptions(fallback=("wishper",)))
