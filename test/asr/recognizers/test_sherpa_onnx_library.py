# SPDX-License-Identifier: Apache-2.0
"""The real sherpa-onnx with weights that mean nothing: whether it is called rightly. Needs sherpa-onnx and onnx."""

import numpy as np
import pytest

pytest.importorskip("sherpa_onnx")
pytest.importorskip("onnx")

import itertools

import random_sense_voice
from random_transducer import write

from voice_agent_ros.asr.recognizers.sherpa_onnx import SherpaOnnx
from voice_agent_ros.errors import ModelMissingError
from voice_agent_ros.intent.wordings import script_of

RATE = 16000
NOISE = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory):
    one = SherpaOnnx(write(tmp_path_factory.mktemp("weights") / "transducer"), "en")
    yield one
    one.close()


def test_drafts_grow_and_end_in_what_the_whole_gives(recognizer):
    alone = recognizer.recognize(NOISE)
    drafts = [recognizer.recognize(NOISE[:end], is_draft=True).text for end in (8000, 16000, 24000, 32000)]
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(drafts))
    final = recognizer.recognize(NOISE)
    assert (final.text, final.confidence, final.words) == (alone.text, alone.confidence, alone.words)
    assert final.text.startswith(drafts[-1])
    assert 0.0 < final.confidence < 1.0
    assert final.words[0].start < final.words[-1].end <= 2.7


def test_weights_that_are_broken_are_named(tmp_path):
    path = write(tmp_path / "transducer")
    (path / "joiner.onnx").write_bytes(b"rubbish")
    with pytest.raises(ModelMissingError, match="cannot be loaded"):
        SherpaOnnx(path)


@pytest.mark.parametrize("language", ["zh", "en", "auto"])
def test_a_sense_voice_runs_and_gives_words_with_times(tmp_path, language):
    path = random_sense_voice.write(tmp_path / "sherpa-onnx-sense-voice")
    one = SherpaOnnx(path, language)
    heard = one.recognize(NOISE)
    assert heard.text
    assert not set(heard.text) & set("<|>_▁")
    assert all(0.0 <= word.start <= word.end <= 2.2 for word in heard.words)
    assert "".join(word.text for word in heard.words).replace(" ", "") == heard.text.replace(" ", "")
    assert heard.confidence == 0.45
    assert heard.language == (language if language != "auto" else script_of(heard.text))
    one.adjust(language="zh" if language == "auto" else language, word_times=True)
    assert one.recognize(NOISE, is_draft=True).text == one.recognize(NOISE).text == heard.text
    assert one.recognize(np.zeros(1700, np.float32)).language in ("zh", "en")
    one.close()


def test_a_sense_voice_does_not_call_what_it_hears_what_it_was_asked_for(tmp_path):
    path = random_sense_voice.write(tmp_path / "sherpa-onnx-sense-voice")
    bound = SherpaOnnx(path, "zh")
    bound.adjust(language="auto", word_times=False)
    assert bound.recognize(NOISE).language == "zh"
    with pytest.raises(ModelMissingError, match="loaded for 'zh'"):
        bound.adjust(language="en", word_times=False)
    assert bound.recognize(NOISE).language == "zh"
    free = SherpaOnnx(path, "auto")
    free.adjust(language="en", word_times=False)
    heard = free.recognize(NOISE)
    assert heard.language == script_of(heard.text) == "zh"
