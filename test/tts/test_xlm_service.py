# SPDX-License-Identifier: Apache-2.0
"""Speech over HTTP, as OpenAI's clients ask for it."""

import io
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("fastapi")
av = pytest.importorskip("av")

from fastapi.testclient import TestClient  # noqa: E402

from voice_agent_ros.errors import EngineError  # noqa: E402
from voice_agent_ros.tts import xlm_service  # noqa: E402
from voice_agent_ros.tts.containers import CONTENT_TYPES  # noqa: E402
from voice_agent_ros.tts.xlm_service import MAX_CHARACTERS, MAX_WAITING, SpeechRequest, SpeechService  # noqa: E402
from voice_agent_ros.xlm.security import Access  # noqa: E402
from voice_agent_ros.xlm.server import HttpOptions, create_app  # noqa: E402
from voice_agent_ros.xlm.services import Service  # noqa: E402


class HummingSynthesizer:
    """A tone of 0.1 s a character; fails at the word fail."""

    name, sample_rate, languages, voices = "humming", 24000, ("en",), ("hum",)

    def synthesize(self, text, *, voice="", speed=1.0):
        if "fail" in text:
            raise EngineError("It failed.", "Try again.")
        for _ in text:
            yield (8000 * np.sin(np.arange(int(2400 / speed)) * 0.1)).astype(np.int16)

    def close(self):
        pass


@pytest.fixture
def service():
    return SpeechService(HummingSynthesizer)


@pytest.fixture
def client(service):
    app = create_app(None, HttpOptions(Access()), [Service("speech", service.router(), ("tts-1",))])
    with TestClient(app, base_url="http://127.0.0.1") as client:
        yield client


def ask(client, text="Hello there. This is a test of it.", **fields):
    return client.post("/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": text, **fields})


def wait_until(condition, timeout_s=10.0):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("form", CONTENT_TYPES)
def test_every_format_has_all_of_the_audio(client, form):
    answer = ask(client, response_format=form)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(CONTENT_TYPES[form])
    expected_s = 3.3
    if form == "pcm":
        duration_s = len(answer.content) / 2 / 24000
    else:
        with av.open(io.BytesIO(answer.content)) as file:
            duration_s = sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))
    assert duration_s == pytest.approx(expected_s, abs=0.2)


