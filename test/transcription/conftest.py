# SPDX-License-Identifier: Apache-2.0
"""A live transcription service over the stand-in for its worker."""

import asyncio
import contextlib
import socket
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import uvicorn

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.transcription.service import ServiceOptions, TranscriptionService
from voice_agent_ros.transcription.worker_process import WorkerOptions
from voice_agent_ros.transcription.xlm_service import mounted
from voice_agent_ros.xlm.server import create_app

FAKE = Path(__file__).parents[1] / "support" / "fake_transcriber.py"


class Live:
    """A server in a thread."""

    def __init__(self, options: ServiceOptions) -> None:
        self.directory = options.directory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready = threading.Event()
        self._problem: VoiceAgentError | None = None
        self._thread = threading.Thread(target=self._run, args=(options,), daemon=True)
        self._thread.start()
        assert self._ready.wait(20)
        if self._problem is not None:
            raise self._problem
        self.client = httpx.Client(base_url=self.url, timeout=30)

    def _run(self, options: ServiceOptions) -> None:
        try:
            self.service = TranscriptionService(options)
        except VoiceAgentError as error:
            self._problem = error
            self._ready.set()
            return
        config = uvicorn.Config(
            create_app(None, None, [mounted(self.service)]),
            port=self.port,
            log_level="warning",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)

        async def serve() -> None:
            serving = asyncio.create_task(self._server.serve())
            while not self._server.started and not serving.done():
                await asyncio.sleep(0.01)
            self._ready.set()
            await serving

        asyncio.run(serve())

    def close(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join(20)
        assert not self._thread.is_alive()

    def health(self) -> dict:
        return self.client.get("/transcribe/health").json()

    def wait(self, condition, timeout_s=15.0):
        """The first health report for which the condition holds."""
        deadline = time.monotonic() + timeout_s
        while not condition(found := self.health()):
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found

    def post(self, path: str, content: bytes = b"say:hello say:world", name="speech.wav", **form):
        """A recording, by a form."""
        return self.client.post(path, files={"file": (name, content)}, data=form)

    def begin(self, recording: str, **form) -> str:
        """A job in the background."""
        answer = self.client.post("/transcribe/async", files={"file": recording.encode()}, data=form)
        assert answer.status_code == 202, answer.text
        return answer.json()["job_id"]

    def status(self, job: str) -> dict:
        return self.client.get(f"/status/{job}").json()

    def until(self, job: str, *states: str, timeout_s=15.0) -> dict:
        deadline = time.monotonic() + timeout_s
        while (found := self.status(job))["status"] not in states:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)
        return found

    def starts(self) -> int:
        """How often a worker was started."""
        log = self.directory.parent / "starts"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def serve(tmp_path):
    """Makes services; the same directory unless told otherwise."""
    with contextlib.ExitStack() as stack:

        def make(*, worker: dict | None = None, **more) -> Live:
            program = (sys.executable, str(FAKE), more.pop("mode", str(tmp_path / "starts")))
            options = replace(
                ServiceOptions(
                    directory=tmp_path / "state", worker=WorkerOptions(program=program, **(worker or {}))
                ),
                **more,
            )
            live = Live(options)
            stack.callback(live.close)
            return live

        yield make


@pytest.fixture
def live(serve):
    return serve()
