# SPDX-License-Identifier: Apache-2.0
"""Recordings on this computer, transcribed by the worker process; for programs without an event loop of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import EngineError
from voice_agent_ros.transcription.transcript import Segment, Transcript, joined
from voice_agent_ros.transcription.wishes import Wishes
from voice_agent_ros.transcription.worker_process import WorkerOptions, WorkerProcess


@dataclass(frozen=True)
class FileReport:
    """How far a recording is.

    Attributes:
        fraction: [0, 1]; -1 while its duration is not known.
        fresh_text: heard since the last report.
        is_over: the last report.
        transcript: if it came to one.
        problem: if not, why.
    """

    fraction: float = -1.0
    position_s: float = 0.0
    fresh_text: str = ""
    is_over: bool = False
    transcript: Transcript | None = None
    problem: str = ""


class FileJobs:
    """A worker and the thread that listens to it; all methods may be called from any thread."""

    def __init__(self, options: WorkerOptions, *, max_duration_s: float) -> None:
        self._max_duration_s = max_duration_s
        self._loop = asyncio.new_event_loop()
        self._worker = WorkerProcess(options)
        self._found: dict[str, list[Segment]] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="transcription", daemon=True)
        self._thread.start()

    def start(self, job: str, path: Path, wishes: Wishes, on_report: Callable[[FileReport], None]) -> None:
        """Begin; the reports come from another thread, and the last one always comes."""
        self._do(self._start(job, path, wishes, on_report))

    def cancel(self, job: str) -> None:
        """Give a job up; its last report says so."""
        self._loop.call_soon_threadsafe(self._worker.cancel, job)

    def close(self, timeout_s: float) -> None:
        """End the worker and the thread."""
        self._do(self._worker.close()).result(timeout_s)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout_s)
        if not self._thread.is_alive():
            self._loop.close()

    async def _start(
        self, job: str, path: Path, wishes: Wishes, on_report: Callable[[FileReport], None]
    ) -> None:
        self._found[job] = []
        try:
            await self._worker.start(
                job,
                path,
                wishes,
                lambda report: self._take(job, report, on_report),
                max_duration_s=self._max_duration_s,
            )
        except (EngineError, OSError) as error:
            self._found.pop(job, None)
            on_report(FileReport(is_over=True, problem=str(error)))

    def _take(self, job: str, report: dict[str, Any], on_report: Callable[[FileReport], None]) -> None:
        if report["event"] == "progress":
            fresh = [Segment.from_dict(report["segment"])] if "segment" in report else []
            self._found[job] += fresh
            duration_s, position_s = report["duration_s"], report["position_s"]
            fraction = min(1.0, position_s / duration_s) if duration_s else -1.0
            on_report(FileReport(fraction, position_s, joined(segment.text for segment in fresh)))
            return
        found = self._found.pop(job, [])
        if report["event"] == "done":
            transcript = replace(Transcript.from_dict(report["transcript"]), segments=tuple(found))
            on_report(FileReport(1.0, transcript.duration_s, "", is_over=True, transcript=transcript))
        elif report["event"] == "cancelled":
            on_report(FileReport(is_over=True, problem="It was cancelled."))
        else:
            on_report(FileReport(is_over=True, problem=f"{report['message']} {report['fix']}".strip()))

    def _do(self, work: Coroutine[Any, Any, None]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop)