def test_its_headers_tell_what_was_done(client):
    first, second = ask(client, response_format="pcm"), ask(client, response_format="pcm")
    assert first.headers["x-sample-rate"] == "24000"
    assert first.headers["x-segments"] == "2"
    assert (first.headers["x-warm-request"], second.headers["x-warm-request"]) == ("false", "true")
    assert float(second.headers["x-first-audio-ms"]) >= 0


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"voice": "nobody"}, "voice"),
        ({"speed": 9}, "speed"),
        ({"response_format": "midi"}, "response_format"),
        ({"stream_format": "sse"}, "stream_format"),
        ({"input": ""}, "input"),
        ({"input": "😀"}, "input"),
        ({"input": "a" * (MAX_CHARACTERS + 1)}, "input"),
        ({"input": None}, "input"),
    ],
)
def test_what_is_wrong_is_named(client, fields, named):
    answer = ask(client, **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == named


def test_a_failure_has_a_status_of_its_own_and_the_next_request_works(client):
    assert ask(client, "fail").status_code == 503
    assert ask(client).status_code == 200


def test_voices_are_listed(client):
    assert client.get("/v1/audio/voices").json()["voices"] == ["hum"]
    assert "tts-1" in [model["id"] for model in client.get("/v1/models").json()["data"]]


def test_a_stop_ends_what_is_being_sent(service):
    request = type("Request", (), {"response_format": "pcm", "speed": 1.0, "instructions": ""})()
    sound = service._audio(["one two three", "four five"], "", request, service._stops)
    next(sound)
    import asyncio

    asyncio.run(service.stop())
    assert len(list(sound)) <= 1
    assert service._turns.take("me", 0.0), "the voice was not given back"


def test_a_request_that_is_stopped_while_it_waits_is_told_so(service, client):
    assert service._turns.take("me", 0.0)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(ask, client)
        wait_until(lambda: service._waiting == 1)
        assert client.post("/bridge/stop").status_code == 200
        service._turns.leave("me")
        assert answer.result(10.0).status_code == 409
    assert ask(client).status_code == 200


def test_only_so_many_requests_wait_for_the_voice(service, client):
    assert service._turns.take("me", 0.0)
    with ThreadPoolExecutor(MAX_WAITING) as pool:
        answers = [pool.submit(ask, client, "Hi") for _ in range(MAX_WAITING)]
        wait_until(lambda: service._waiting == MAX_WAITING)
        assert ask(client).status_code == 429
        service._turns.leave("me")
        assert {answer.result(20.0).status_code for answer in answers} == {200}


@pytest.mark.parametrize("is_expressive", [True, False])
def test_instructions_go_to_engines_that_act(is_expressive):
    class NotingSynthesizer(HummingSynthesizer):
        def synthesize(self, text, *, voice="", speed=1.0, **more):
            asked.append(more)
            return super().synthesize(text, voice=voice, speed=speed)

    asked: list[dict] = []
    NotingSynthesizer.is_expressive = is_expressive
    service = SpeechService(NotingSynthesizer)
    app = create_app(None, HttpOptions(Access()), [Service("speech", service.router(), ("tts-1",))])
    with TestClient(app, base_url="http://127.0.0.1") as client:
        assert ask(client, instructions="Sound glad.").status_code == 200
    assert asked[0] == ({"manner": "Sound glad."} if is_expressive else {})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"{nope", None),
        (b"", None),
        (b"[1]", None),
        (b"\xff\xfe", None),
        (b'{"input": "hi", "speed": "fast"}', "speed"),
        (b'{"input": "hi", "voice": {"id": "x"}}', "voice"),
        (b"{}", "input"),
    ],
)
def test_a_body_that_cannot_be_read_gets_an_error_as_clients_know_it(client, body, named):
    answer = client.post("/v1/audio/speech", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["param"] == named
    assert error["message"]


@pytest.mark.parametrize(
    "text", ["$(touch /tmp/x); `id`", "<speak><break/>Hi</speak>", "好的 and hello", "Hi 😀"]
)
def test_hostile_input_is_only_a_text(client, text):
    assert ask(client, text, response_format="pcm").status_code == 200


def test_the_bridge_is_stopped_by_post_only(client):
    assert client.post("/bridge/stop").json() == {"stopped": True}
    assert client.get("/bridge/stop").status_code == 405


def test_a_client_that_stops_reading_keeps_nobody_from_the_voice(service, monkeypatch):
    monkeypatch.setattr(xlm_service, "UNREAD_S", 0.3)
    request = SpeechRequest(input="x", response_format="pcm")
    stalled = service._audio(["One two three.", "Four."], "", request, 0)
    assert next(stalled)
    begun = time.monotonic()
    assert sum(map(len, service._audio(["Five."], "", request, 0))) > 2 * 0.4 * 24000
    assert 0.2 < time.monotonic() - begun < 5.0
    assert not list(stalled), "its turn is over"
    assert service._turns.take("me", 0.0)


def test_who_reads_slowly_keeps_the_voice_while_it_works(service, monkeypatch):
    monkeypatch.setattr(xlm_service, "UNREAD_S", 0.3)
    turns = service._turns
    assert turns.take("a", 0.0)
    assert not turns.take("b", 0.5), "it was being used"
    turns.hand_over("a")
    assert turns.goes_on("a")
    turns.leave("b")
    assert not turns.take("b", 0.0)


def test_those_who_wait_for_the_voice_keep_nothing_else_from_being_done(client, service):
    assert service._turns.take("me", 0.0)
    with ThreadPoolExecutor(MAX_WAITING) as pool:
        waiting = [pool.submit(ask, client, "Hi there.") for _ in range(MAX_WAITING - 1)]
        wait_until(lambda: service._waiting == MAX_WAITING - 1)
        time.sleep(0.2)
        begun = time.monotonic()
        assert client.get("/v1/audio/voices").status_code == 200
        taken_s = time.monotonic() - begun
        service._turns.leave("me")
        assert all(answer.result().status_code == 200 for answer in waiting)
    assert taken_s < 3.0
