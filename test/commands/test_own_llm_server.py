# SPDX-License-Identifier: Apache-2.0
"""A model for one command: it answers, and it is gone afterwards."""

import urllib.error
import urllib.request

import psutil
import pytest

from voice_agent_ros.commands import own_llm_server as module
from voice_agent_ros.commands.own_llm_server import own_llm_server
from voice_agent_ros.errors import EngineError, ModelMissingError
from voice_agent_ros.models.catalogue import path_of


def test_a_model_that_was_not_fetched_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    with pytest.raises(ModelMissingError, match="voice-agent models fetch"), own_llm_server():
        pass


def test_a_server_that_does_not_come_up_says_why(monkeypatch, tmp_path):
    weights = tmp_path / "no.gguf"
    weights.write_bytes(b"not a model")
    monkeypatch.setattr(module, "path_of", lambda _: weights)
    monkeypatch.setattr(module, "START_TIMEOUT_S", 4.0)
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(EngineError, match="language model"), own_llm_server():
        pass
    assert set(psutil.Process().children(recursive=True)) <= before


@pytest.mark.weights
def test_it_answers_and_ends():
    try:
        path_of(module.MODEL)
    except ModelMissingError as error:
        pytest.skip(str(error))
    before = set(psutil.Process().children(recursive=True))
    with own_llm_server() as url:
        with urllib.request.urlopen(f"{url}/models", timeout=5) as answer:
            assert answer.status == 200
        children = set(psutil.Process().children(recursive=True)) - before
        assert len(children) >= 2  # the server and its console
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/models", timeout=1)
