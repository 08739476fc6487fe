# SPDX-License-Identifier: Apache-2.0
"""Downloads wheels with the user's own pip, so that its index, certificates and proxy settings apply.

Nothing in a wheel is installed, built or imported: a wheel is a zip file here."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

from voice_agent_ros.children import end
from voice_agent_ros.errors import VoiceAgentError

POLL_S = 0.2
STALL_S = 180.0  # longer than pip's own read time-out with a retry
END_S = 5.0


class FetchError(VoiceAgentError):
    """A model could not be fetched."""


def pip_command() -> list[str]:
    """The command line that runs pip: this interpreter's, or uv's where the interpreter has none.

    Raises:
        FetchError: there is neither.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "tool", "run", "pip"]
    raise FetchError(
        f"{sys.executable} has no pip to download with.",
        f"Run: {sys.executable} -m ensurepip, or install uv.",
    )


def download(wheel: str, directory: Path, on_bytes: Callable[[int], None], cancelled: Event) -> Path:
    """Download one pinned wheel without its dependencies.

    Args:
        wheel: `name==version`.
        directory: an empty directory for it, which also takes pip's temporary files.
        on_bytes: told now and then how many bytes are there.
        cancelled: ends the download when set.

    Raises:
        FetchError: pip failed, made no progress for `STALL_S`, or was cancelled.
    """
    result, scratch = directory / "wheel", directory / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    command = [
        *pip_command(),
        *("download", "--no-deps", "--only-binary=:all:", "--no-cache-dir", "--progress-bar=off"),
        *("--disable-pip-version-check", "--no-input", "--dest", str(result), wheel),
    ]
    log_path = directory / "pip.log"
    with log_path.open("wb") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(scratch)},
        )
        try:
            _wait(child, wheel, directory, on_bytes, cancelled)
        finally:
            end(child, END_S)
    wheels = list(result.glob("*.whl"))
    if child.returncode != 0 or len(wheels) != 1:
        raise FetchError(f"pip could not download {wheel}: {_reason(log_path)}", _fix(log_path))
    return wheels[0]


def _wait(
    child: subprocess.Popen[bytes],
    wheel: str,
    directory: Path,
    on_bytes: Callable[[int], None],
    cancelled: Event,
) -> None:
    seen, changed = -1, time.monotonic()
    while child.poll() is None:
        if cancelled.wait(POLL_S):
            raise FetchError(f"The download of {wheel} was cancelled.")
        size = _bytes_in(directory)
        if size != seen:
            seen, changed = size, time.monotonic()
            on_bytes(size)
        elif time.monotonic() - changed > STALL_S:
            raise FetchError(
                f"The download of {wheel} stands still since {STALL_S:.0f} s.",
                "Check the network, then run the command again: finished parts are kept.",
            )


def _bytes_in(directory: Path) -> int:
    total = 0
    for root, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name)).st_size
            except OSError:  # pip has moved it meanwhile
                continue
    return total


def _lines(log_path: Path) -> list[str]:
    return [line for line in log_path.read_text(errors="replace").splitlines() if line.strip()]


def _reason(log_path: Path) -> str:
    """What pip says last as an error, else its last line."""
    lines = _lines(log_path)
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["it said nothing"])[-1].removeprefix("ERROR: ").rstrip(".") + "."


def _fix(log_path: Path) -> str:
    text = "\n".join(_lines(log_path))
    if "No space left" in text:
        return "Free some disk space, then run the command again."
    if "No matching distribution" in text and "Retrying" not in text:
        return (
            "The index does not have it (any more): take the original that `voice-agent models list` names."
        )
    return "Check the network and pip's index settings (pip config list), then run the command again."
