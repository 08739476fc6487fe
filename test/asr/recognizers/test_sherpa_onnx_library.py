# SPDX-License-Identifier: Apache-2.0
"""The real sherpa-onnx with weights that mean nothing: whether it is called rightly. Needs sherpa-onnx and onnx."""

import numpy as np
import pytest

pytest.importorskip("sherpa_onnx")
pytest.importorskip("onnx")

import itertools

from random_transducer import write

from voice_agent_ros.asr.recognizers.sherpa_onnx import SherpaOnnx
from voice_agent_ros.errors import ModelMissingError

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
