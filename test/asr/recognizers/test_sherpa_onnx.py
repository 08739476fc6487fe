# SPDX-License-Identifier: Apache-2.0
"""sherpa-onnx's weights told by their files, and its results; with a stand-in for the library."""

import re
import sys
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from voice_agent_ros.asr.recognizers.sherpa_onnx import SherpaOnnx, Weights
from voice_agent_ros.errors import EngineError, ModelMissingError

RATE = 16000


class FakeStream:
    def __init__(self, hotwords=None):
        self.hotwords, self.fed, self.is_over, self.steps = hotwords, 0, False, 0
        self.result = SimpleNamespace(
            text="打开夹爪", tokens=["打", "开", "夹", "爪"], timestamps=[0.1, 0.3, 0.5, 0.7]
        )

    def accept_waveform(self, rate, audio):
        assert rate == RATE
        self.fed += len(audio)

    def input_finished(self):
        self.is_over = True


class FakeRecognizer:
    """One step for each tenth of a second that was fed."""

    streams: ClassVar[list] = []
    made: ClassVar[list] = []

    @classmethod
    def make(cls, kind):
        def factory(**options):
            cls.made.append((kind, options))
            return cls()

        return factory

    def create_stream(self, hotwords=None):
        FakeRecognizer.streams.append(FakeStream(hotwords))
        return FakeRecognizer.streams[-1]

    def is_ready(self, stream):
        return stream.steps < stream.fed // 1600

    def decode_stream(self, stream):
        stream.steps += 1

    def get_result_all(self, stream):
        return SimpleNamespace(
            text=" OPEN THE GRIPPER",
            tokens=["▁OPEN", "▁THE", "▁GRIP", "PER"],
            timestamps=[0.1, 0.4, 0.6, 0.8],
            ys_probs=[-0.01, -0.02, -0.1, -0.05],
        )


@pytest.fixture(autouse=True)
def library(monkeypatch):
    FakeRecognizer.streams, FakeRecognizer.made = [], []
    online = SimpleNamespace(
        from_transducer=FakeRecognizer.make("transducer"), from_paraformer=FakeRecognizer.make("paraformer")
    )
    offline = SimpleNamespace(
        from_sense_voice=FakeRecognizer.make("sense_voice"), from_paraformer=FakeRecognizer.make("offline")
    )
    fake = SimpleNamespace(OnlineRecognizer=online, OfflineRecognizer=offline)
    monkeypatch.setitem(sys.modules, "sherpa_onnx", fake)


def weights(tmp_path, *names, folder="sherpa-onnx-streaming-zipformer-bilingual-zh-en"):
    path = tmp_path / folder
    path.mkdir()
    for name in names:
        (path / name).write_bytes(b"x")
    return path


TRANSDUCER = (
    "tokens.txt",
    "encoder-epoch-99.onnx",
    "encoder-epoch-99.int8.onnx",
    "decoder.onnx",
    "joiner.int8.onnx",
)


@pytest.mark.parametrize(
    ("names", "folder", "kind"),
    [
        (TRANSDUCER, "zipformer", "transducer"),
        (("tokens.txt", "encoder.int8.onnx", "decoder.int8.onnx"), "streaming-paraformer", "paraformer"),
        (("tokens.txt", "model.int8.onnx"), "sherpa-onnx-sense-voice-zh-en-ja-ko-yue", "sense_voice"),
        (("tokens.txt", "model.onnx"), "sherpa-onnx-paraformer-zh", "offline_paraformer"),
    ],
)
def test_weights_are_told_by_their_files(tmp_path, names, folder, kind):
    found = Weights.in_directory(weights(tmp_path, *names, folder=folder))
    assert found.kind == kind
    assert SherpaOnnx(tmp_path / folder).recognize(np.zeros(RATE, np.float32)).text


def test_the_quantized_ones_are_taken(tmp_path):
    assert "int8" in Weights.in_directory(weights(tmp_path, *TRANSDUCER)).parts["encoder"]


@pytest.mark.parametrize("names", [(), ("tokens.txt",), ("tokens.txt", "joiner.onnx"), ("model.onnx",)])
def test_weights_that_are_not_whole_are_named(tmp_path, names):
    path = weights(tmp_path, *names)
    with pytest.raises(ModelMissingError, match=re.escape(str(path))) as error:
        SherpaOnnx(path)
    assert "asr-models" in error.value.fix


def test_a_library_that_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(ModelMissingError, match="pip install sherpa-onnx"):
        SherpaOnnx(weights(tmp_path, *TRANSDUCER))


def test_tokens_become_words_with_times_and_a_confidence(tmp_path):
    heard = SherpaOnnx(weights(tmp_path, *TRANSDUCER), "en").recognize(np.ones(RATE, np.float32))
    assert heard.text == "open the gripper"
    assert [word.text for word in heard.words] == ["open", "the", "gripper"]
    assert heard.words[0].start == pytest.approx(0.1)
    assert heard.confidence == pytest.approx(np.exp(-0.18))


def test_the_language_is_told_by_the_words(tmp_path):
    recognizer = SherpaOnnx(weights(tmp_path, "tokens.txt", "model.onnx"), "auto", assumed_confidence=0.4)
    heard = recognizer.recognize(np.ones(RATE, np.float32))
    assert (heard.language, heard.text, heard.confidence) == ("zh", "打开夹爪", 0.4)
    assert [word.text for word in heard.words] == list("打开夹爪")


def test_successive_drafts_are_fed_only_what_is_new(tmp_path):
    recognizer = SherpaOnnx(weights(tmp_path, *TRANSDUCER))
    FakeRecognizer.streams.clear()
    audio = np.random.default_rng(0).normal(0, 0.1, 3 * RATE).astype(np.float32)
    recognizer.recognize(audio[:RATE], is_draft=True)
    recognizer.recognize(audio[: 2 * RATE], is_draft=True)
    recognizer.recognize(audio)
    (stream,) = FakeRecognizer.streams
    assert stream.is_over
    assert stream.fed == pytest.approx(3.66 * RATE, abs=1)
    recognizer.recognize(audio[RATE:], is_draft=True)  # another utterance
    assert len(FakeRecognizer.streams) == 2


def test_hotwords_go_to_models_that_take_them(tmp_path):
    recognizer = SherpaOnnx(weights(tmp_path, *TRANSDUCER, "bpe.vocab"), "en")
    recognizer.recognize(np.ones(RATE, np.float32), ["red cube", "bowl"])
    assert FakeRecognizer.streams[-1].hotwords == "red cube/bowl"
    assert FakeRecognizer.made[-1][1]["decoding_method"] == "modified_beam_search"


def test_a_failure_is_an_error_and_the_next_may_succeed(tmp_path, monkeypatch):
    recognizer = SherpaOnnx(weights(tmp_path, *TRANSDUCER))

    def fail(self, stream):
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(FakeRecognizer, "decode_stream", fail)
        with pytest.raises(EngineError, match="broken"):
            recognizer.recognize(np.ones(RATE, np.float32))
    assert recognizer.recognize(np.ones(RATE, np.float32)).text == "open the gripper"
