# SPDX-License-Identifier: Apache-2.0
"""The paths of the transcription service, to be mounted on any Starlette or FastAPI application."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from voice_agent_ros.transcription.jobs import Job
from voice_agent_ros.transcription.service import TranscriptionService
from voice_agent_ros.transcription.shapes import as_json, as_row, as_text, as_verbose_json, usage
from voice_agent_ros.transcription.transcript import Transcript, joined
from voice_agent_ros.transcription.upload import Upload, receive
from voice_agent_ros.transcription.wishes import FORMATS, Format, Wishes
from voice_agent_ros.xlm.api_errors import ApiError, bad_request
from voice_agent_ros.xlm.event_stream import EventStream, until_gone
from voice_agent_ros.xlm.wire import event_line

# Nothing here is a page, is to be guessed at, or is to be kept by anybody on the way.
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
WHISPER_NAMES = ("whisper-1", "default", "")
KEEP_ALIVE_S = 10.0
LONGEST_STREAM_S = 24 * 3600.0
_WISH_FIELDS = ("language", "prompt", "chinese")
_IGNORED_FIELDS = ("temperature", "include", "include[]", "chunking_strategy")
Handler = Callable[[Request], Awaitable[Response]]


def routes(service: TranscriptionService) -> list[BaseRoute]:
    """All paths."""
    paths = TranscriptionRoutes(service)
    table: list[tuple[str, str, Handler]] = [
        ("/v1/audio/transcriptions", "POST", paths.openai),
        ("/audio/transcriptions", "POST", paths.openai),
        ("/transcribe", "POST", paths.text),
        ("/transcribe/json", "POST", paths.json),
        ("/transcribe/srt", "POST", paths.srt),
        ("/transcribe/async", "POST", paths.begin),
        ("/status/{job}", "GET", paths.status),
        ("/status/{job}", "DELETE", paths.cancel),
        ("/status/{job}/cancel", "POST", paths.cancel),
        ("/status/{job}/result", "GET", paths.result),
        ("/status/{job}/events", "GET", paths.events),
        ("/transcribe/health", "GET", paths.health),
    ]
    return [Route(path, _guarded(handler), methods=[method]) for path, method, handler in table]


class TranscriptionRoutes:
    """What is answered where."""

    def __init__(self, service: TranscriptionService) -> None:
        self._service = service

    async def openai(self, request: Request) -> Response:
        """OpenAI's transcriptions."""
        upload, given = await self._receive(request)
        try:
            self._check_model(given.get("model", ""))
            shape = _format(given.get("response_format", "json"), "response_format")
            granularities = _granularities(upload)
            words = "word" in granularities and shape == "verbose_json"
            wishes = _wishes(given, words=words or shape in ("srt", "vtt"))
            streams = _flag(given.get("stream", "false"), "stream")
            if streams and shape not in ("json", "text"):
                raise bad_request(
                    "A stream has no such format.", "Use json or text.", param="response_format"
                )
            job = self._service.submit(_only(upload), wishes, in_background=False)
        except BaseException:
            upload.discard()
            raise
        ignored = [name for name in _IGNORED_FIELDS if name in given]
        headers = {"x-ignored-parameters": ",".join(ignored)} if ignored else {}
        if streams:
            return self._stream(_openai_events(job), job, headers)
        transcript = await self._unless_gone(request, job)
        if shape == "json":
            return JSONResponse(as_json(transcript), headers=headers)
        if shape == "verbose_json":
            segments = "segment" in granularities or not granularities
            return JSONResponse(as_verbose_json(transcript, words=words, segments=segments), headers=headers)
        return _text_response(transcript, shape, headers)

    async def text(self, request: Request) -> Response:
        """The words alone, as a file; `format` gives another shape."""
        upload, given = await self._receive(request)
        shape = _format(given.get("format", "text"), "format", upload)
        transcript = await self._one(request, upload, given, words=shape in ("srt", "vtt", "verbose_json"))
        if shape == "json":
            return JSONResponse(as_json(transcript))
        if shape == "verbose_json":
            return JSONResponse(as_verbose_json(transcript, words=True))
        ending = "txt" if shape == "text" else shape
        return _text_response(
            transcript, shape, {"content-disposition": f'attachment; filename="audio.{ending}"'}
        )

    async def srt(self, request: Request) -> Response:
        """Subtitles."""
        upload, given = await self._receive(request)
        transcript = await self._one(request, upload, given, words=True)
        return _text_response(transcript, "srt", {"content-disposition": 'attachment; filename="audio.srt"'})

    async def json(self, request: Request) -> Response:
        """One recording, or several; a bad one among them does no harm to the others."""
        upload, given = await self._receive(request)
        try:
            wishes = _wishes(given, words=_flag(given.get("words", "false"), "words"))
            if not upload.recordings:
                raise bad_request("There is no recording in the body.", "Send it as 'file'.", param="file")
        except BaseException:
            upload.discard()
            raise
        jobs = [self._submitted(recording, wishes) for recording in upload.recordings]
        if len(jobs) == 1:
            if isinstance(jobs[0], ApiError):
                raise jobs[0]
            return JSONResponse(_row(await self._unless_gone(request, jobs[0])))
        results = []
        for number, job in enumerate(jobs):
            try:
                if isinstance(job, ApiError):
                    raise job
                results.append({"index": number, **_row(await self._unless_gone(request, job, jobs))})
            except ApiError as error:
                results.append({"index": number, "status": "error", **error.body()})
        return JSONResponse({"results": results})

    async def begin(self, request: Request) -> Response:
        """A job that is asked for later."""
        upload, given = await self._receive(request)
        try:
            wishes = _wishes(given, words=_flag(given.get("words", "true"), "words"))
            if not upload.recordings:
                raise bad_request("There is no recording in the body.", "Send it as 'file'.", param="file")
        except BaseException:
            upload.discard()
            raise
        jobs = [self._submitted(recording, wishes, in_background=True) for recording in upload.recordings]
        if len(jobs) == 1:
            if isinstance(jobs[0], ApiError):
                raise jobs[0]
            return JSONResponse(_accepted(jobs[0]), 202, headers={"location": f"/status/{jobs[0].id}"})
        listed = [
            {"status": "error", **job.body()} if isinstance(job, ApiError) else _accepted(job) for job in jobs
        ]
        return JSONResponse({"jobs": listed}, 202)

    async def status(self, request: Request) -> Response:
        """How far a job is, with its transcript once it is there."""
        job = self._service.find(request.path_params["job"])
        body = job.as_dict()
        if job.transcript is not None:
            body["result"] = {"transcription": job.transcript.text, **as_row(job.transcript)}
        return JSONResponse(body)

    async def result(self, request: Request) -> Response:
        """A job's transcript in the shape that is asked for."""
        job = self._service.find(request.path_params["job"])
        shape = _format(request.query_params.get("format", "json"), "format")
        if not job.is_over:
            raise ApiError(409, "The job is not over yet.", "Ask for its status.", code="not_finished")
        transcript = await job.finished()
        if shape == "json":
            return JSONResponse(as_json(transcript))
        if shape == "verbose_json":
            return JSONResponse(as_verbose_json(transcript, words=job.wishes.words))
        return _text_response(transcript, shape, {})

    async def cancel(self, request: Request) -> Response:
        """Give a job up."""
        job = self._service.find(request.path_params["job"])
        self._service.cancel(job)
        return JSONResponse(job.as_dict())

    async def events(self, request: Request) -> Response:
        """A job's progress and segments as they come. Who stops reading does not stop the job."""
        job = self._service.find(request.path_params["job"])
        return self._stream(_progress_events(job), None, {})

    async def health(self, _: Request) -> Response:
        """Whether the weights are in memory, and how much there is to do."""
        return JSONResponse({"status": "ok", **self._service.health()})

    async def _receive(self, request: Request) -> tuple[Upload, Mapping[str, str]]:
        upload = await receive(request, self._service.recordings, self._service.options.upload)
        given = dict(request.query_params)
        return upload, given | {name: values[-1] for name, values in upload.fields.items() if values}

    async def _one(
        self, request: Request, upload: Upload, given: Mapping[str, str], *, words: bool
    ) -> Transcript:
        try:
            job = self._service.submit(_only(upload), _wishes(given, words=words), in_background=False)
        except BaseException:
            upload.discard()
            raise
        return await self._unless_gone(request, job)

    def _submitted(self, recording: Any, wishes: Wishes, *, in_background: bool = False) -> Job | ApiError:
        try:
            return self._service.submit(recording, wishes, in_background=in_background)
        except ApiError as error:
            return error

    def _check_model(self, name: str) -> None:
        known = (*WHISPER_NAMES, self._service.options.model)
        if name not in known:
            raise ApiError(
                404,
                f"There is no transcription model {name[:80]!r}.",
                f"Use {self._service.options.model} or whisper-1.",
                param="model",
                code="model_not_found",
            )

    async def _unless_gone(
        self, request: Request, job: Job, all_jobs: list[Job | ApiError] | None = None
    ) -> Transcript:
        """The transcript; if nobody waits for it any more, the job is given up."""
        waiting = asyncio.create_task(job.finished())
        gone = asyncio.create_task(until_gone(request.receive))
        try:
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            self._give_up(all_jobs or [job])
            raise ApiError(499, "The client hung up.", code="client_closed_request")
        except asyncio.CancelledError:
            self._give_up(all_jobs or [job])
            raise
        finally:
            for task in (waiting, gone):
                task.cancel()
            await asyncio.gather(waiting, gone, return_exceptions=True)

    def _give_up(self, jobs: list[Job | ApiError]) -> None:
        for job in jobs:
            if isinstance(job, Job):
                self._service.cancel(job)

    def _stream(
        self, events: AsyncGenerator[bytes, None], job: Job | None, headers: Mapping[str, str]
    ) -> Response:
        def cancel() -> None:
            if job is not None:
                self._service.cancel(job)

        return EventStream(
            events,
            cancel,
            {**SECURITY_HEADERS, **headers},
            keep_alive_s=KEEP_ALIVE_S,
            deadline_s=LONGEST_STREAM_S,
            ended=lambda _: None,
        )


