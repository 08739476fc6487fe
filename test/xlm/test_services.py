# SPDX-License-Identifier: Apache-2.0
"""What other parts plug in gets the server's keys, limits, error bodies, health and metrics without doing anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Form, UploadFile
from prometheus_client import Counter
from pydantic import BaseModel, Field

from voice_agent_ros.xlm.api_errors import ApiError
from voice_agent_ros.xlm.security import Access
from voice_agent_ros.xlm.server import HttpOptions, create_app
from voice_agent_ros.xlm.services import BodyLimit, BodyLimits, Service, stop_all

KEY = {"authorization": "Bearer key"}


class Speech(BaseModel):
    input: str
    speed: float = Field(default=1.0, ge=0.25, le=4)


def fake_service(events: list[str]) -> Service:
    """It counts letters."""
    router = APIRouter()

    @router.post("/v1/audio/transcriptions")
    async def transcribe(file: UploadFile, language: Annotated[str, Form()] = "") -> dict[str, Any]:
        return {"text": f"{len(await file.read())} {language}"}

    @router.post("/v1/audio/speech")
    async def speak(body: Speech) -> dict[str, str]:
        if body.input == "fail":
            raise ApiError(503, "The voice is not loaded.", code="voice_unavailable", retry_after_s=2)
        if body.input == "crash":
            raise RuntimeError("secret")
        return {"said": body.input}

    @router.get("/status/{job}")
    async def status(job: str) -> dict[str, str]:
        return {"job": job}

    async def start() -> None:
        events.append("start")

    async def stop() -> None:
        events.append("stop")

    return Service(
        "transcription",
        router,
        model_ids=("whisper-tiny.en",),
        body_limits={"/v1/audio/transcriptions": BodyLimit(3_000_000, 0.5)},
        health=lambda: {"ok": "broken" not in events, "model_loaded": False},
        collectors=(Counter("transcription_files", "Files", registry=None),),
        start=start,
        stop=stop,
    )


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def client(events: list[str]) -> httpx.AsyncClient:
    options = HttpOptions(access=Access(keys=("key",)), body=BodyLimit(1_000))
    app = create_app(None, options, [fake_service(events)])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=KEY)


def error_of(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"
    return dict(response.json()["error"])


def upload(size: int) -> dict[str, Any]:
    return {"files": {"file": ("../../x.wav", b"x" * size)}, "data": {"language": "en"}}


@pytest.mark.asyncio
async def test_routes_and_their_own_body_limit(client: httpx.AsyncClient) -> None:
    assert (await client.post("/v1/audio/transcriptions", **upload(2_000_000))).json() == {
        "text": "2000000 en"
    }
    assert error_of(await client.post("/v1/audio/transcriptions", **upload(3_100_000)), 413)["message"]
    long = {"input": "x" * 2_000}
    assert error_of(await client.post("/v1/audio/speech", json=long), 413)["code"] == "request_too_large"


@pytest.mark.asyncio
async def test_a_chunked_upload_is_counted_and_timed(client: httpx.AsyncClient) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}

    async def endless() -> AsyncIterator[bytes]:
        yield head
        while True:
            yield b"x" * 65_536

    async def slow() -> AsyncIterator[bytes]:
        yield head
        await asyncio.sleep(60)

    url = "/v1/audio/transcriptions"
    assert error_of(await client.post(url, content=endless(), headers=headers), 413)["message"]
    # httpx's transport hands over what the generator gives; the server's clock ends it.
    assert error_of(await client.post(url, content=slow(), headers=headers), 408)["message"]


@pytest.mark.asyncio
async def test_errors_have_the_one_shape(client: httpx.AsyncClient) -> None:
    url = "/v1/audio/speech"
    assert error_of(await client.post(url, json={}), 400)["param"] == "input"
    assert error_of(await client.post(url, json={"input": "a", "speed": 9}), 400)["param"] == "speed"
    assert error_of(await client.post(url, content=b"{", headers={"content-type": "application/json"}), 400)
    response = await client.post(url, json={"input": "fail"})
    assert error_of(response, 503)["code"] == "voice_unavailable"
    assert response.headers["retry-after"] == "2"
    crash = await client.post(url, json={"input": "crash"})
    assert "secret" not in crash.text
    assert crash.json()["error"]["code"] == "internal_error"
    assert error_of(await client.post("/v1/audio/transcriptions"), 400)["param"] == "file"
    assert error_of(await client.post(url, json={}, headers={"authorization": "x"}), 401)


@pytest.mark.asyncio
async def test_health_models_and_metrics(client: httpx.AsyncClient, events: list[str]) -> None:
    health = await client.get("/health")
    assert health.json()["services"] == {"transcription": {"ok": True, "model_loaded": False}}
    assert [model["id"] for model in (await client.get("/v1/models")).json()["data"]] == ["whisper-tiny.en"]
    assert (await client.get("/v1/models/whisper-tiny.en")).json()["id"] == "whisper-tiny.en"
    await client.get("/status/4711")
    metrics = (await client.get("/metrics")).text
    assert 'xlm_requests_total{route="/status/{job}",status="200"} 1.0' in metrics
    assert "transcription_files_total" in metrics
    assert "4711" not in metrics
    events.append("broken")
    assert (await client.get("/health")).status_code == 503
    chat = {"model": "xlm", "messages": [{"role": "user", "content": "x"}]}
    assert error_of(await client.post("/v1/chat/completions", json=chat), 404)["code"] == "model_not_found"
    assert error_of(await client.get("/v1/models/xlm"), 404)


@pytest.mark.asyncio
async def test_life_and_death(events: list[str]) -> None:
    app = create_app(None, services=[fake_service(events)])
    async with app.router.lifespan_context(app):
        assert events == ["start"]
    assert events == ["start", "stop"]

    async def fail() -> None:
        raise RuntimeError("stuck")

    stuck = Service("stuck", APIRouter(), stop=fail)
    await stop_all([stuck, fake_service(events)])
    assert events == ["start", "stop", "stop"]


def test_the_longest_path_counts() -> None:
    limits = {"/transcribe": BodyLimit(5), "/transcribe/json/": BodyLimit(7)}
    of = BodyLimits(BodyLimit(1), [Service("a", APIRouter(), body_limits=limits)]).of
    paths = ("/", "/transcribe", "/transcribe/json", "/transcribe/json/x", "/transcribe/x", "/transcribes")
    assert [of(path).max_bytes for path in paths] == [1, 5, 7, 7, 5, 1]
