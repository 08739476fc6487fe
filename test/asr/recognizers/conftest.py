# SPDX-License-Identifier: Apache-2.0
"""The recognizers under test: each a context manager that yields one, over weights or over a server."""

import contextlib
import os
from functools import lru_cache
from pathlib import Path

import pytest
from recognizer_servers import openai_verbose, serving, whisper_cpp_verbose

from voice_agent_ros.asr.recognizers.fallback import FallbackRecognizer
from voice_agent_ros.asr.recognizers.normalized import NormalizedRecognizer
from voice_agent_ros.asr.recognizers.openai_api import OpenAiApi
from voice_agent_ros.asr.recognizers.remote import Server
from voice_agent_ros.asr.recognizers.sherpa_onnx import SherpaOnnx
from voice_agent_ros.asr.recognizers.spelling import Spelling
from voice_agent_ros.asr.recognizers.whisper_cpp import WhisperCpp
from voice_agent_ros.asr.recognizers.whisper_local import WhisperLocal
from voice_agent_ros.errors import EngineError, ModelMissingError
from voice_agent_ros.models.catalogue import path_of

RATE = 16000


@lru_cache(maxsize=1)
def tiny() -> WhisperLocal:
    pytest.importorskip("faster_whisper")
    try:
        return WhisperLocal(path_of("whisper-tiny.en"))
    except ModelMissingError as error:
        pytest.skip(str(error))


class FakeBroken:
    """Fails at everything."""

    def recognize(self, audio, hints=(), *, is_draft=False):
        raise EngineError("It broke in mid-utterance.")

    def adjust(self, *, language, word_times):
        pass

    def close(self):
        pass


@contextlib.contextmanager
def whisper_local():
    yield tiny()


@contextlib.contextmanager
def openai_api():
    def answer(path, form, audio):
        assert path == "/v1/audio/transcriptions"
        assert form["response_format"] == ["verbose_json"]
        return 200, openai_verbose(tiny().recognize(audio), len(audio) / RATE)

    with serving(answer) as server:
        recognizer = OpenAiApi(Server(f"{server.url}/v1", timeout_s=30.0))
        yield recognizer
        recognizer.close()


@contextlib.contextmanager
def openai_api_json():
    """A server that knows neither verbose_json nor log-probabilities, as vLLM's older versions."""

    def answer(path, form, audio):
        if form["response_format"] != ["json"] or "include[]" in form:
            return 400, {"error": {"message": "Currently do not support verbose_json", "code": 400}}
        return 200, {"text": tiny().recognize(audio).text}

    with serving(answer) as server:
        recognizer = OpenAiApi(Server(f"{server.url}/v1", timeout_s=30.0))
        yield recognizer
        recognizer.close()


@contextlib.contextmanager
def whisper_cpp():
    def answer(path, form, audio):
        assert path == "/inference"
        assert form["response_format"] == ["verbose_json"]
        return 200, whisper_cpp_verbose(tiny().recognize(audio), len(audio) / RATE)

    with serving(answer) as server:
        recognizer = WhisperCpp(Server(server.url, timeout_s=30.0))
        yield recognizer
        recognizer.close()


@contextlib.contextmanager
def fallback():
    yield FallbackRecognizer([("broken", FakeBroken()), ("whisper_local", tiny())])


@contextlib.contextmanager
def normalized():
    yield NormalizedRecognizer(tiny(), Spelling("s2t", "as_heard"))


@contextlib.contextmanager
def sherpa_onnx():
    """With weights of English words, which no package carries: ASR_SHERPA=DIR."""
    if not os.environ.get("ASR_SHERPA"):
        pytest.skip("needs: ASR_SHERPA=DIR, a folder of sherpa-onnx's weights")
    recognizer = SherpaOnnx(Path(os.environ["ASR_SHERPA"]), "en", 2)
    yield recognizer
    recognizer.close()


ALL = [
    pytest.param(make, id=make.__wrapped__.__name__)
    for make in (whisper_local, openai_api, openai_api_json, whisper_cpp, fallback, normalized, sherpa_onnx)
]


@pytest.fixture(scope="module", params=ALL)
def recognizer(request):
    with request.param() as one:
        yield one