def _guarded(handler: Handler) -> Handler:
    """With error bodies in OpenAI's shape and the headers that every answer has."""

    async def answer(request: Request) -> Response:
        try:
            response = await handler(request)
        except ApiError as error:
            response = JSONResponse(error.body(), error.status, headers=error.headers())
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return answer


async def _openai_events(job: Job) -> AsyncGenerator[bytes, None]:
    """As OpenAI streams: the text in pieces, then the whole of it."""
    text = ""
    async for fresh in job.changes():
        for segment in fresh:
            longer = joined((text, segment.text))
            delta, text = longer[len(text) :], longer
            yield event_line({"type": "transcript.text.delta", "delta": delta})
    transcript = await job.finished()
    yield event_line({"type": "transcript.text.done", "text": transcript.text, "usage": usage(transcript)})


async def _progress_events(job: Job) -> AsyncGenerator[bytes, None]:
    async for fresh in job.changes():
        segments = [
            {"start": round(one.start, 3), "end": round(one.end, 3), "text": one.text} for one in fresh
        ]
        yield event_line({**job.as_dict(), "segments": segments})


def _wishes(given: Mapping[str, str], *, words: bool) -> Wishes:
    chosen = {name: given[name] for name in _WISH_FIELDS if given.get(name)}
    try:
        return Wishes.model_validate({**chosen, "words": words})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise bad_request(
            f"{name}: {first['msg'].removeprefix('Value error, ')}.", param=name or None
        ) from error


