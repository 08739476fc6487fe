# SPDX-License-Identifier: Apache-2.0
"""A live xlm-server, as a process, over the console stand-in, as its child."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import psutil
import pytest

import voice_agent_ros

PACKAGE_ROOT = Path(voice_agent_ros.__file__).parent.parent
START_S = 30.0


class LiveServer:
    """One server process; `console` are the options of the stand-in.

    The probe at start is left out unless a test is about it: its questions would count as turns for --fault.
    """

    def __init__(self, console: str, options: str, directory: Path, *, probe: bool = False) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {**os.environ, "PYTHONPATH": f"{PACKAGE_ROOT}:{os.environ.get('PYTHONPATH', '')}"}
        sim = shlex.join([sys.executable, "-m", "voice_agent_ros.xlm.console_sim"])
        command = [sys.executable, "-m", "voice_agent_ros.xlm.server_cli", "--port", str(self.port)]
        command += ["--transcribe", "off", "--speech", "off"]  # have tests of their own
        command += [] if probe else ["--no-probe"]
        self.log = directory / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--console", f"{sim} {console}", *shlex.split(options)],
                env=environment,
                cwd=directory,
                stdout=log,
                stderr=log,
            )
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = openai.OpenAI(base_url=f"{self.url}/v1", api_key="unused", max_retries=0, timeout=30)

    def health(self) -> httpx.Response:
        # Without certificates, which cost more to read than everything else here: it is asked in a loop.
        return httpx.get(f"{self.url}/health", timeout=5, verify=False)

    def wait_for(
        self, condition: Callable[[httpx.Response], bool], timeout_s: float = START_S
    ) -> httpx.Response:
        """The first health report for which the condition holds."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                response = self.health()
            except httpx.HTTPError:
                pass
            else:
                if condition(response):
                    return response
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def wait_until_healthy(self) -> LiveServer:
        self.wait_for(lambda response: response.status_code == 200)
        return self

    def wait_until_idle(self) -> None:
        self.wait_for(lambda response: response.json()["state"] == "idle")

    def console(self) -> psutil.Process:
        return psutil.Process(self.health().json()["console_pid"])

    def ask(self, text: str, **options: object) -> str:
        return self.talk([{"role": "user", "content": text}], **options)

    def talk(self, messages: list[dict[str, str]], **options: object) -> str:
        reply = self.client.chat.completions.create(model="xlm", messages=messages, **options)
        return reply.choices[0].message.content

    def stop(self) -> None:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Start servers that are ended with the test."""
    servers: list[LiveServer] = []

    def start(console: str = "--echo", options: str = "", *, probe: bool = False) -> LiveServer:
        servers.append(LiveServer(console, options, tmp_path, probe=probe))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def echo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server over an echoing console, shared by the tests of a module."""
    server = LiveServer("--echo", "", tmp_path_factory.mktemp("server"))
    server.wait_until_healthy()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def start_shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LiveServer]]:
    """Start servers that are ended with the module."""
    servers: list[LiveServer] = []

    def start(console: str = "--echo", options: str = "") -> LiveServer:
        servers.append(LiveServer(console, options, tmp_path_factory.mktemp("server")))
        return servers[-1].wait_until_healthy()

    yield start
    for server in servers:
        server.stop()
