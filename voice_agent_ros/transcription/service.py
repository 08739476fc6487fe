# SPDX-License-Identifier: Apache-2.0
"""Transcription as a service: a bounded queue, one worker process, results that are kept, jobs that survive a restart."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import EngineError
from voice_agent_ros.transcription.jobs import Job
from voice_agent_ros.transcription.store import JobStore, StoredJob, StoreLimits, state_directory
from voice_agent_ros.transcription.transcript import Segment, Transcript
from voice_agent_ros.transcription.upload import Recording, UploadLimits
from voice_agent_ros.transcription.wishes import Wishes
from voice_agent_ros.transcription.worker_process import WorkerOptions, WorkerProcess
from voice_agent_ros.xlm.api_errors import ApiError, overloaded, unavailable

_ATTEMPTS = 2  # a recording that takes the worker down with it twice is left alone
_RETRY_S = 5.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServiceOptions:
    """How the service is run.

    Attributes:
        model: name that clients know the recognizer by.
        directory: of jobs and results.
        max_duration_s: of a recording.
        max_queued: jobs that wait.
        at_once: jobs for which somebody waits on the line that take turns; one more runs in the background.
    """

    model: str = "whisper-tiny.en"
    directory: Path = field(default_factory=state_directory)
    worker: WorkerOptions = field(default_factory=WorkerOptions)
    upload: UploadLimits = field(default_factory=UploadLimits)
    store: StoreLimits = field(default_factory=StoreLimits)
    max_duration_s: float = 12 * 3600.0
    max_queued: int = 32
    at_once: int = 3


class TranscriptionService:
    """All methods are called in one event loop, between `start` and `stop`.

    Raises:
        ConfigurationError: the directory cannot be used.
    """

    def __init__(self, options: ServiceOptions | None = None) -> None:
        self.options = options or ServiceOptions()
        self._store = JobStore(self.options.directory, self.options.store)
        self._worker = WorkerProcess(self.options.worker)
        self._live: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        self._running: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    @property
    def recordings(self) -> Path:
        """Where uploads are put."""
        return self._store.recordings

    def start(self) -> None:
        """Go on with jobs that a former process has left."""
        for stored in self._store.unfinished():
            if not self._store.recording_of(stored.id).exists():
                self._store.fail(stored.id, 410, "The recording was lost when the service ended.")
                continue
            self._store.requeue(stored.id)
            job = Job(stored.id, stored.wishes, stored.result_key, in_background=True)
            self._live[job.id] = job
            self._waiting.append(job)
        self._pump()

    async def stop(self) -> None:
        """End; jobs that are not over are gone on with after the next start."""
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._worker.close()
        self._store.close()

    def health(self) -> dict[str, Any]:
        """What monitoring wants to know."""
        return {
            "model": self.options.model,
            "model_loaded": self._worker.is_loaded,
            "worker_pid": self._worker.pid,
            "active": len(self._running),
            "queued": len(self._waiting),
        }

    def submit(self, recording: Recording, wishes: Wishes, *, in_background: bool) -> Job:
        """Take a recording; its file is ours from now on.

        Raises:
            ApiError: the recording was not taken in whole, or too many wait already.
        """
        if recording.problem is not None:
            raise recording.problem
        key = self._key(recording, wishes)
        known = self._store.result(key) or self._without_words(recording, wishes)
        if known is None and len(self._waiting) >= self.options.max_queued:
            recording.discard()
            raise overloaded(f"{len(self._waiting)} recordings are waiting.", _RETRY_S)
        job = Job(self._store.add(wishes, key, recording.size), wishes, key, in_background)
        if known is not None:
            recording.discard()
            job.state, job.transcript, job.is_cached = "completed", known, True
            job.segments, job.position_s, job.duration_s = (
                list(known.segments),
                known.duration_s,
                known.duration_s,
            )
            self._store.keep(key, known)
            self._store.complete(job.id)
            return job
        recording.path.replace(self._store.recording_of(job.id))
        self._live[job.id] = job
        self._waiting.append(job)
        self._pump()
        return job

    def find(self, name: str) -> Job:
        """A job that was submitted, be it over or not.

        Raises:
            ApiError: nobody knows it.
        """
        if name in self._live:
            return self._live[name]
        stored = self._store.get(name)
        if stored is None:
            raise ApiError(
                404, "There is no such job.", "It may have been too long ago.", code="job_not_found"
            )
        return self._remembered(stored)

    def cancel(self, job: Job) -> None:
        """Nobody wants it any more; what is over stays as it is."""
        if job.is_over:
            return
        if job in self._waiting:
            self._waiting.remove(job)
        self._worker.cancel(job.id)
        job.state = "cancelled"
        self._store.cancel(job.id)
        self._leave(job)

    def _fitted(self, wishes: Wishes) -> Wishes:
        """With the language that they come to."""
        if wishes.language != "auto":
            return wishes
        return wishes.model_copy(update={"language": self.options.worker.recognizer.language})

    def _key(self, recording: Recording, wishes: Wishes) -> str:
        return self._fitted(wishes).key(recording.content, self._engine_name())

    def _without_words(self, recording: Recording, wishes: Wishes) -> Transcript | None:
        """From what was found for somebody who wished for the times of words, too: the rest is the same."""
        if wishes.words:
            return None
        known = self._store.result(self._key(recording, wishes.model_copy(update={"words": True})))
        if known is None:
            return None
        return replace(known, segments=tuple(replace(segment, words=()) for segment in known.segments))

    def _engine_name(self) -> str:
        recognizer = self.options.worker.recognizer
        return f"{recognizer.name} {recognizer.path or recognizer.model} {recognizer.server_model}"

    def _remembered(self, stored: StoredJob) -> Job:
        job = Job(stored.id, stored.wishes, stored.result_key, in_background=True, state=stored.state)
        if stored.state == "completed":
            job.transcript = self._store.result(stored.result_key)
            if job.transcript is None:
                raise ApiError(
                    410, "The result is no longer kept.", "Send the recording again.", code="result_gone"
                )
            job.segments = list(job.transcript.segments)
            job.position_s = job.duration_s = job.transcript.duration_s
        elif stored.state == "failed":
            status = stored.status or 500
            kind = "server_error" if status >= 500 else "invalid_request_error"
            job.problem = ApiError(status, stored.message, type=kind)
        return job

    def _pump(self) -> None:
        """Begin what may begin: those on the line first."""
        while self._waiting and not self._is_stopping:
            busy = [self._live[name].in_background for name in self._running if name in self._live]
            places = {False: self.options.at_once - busy.count(False), True: 1 - busy.count(True)}
            may_begin = [job for job in self._waiting if places[job.in_background] > 0]
            if not may_begin:
                return
            job = min(may_begin, key=lambda one: one.in_background)  # of equals, the first
            self._waiting.remove(job)
            self._running.add(job.id)
            task = asyncio.create_task(self._begin(job))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _begin(self, job: Job) -> None:
        attempts = self._store.begin(job.id)
        job.state = "processing"
        job.ring()
        try:
            await self._worker.start(
                job.id,
                self._store.recording_of(job.id),
                job.wishes,
                lambda report: self._take(job, report, attempts),
                max_duration_s=self.options.max_duration_s,
            )
        except EngineError as error:
            self._fail(job, unavailable(error.message, error.fix, code="transcriber_unavailable"))
        except OSError as error:
            self._fail(job, unavailable(f"The transcriber cannot be started: {error}."))
        if job.is_over:  # cancelled meanwhile
            self._worker.cancel(job.id)

    def _take(self, job: Job, report: dict[str, Any], attempts: int) -> None:
        """A report of the worker."""
        event = report["event"]
        if job.is_over:
            return
        if event == "progress":
            job.position_s = report["position_s"]
            job.duration_s = report["duration_s"] or job.duration_s
            if "segment" in report:
                job.segments.append(Segment.from_dict(report["segment"]))
            job.ring()
        elif event == "done":
            head = Transcript.from_dict(report["transcript"])
            job.transcript = replace(head, segments=tuple(job.segments))
            job.position_s = job.duration_s = head.duration_s
            self._store.keep(job.result_key, job.transcript)
            self._store.complete(job.id)
            job.state = "completed"
            self._leave(job)
        elif event == "failed":
            self._failed(job, report, attempts)

    def _failed(self, job: Job, report: dict[str, Any], attempts: int) -> None:
        kind, message, fix = report["kind"], report["message"], report["fix"]
        if kind == "lost" and self._is_stopping:
            return  # it is gone on with after the next start
        if kind == "lost" and attempts < _ATTEMPTS:
            log.warning("transcription %s is tried again: %s", job.id, message)
            job.segments.clear()
            job.position_s, job.state = 0.0, "queued"
            self._store.requeue(job.id)
            self._running.discard(job.id)
            self._waiting.appendleft(job)
            self._pump()
            return
        if kind == "media":
            self._fail(job, ApiError(400, message, fix, param="file", code="invalid_file"))
        elif kind == "engine":
            self._fail(job, ApiError(400, message, fix, code="cannot_transcribe"))
        else:
            log.error("transcription %s failed: %s", job.id, message)
            self._fail(job, ApiError(500, message, fix, type="server_error", code="internal_error"))

    def _fail(self, job: Job, problem: ApiError) -> None:
        if job.is_over:
            return
        job.problem, job.state = problem, "failed"
        self._store.fail(job.id, problem.status, str(problem))
        self._leave(job)

    def _leave(self, job: Job) -> None:
        """A job is over."""
        self._running.discard(job.id)
        self._live.pop(job.id, None)
        job.ring()
        self._pump()