def _only(upload: Upload) -> Any:
    if len(upload.recordings) != 1:
        count = len(upload.recordings)
        raise bad_request(
            f"There are {count or 'no'} recordings in the body.",
            "Send one as 'file'; /transcribe/json takes several.",
            param="file",
        )
    return upload.recordings[0]


def _format(value: str, name: str, upload: Upload | None = None) -> Format:
    for known in FORMATS:
        if value == known:
            return known
    if upload is not None:
        upload.discard()
    raise bad_request(f"{name} is {value[:40]!r}.", f"Use one of {', '.join(FORMATS)}.", param=name)


def _granularities(upload: Upload) -> list[str]:
    name = "timestamp_granularities"
    values = [*upload.fields.get(f"{name}[]", ()), *upload.fields.get(name, ())]
    if any(value not in ("word", "segment") for value in values):
        raise bad_request(f"{name} is {values!r}.", "Use word, segment or both.", param=name)
    return values


def _flag(value: str, name: str) -> bool:
    if value.lower() not in ("true", "false", "1", "0"):
        raise bad_request(f"{name} is {value[:40]!r}.", "Use true or false.", param=name)
    return value.lower() in ("true", "1")


def _row(transcript: Transcript) -> dict[str, Any]:
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
    return {"status": "success", "transcription": transcript.text, **as_row(transcript), "timestamp": now}


def _accepted(job: Job) -> dict[str, str]:
    return {
        "status": "accepted",
        "job_id": job.id,
        "message": f"Use /status/{job.id} to check progress, /status/{job.id}/events to follow it.",
    }


def _text_response(transcript: Transcript, shape: Format, headers: Mapping[str, str]) -> Response:
    made = as_text(transcript, shape)
    assert made is not None
    return Response(made[0], media_type=made[1], headers=dict(headers))
