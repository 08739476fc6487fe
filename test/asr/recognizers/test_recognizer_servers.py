# SPDX-License-Identifier: Apache-2.0
"""What servers answer, in all the shapes that they have, and what is made of their failures."""

import socket
import time

import numpy as np
import pytest
from recognizer_servers import openai_segment, serving

from voice_agent_ros.asr.recognizer import Recognition
from voice_agent_ros.asr.recognizers.openai_api import OpenAiApi
from voice_agent_ros.asr.recognizers.remote import Server, recognition_of
from voice_agent_ros.asr.recognizers.whisper_cpp import WhisperCpp
from voice_agent_ros.errors import ConfigurationError, EngineError

SOUND = np.full(16000, 0.1, np.float32)
SURE = Recognition("open the gripper", 0.9, "en", -0.05, 0.01)


def openai(url, **more):
    return OpenAiApi(Server(f"{url}/v1", timeout_s=1.0, connect_s=0.5), **more)


def whisper_cpp(url, **more):
    return WhisperCpp(Server(url, timeout_s=1.0, connect_s=0.5), **more)


CLIENTS = pytest.mark.parametrize("client", [openai, whisper_cpp])


def test_what_is_asked_for():
    with serving(lambda *_: (200, {"text": "yes"})) as server:
        openai(server.url, language="en-US").recognize(SOUND, ["red cube"])
        openai(server.url, language="auto", domain_prompt=False).recognize(SOUND)
        whisper_cpp(server.url, language="zh").recognize(SOUND, ["red cube"])
    first, second, third = (form for _, form, _ in server.requests)
    assert first["language"] == ["en"]
    assert "red cube" in first["prompt"][0]
    assert first["model"] == ["whisper-1"]
    assert not {"language", "prompt"} & second.keys()
    assert third["language"] == ["zh"]
    assert "红色方块" in third["prompt"][0]


def test_a_key_is_read_from_its_file(tmp_path):
    (tmp_path / "key").write_text(" secret\n")
    with serving(lambda *_: (200, {"text": "yes"})) as server:
        for kind in (OpenAiApi, WhisperCpp):
            kind(Server(server.url, api_key_file=str(tmp_path / "key"))).recognize(SOUND)
    assert [
        headers.get("Authorization") or headers["authorization"] for _, _, headers in server.requests
    ] == ["Bearer secret"] * 2
    with pytest.raises(ConfigurationError, match="recognizer_api_key_file"):
        OpenAiApi(Server("http://127.0.0.1:1", api_key_file=str(tmp_path / "none")))


def test_a_shape_that_is_not_known_is_asked_for_once():
    def answer(path, form, audio):
        if form["response_format"] == ["verbose_json"]:
            return 400, {"error": {"message": "no such format"}}
        return 200, {"text": "yes", "logprobs": [{"token": "yes", "logprob": -0.01, "bytes": [1]}]}

    with serving(answer) as server:
        recognizer = openai(server.url)
        first, second = recognizer.recognize(SOUND), recognizer.recognize(SOUND)
    assert first == second
    assert first.mean_log_probability == pytest.approx(-0.01)
    assert [form["response_format"] for _, form, _ in server.requests] == [
        ["verbose_json"],
        ["json"],
        ["json"],
    ]


