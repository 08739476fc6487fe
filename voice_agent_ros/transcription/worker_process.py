# SPDX-License-Identifier: Apache-2.0
"""The worker as its owner sees it: started when there is something to do, ended when there has been nothing for a while."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from voice_agent_ros.asr.recognizers.engines import RecognizerOptions
from voice_agent_ros.errors import EngineError
from voice_agent_ros.transcription.wishes import Wishes

REMEMBERED = 64  # jobs that were cancelled before they began
_LINE_BYTES = 4 * 1024 * 1024  # a report is one piece's words
_END_S = 2.0
_ERRORS_BYTES = 4096
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WorkerOptions:
    """How the worker runs.

    Attributes:
        recognizer: what it transcribes with.
        nice: added to its niceness: it gives way to everything live.
        idle_s: with nothing to do for this long it ends, and its memory is free; 0: never.
        start_s: longest time for loading the weights.
        stall_s: longest time without a report while there is work; then it is ended.
        program: what is run, with the options behind it.
    """

    recognizer: RecognizerOptions = field(
        default_factory=lambda: RecognizerOptions(language="auto", threads=1, domain_prompt=False)
    )
    nice: int = 10
    idle_s: float = 300.0
    start_s: float = 120.0
    stall_s: float = 180.0
    program: tuple[str, ...] = (sys.executable, "-m", "voice_agent_ros.transcription.worker")


Report = Callable[[dict[str, Any]], None]


class WorkerProcess:
    """At most one process. All methods are called in one event loop."""

    def __init__(self, options: WorkerOptions) -> None:
        self._options = options
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._jobs: dict[str, Report] = {}
        self._given_up: deque[str] = deque(maxlen=REMEMBERED)  # before they began
        self._ready: asyncio.Future[None] | None = None
        self._starting = asyncio.Lock()
        self._heard_at = self._idle_since = time.monotonic()
        self._errors = bytearray()
        self._is_closing = False

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are in memory."""
        ready = self._ready
        return ready is not None and ready.done() and not ready.cancelled() and ready.exception() is None

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process is not None else None

    async def start(
        self, job: str, path: Path, wishes: Wishes, report: Report, *, max_duration_s: float
    ) -> None:
        """Begin a job.

        Args:
            report: called with each report; the last has the event done, failed or cancelled.

        Raises:
            EngineError: the worker cannot be started.
        """
        await self._ensure()
        if job in self._given_up:
            report({"job": job, "event": "cancelled"})
            return
        if not self._jobs:
            self._heard_at = time.monotonic()
        self._jobs[job] = report
        order = {"do": "start", "job": job, "path": str(path), "wishes": wishes.model_dump()}
        self._write({**order, "max_duration_s": max_duration_s})

    def cancel(self, job: str) -> None:
        """End a job after its current piece, or before it begins; it reports that it is cancelled."""
        if job in self._jobs:
            self._write({"do": "cancel", "job": job})
        else:  # it may be waiting for the process
            self._given_up.append(job)

    async def close(self) -> None:
        """End the process; jobs that run fail."""
        self._is_closing = True
        await self._end("the service is ending")

    async def _ensure(self) -> None:
        async with self._starting:
            if self._is_closing:
                raise EngineError("The transcription service is ending.")
            if self._process is None:
                await self._spawn()
            ready = self._ready
            assert ready is not None
            try:
                await asyncio.wait_for(asyncio.shield(ready), self._options.start_s)
            except asyncio.TimeoutError as error:
                await self._end("it did not load its weights in time")
                raise EngineError(
                    f"The transcriber has not loaded within {self._options.start_s:g} s.", "Try again."
                ) from error
            except EngineError:
                await self._end("it cannot load")
                raise

    async def _spawn(self) -> None:
        options = json.dumps(asdict(self._options.recognizer))
        self._ready = asyncio.get_running_loop().create_future()
        self._errors = bytearray()
        root = str(Path(__file__).parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = await asyncio.create_subprocess_exec(
            *self._options.program,
            *("--options", options, "--nice", str(self._options.nice)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_LINE_BYTES,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        self._heard_at = self._idle_since = time.monotonic()
        process = self._process
        self._tasks = [
            asyncio.create_task(self._read(process)),
            asyncio.create_task(self._read_errors(process)),
            asyncio.create_task(self._watch(process)),
        ]

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line that is too long
                break
            if not line:
                break
            self._heard_at = time.monotonic()
            self._take(json.loads(line))
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        code = await process.wait()
        if self._process is process:
            self._process = None
            self._lose(f"The transcriber ended with code {code}.{self._said()}")

    async def _read_errors(self, process: asyncio.subprocess.Process) -> None:
        assert process.stderr is not None
        while data := await process.stderr.read(_ERRORS_BYTES):
            self._errors += data
            del self._errors[:-_ERRORS_BYTES]

    def _take(self, report: dict[str, Any]) -> None:
        ready = self._ready
        if report["event"] == "ready":
            if ready is not None and not ready.done():
                ready.set_result(None)
            return
        if report["event"] == "broken":
            if ready is not None and not ready.done():
                ready.set_exception(EngineError(report["message"], report["fix"]))
            return
        receiver = self._jobs.get(report["job"])
        if report["event"] != "progress":
            self._jobs.pop(report["job"], None)
            self._idle_since = time.monotonic()
        if receiver is not None:
            receiver(report)

    def _lose(self, why: str) -> None:
        """Tell everybody that the process is gone."""
        ready, self._ready = self._ready, None
        if ready is not None and not ready.done():
            ready.set_exception(EngineError(why, "See the server's log."))
            ready.exception()  # it may be that nobody waits for it
        jobs, self._jobs = self._jobs, {}
        for job, receiver in jobs.items():
            receiver({"event": "failed", "job": job, "kind": "lost", "message": why, "fix": "Try again."})

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """End it when it is idle for long, or hangs."""
        options = self._options
        while self._process is process:
            now = time.monotonic()
            if self._jobs:
                wait = self._heard_at + options.stall_s - now
                if wait <= 0:
                    log.error("the transcriber does not report for %.0f s; it is ended", options.stall_s)
                    process.kill()
                    return
            elif options.idle_s > 0 and self.is_loaded and not self._starting.locked():
                wait = self._idle_since + options.idle_s - now
                if wait <= 0:
                    log.info("nothing to transcribe for %.0f s: the weights are freed", options.idle_s)
                    await self._end("it is idle", watching=True)
                    return
            else:
                wait = 1.0
            await asyncio.sleep(min(max(wait, 0.02), 1.0))

    def _write(self, order: dict[str, Any]) -> None:
        process = self._process
        if process is not None and process.stdin is not None and not process.stdin.is_closing():
            process.stdin.write((json.dumps(order) + "\n").encode())

    async def _end(self, why: str, *, watching: bool = False) -> None:
        """Close its stdin, which is its order to end, and see that it does."""
        process, self._process = self._process, None
        if process is None:
            return
        self._lose(f"The transcriber was ended: {why}.")
        assert process.stdin is not None
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), _END_S)
        except asyncio.TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        mine = asyncio.current_task()
        others = [task for task in self._tasks if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if not watching:
            self._tasks = []

    def _said(self) -> str:
        lines = self._errors.decode("utf-8", "replace").strip().splitlines()
        return f" It said: {lines[-1]}" if lines else ""
