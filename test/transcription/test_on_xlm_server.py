# SPDX-License-Identifier: Apache-2.0
"""Real recordings through the real worker, mounted on xlm-server: with its keys, limits and health."""

import os

import httpx
import psutil
import pytest
from recordings import DEMO, RATE, demo, encoded, wav

from voice_agent_ros.errors import ConfigurationError, ModelMissingError
from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.xlm.server_cli import build_app
from voice_agent_ros.xlm.server_options import build_parser

KEY = "secret"


def app_of(tmp_path, monkeypatch, *options):
    monkeypatch.setenv("XLM_SERVER_API_KEY", KEY)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return build_app(build_parser().parse_args(["--no-console", *options]))


@pytest.fixture
def weights():
    pytest.importorskip("faster_whisper")
    try:
        path_of("whisper-tiny.en")
    except ModelMissingError as error:
        pytest.skip(str(error))


@pytest.mark.weights
@pytest.mark.asyncio
async def test_recordings_in_any_container_alone_and_together(weights, tmp_path, monkeypatch):
    app = app_of(tmp_path, monkeypatch, "--transcribe", "on", "--transcribe-nice", "3")
    transport = httpx.ASGITransport(app)
    headers = {"authorization": f"Bearer {KEY}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers, timeout=60
        ) as client,
    ):
        assert (await client.get("/health", headers={})).json()["services"]["transcription"][
            "model_loaded"
        ] is False
        keyless = await client.post("/transcribe", content=b"x", headers={"authorization": ""})
        assert keyless.status_code == 401
        wave_file = (DEMO / "pick_red_cube.wav").read_bytes()
        alone = (await client.post("/transcribe/json?words=true", content=wave_file)).json()
        assert alone["transcription"] == "Pick up the red cube and put it in the bowl."
        health = (await client.get("/health")).json()["services"]["transcription"]
        assert health["model_loaded"] is True
        worker = psutil.Process(health["worker_pid"])
        assert worker.nice() == os.nice(0) + 3
        files = [
            ("files", ("a.txt", wave_file + b"\0")),  # another content, so that it is worked on
            ("files", ("b.wav", b"this is a text\n" * 10)),
            ("files", ("c", encoded(demo("yes.wav"), "matroska", "libopus"))),
            ("files", ("d.mp3", wav(demo("blue_look_nice.wav")[: RATE // 50]))),
        ]
        form = {"words": "true"}
        together = (await client.post("/transcribe/json", files=files, data=form)).json()["results"]
        assert together[0]["segments"] == alone["segments"]
        assert together[0]["confidence"] == alone["confidence"]
        assert "text file" in together[1]["error"]["message"]
        assert together[2]["transcription"] == "Yes."
        assert together[3]["transcription"] == ""
        models = (await client.get("/v1/models")).json()["data"]
        assert "whisper-tiny.en" in [model["id"] for model in models]
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


@pytest.mark.weights
def test_a_second_server_works_without_the_first_ones_directory(weights, tmp_path, monkeypatch):
    first = app_of(tmp_path, monkeypatch, "--transcribe", "on")
    second = app_of(tmp_path, monkeypatch, "--transcribe", "on")
    assert first is not second
    with pytest.raises(ConfigurationError, match="Another transcription service"):
        app_of(
            tmp_path,
            monkeypatch,
            "--transcribe-directory",
            str(tmp_path / "voice_agent_ros" / "transcription"),
        )


def test_without_weights_it_is_left_out_or_named(tmp_path, monkeypatch):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    with pytest.raises(ModelMissingError, match=r"models fetch whisper-tiny\.en"):
        app_of(tmp_path, monkeypatch, "--transcribe", "on")
    with pytest.raises(ConfigurationError, match="nothing to serve"):
        app_of(tmp_path, monkeypatch, "--speech", "off")
