# SPDX-License-Identifier: Apache-2.0
"""A language model's server for as long as it is needed, on a port of its own: xlm-server, or llama.cpp's."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from voice_agent_ros import xlm
from voice_agent_ros.children import end
from voice_agent_ros.errors import EngineError
from voice_agent_ros.models.catalogue import path_of

MODEL = "qwen2.5-coder-0.5b-instruct"
PROFILE = "xlm_demo-0.9.0"
START_TIMEOUT_S = 90.0
POLL_S = 0.1
LOG_LINES = 5


@contextmanager
def own_llm_server(weights: Path | None = None) -> Iterator[str]:
    """Start a server with the catalogue's small model; it ends with the block, or with this process.

    Args:
        weights: a GGUF file to serve instead.

    Yields:
        Its URL, up to and including /v1, once it answers.

    Raises:
        ModelMissingError: the model was not fetched.
        EngineError: the server does not come up.
    """
    console = [
        *_python("voice_agent_ros.xlm.console_sim"),
        *("--profile", PROFILE, "--gguf", str(weights or path_of(MODEL))),
    ]
    command = [
        *_python("voice_agent_ros.xlm.server_cli"),
        *("--profile", PROFILE, "--console", shlex.join(console)),
        *("--no-probe", "--transcribe", "off", "--speech", "off"),
    ]
    with serving(command) as url:
        yield url


@contextmanager
def llama_server(weights: Path, threads: int = 2, context_tokens: int = 4096) -> Iterator[str]:
    """Serve a GGUF file with llama.cpp's own server, which comes with the extra `console`.

    Yields:
        Its URL, up to and including /v1, once it answers.

    Raises:
        EngineError: the server does not come up.
    """
    options = ["--gguf", str(weights), "--threads", str(threads), "--context-tokens", str(context_tokens)]
    with serving([*_python("voice_agent_ros.commands.llama_server"), *options]) as url:
        yield url


@contextmanager
def serving(command: Sequence[str]) -> Iterator[str]:
    """Run a server with `--port PORT` added until the end of the block, or of this process.

    Yields:
        Its URL, up to and including /v1, once it answers.

    Raises:
        EngineError: it does not come up.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    # The guard ends the server should this process be killed.
    guard = [
        sys.executable,
        "-I",
        "-S",
        str(Path(xlm.__file__).with_name("guarded_exec.py")),
        str(os.getpid()),
    ]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [*guard, *command, "--port", str(port)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            _wait_until_healthy(server, f"http://127.0.0.1:{port}/health", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            end(server)


def _python(module: str) -> list[str]:
    return [sys.executable, "-c", f"import sys; from {module} import main; sys.exit(main())"]


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str, log: IO[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise EngineError(f"The language model's server ended by itself. {_last_lines(log)}")
        try:
            with urllib.request.urlopen(url, timeout=1.0):  # noqa: S310  our own http address
                return
        except (urllib.error.URLError, OSError):  # not yet, or 503 while the model loads
            time.sleep(POLL_S)
    raise EngineError(f"The language model was not loaded within {START_TIMEOUT_S:.0f} s. {_last_lines(log)}")


def _last_lines(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").splitlines()
    return " | ".join(line for line in lines[-LOG_LINES:] if line.strip())