@pytest.mark.parametrize("sureness", [-0.02, -0.3, -1.2])
def test_a_server_that_is_surer_is_believed_more(sureness):
    heard = Recognition("yes", 0.0, "en", sureness, 0.01)
    answer = {"text": "yes", "language": "en", "segments": [openai_segment(heard, 1.0)]}
    found = recognition_of(answer, language="en", engine="x", assumed=0.6)
    assert found.mean_log_probability == pytest.approx(sureness)
    less = recognition_of(
        {
            "text": "yes",
            "segments": [openai_segment(Recognition("yes", 0.0, "en", sureness - 0.2, 0.01), 1.0)],
        },
        language="en",
        engine="x",
        assumed=0.6,
    )
    assert less.confidence < found.confidence < 1.0


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "yes"},
        {"text": "yes", "duration": "1.0", "segments": []},
        # vLLM's verbose_json: figures as texts, and -1 for what it does not compute.
        {
            "text": "yes",
            "duration": "1.0",
            "language": "en",
            "segments": [
                {"id": 1, "avg_logprob": -1.0, "compression_ratio": -1.0, "text": "yes", "end": 1.0}
            ],
        },
        {"text": "yes", "segments": None, "words": None, "logprobs": None},
        # The mean over no tokens is no number, which some write as null.
        {"text": "yes", "segments": [{"text": "yes", "avg_logprob": None, "no_speech_prob": None}]},
        {"text": "yes", "segments": [{"text": "yes", "avg_logprob": float("nan")}]},
        {"text": "yes", "logprobs": [{"token": "yes"}]},
    ],
)
def test_a_server_that_says_nothing_about_it_has_the_assumed_confidence(answer):
    found = recognition_of(answer, language="en", engine="x", assumed=0.6)
    assert (found.text, found.confidence, found.language) == ("yes", 0.6, "en")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("chinese", "zh"),
        ("Chinese", "zh"),
        ("zh", "zh"),
        ("zh-CN", "zh"),
        ("english", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_language_that_was_found_is_told_by_its_code(said, code):
    assert (
        recognition_of({"text": "x", "language": said}, language="auto", engine="", assumed=1).language
        == code
    )


def test_words_come_from_wherever_they_are():
    word = {"word": " yes", "start": 0.1, "end": 0.4}
    for answer in (
        {"text": "yes", "words": [word]},
        {"text": "yes", "segments": [{"text": "yes", "words": [word]}]},
    ):
        (found,) = recognition_of(answer, language="en", engine="", assumed=1).words
        assert (found.text, found.start, found.end) == ("yes", 0.1, 0.4)


@CLIENTS
def test_a_server_that_is_down_is_named_with_the_fix(client):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(EngineError, match=r"cannot be reached.*recognizer_url"):
        client(url).recognize(SOUND)


@CLIENTS
def test_a_server_that_hangs_is_given_up(client):
    def answer(*_):
        time.sleep(2.5)
        return 200, {"text": "late"}

    with serving(answer) as server, pytest.raises(EngineError, match=r"within 1 s.*recognizer_timeout_s"):
        client(server.url).recognize(SOUND)


@CLIENTS
@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, {"error": {"message": "out of memory"}}),
        (500, {"error": "out of memory"}),
        (503, {"status": "loading model"}),
        (502, "<html>bad gateway</html>"),
        (401, {"error": {"message": "wrong key"}}),
        (404, {"detail": "Not Found"}),
        (400, {"error": {"message": "audio is too short"}}),
    ],
)
def test_every_failure_is_an_error_that_says_so(client, status, content):
    with serving(lambda *_: (status, content)) as server, pytest.raises(EngineError, match="http"):
        client(server.url).recognize(SOUND)


def test_an_error_with_status_200_is_one_all_the_same():
    with (
        serving(lambda *_: (200, {"error": "failed to read WAV file"})) as server,
        pytest.raises(EngineError, match="failed to read WAV"),
    ):
        whisper_cpp(server.url).recognize(SOUND)


def test_after_a_failure_the_best_shape_is_asked_for_again():
    status = [400]
    with serving(lambda *_: (status[0], {"text": "yes"})) as server:
        recognizer = openai(server.url)
        with pytest.raises(EngineError):
            recognizer.recognize(SOUND)
        status[0] = 200
        assert recognizer.recognize(SOUND).text == "yes"
    assert server.requests[-1][1]["response_format"] == ["verbose_json"]


@CLIENTS
@pytest.mark.parametrize(
    "content",
    ["<html>Log in to this network</html>", '"stop"', [{"text": "stop"}], {"detail": "stop"}, {"text": None}],
)
def test_what_is_no_transcript_was_not_said(client, content):
    with serving(lambda *_: (200, content)) as server, pytest.raises(EngineError, match="http"):
        client(server.url).recognize(SOUND)


@CLIENTS
@pytest.mark.parametrize("status", [200, 500])
def test_a_server_that_drips_is_given_up(client, status):
    def answer(*_):
        return status, (b" " for _ in iter(lambda: time.sleep(0.2), 0))

    with serving(answer) as server:
        begun = time.monotonic()
        with pytest.raises(EngineError, match="http"):
            client(server.url).recognize(SOUND)
        assert time.monotonic() - begun < 4.0
