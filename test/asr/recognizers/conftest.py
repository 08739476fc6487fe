# SPDX-License-Identifier: Apache-2.0
"""The recognizers under test: each a context manager that yields one, over weights or over a server."""

import contextlib
from functools import lru_cache

import pytest
from recognizer_servers import openai_verbose, serving, whisper_cpp_verbose

from voice_agent_ros.asr.recognizers.fallback import FallbackRecognizer
from voice_agent_ros.asr.recognizers.openai_api import OpenAiApi
from voice_agent_ros.asr.recognizers.remote import Server
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


ALL = [
    pytest.param(make, id=make.__wrapped__.__name__)
    for make in (whisper_local, openai_api, openai_api_json, whisper_cpp, fallback)
]


@pytest.fixture(scope="module", params=ALL)
def recognizer(request):
    with request.param() as one:
        yield one
