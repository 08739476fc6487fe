# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: routes, keys, error bodies, and what happens when a client hangs up."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from dataclasses import asdict
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from voice_agent_ros.xlm.api_errors import ApiError
from voice_agent_ros.xlm.chat import ChatService, Completion, event_line
from voice_agent_ros.xlm.protocol import ChatRequest
from voice_agent_ros.xlm.scheduler import Engine

KEEP_ALIVE_S = 10.0
# A reply that begins within this time can still fail with a proper status; later errors travel in the stream.
STATUS_WAIT_S = 10.0
BODY_MAX_BYTES = 1_048_576
_HUNG_UP = ApiError(499, "The client hung up.", code="client_closed_request")
_Result = TypeVar("_Result")


def create_app(
    engine: Engine, service: ChatService, model_id: str, created: int, api_key: str = ""
) -> FastAPI:
    """The application.

    Args:
        engine: started and stopped with the application.
        service: answers chat requests.
        model_id: the model's public name.
        created: when the server was started, in seconds since 1970.
        api_key: what clients must present; empty: nothing.
    """

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        await engine.stop()

    app = FastAPI(title="xlm-server", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_error_bodies(app)
    app.add_middleware(_Gate, api_key=api_key)
    model = {"id": model_id, "object": "model", "created": created, "owned_by": "voice_agent_ros"}

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [model]}

    @app.get("/v1/models/{name:path}")
    async def one_model(name: str) -> dict[str, Any]:
        service.check_model(name)
        return model

    @app.get("/health")
    async def health() -> JSONResponse:
        status = engine.status()
        body = {"status": "ok" if status.is_healthy else "unavailable", "model": model_id, **asdict(status)}
        return JSONResponse(body, 200 if status.is_healthy else 503)

    @app.post("/v1/chat/completions")
    async def chat(request: Request, body: ChatRequest) -> Response:
        completion = service.begin(body, _client_of(request))
        headers = {"x-ignored-parameters": ",".join(body.ignored())} if body.ignored() else {}
        if not body.stream:
            return JSONResponse(await _unless_gone(request, completion, completion.whole()), headers=headers)
        include_usage = bool(body.stream_options and body.stream_options.include_usage)
        chunks = completion.chunks(include_usage=include_usage)
        first = asyncio.ensure_future(anext(chunks))
        await _first_or_error(request, completion, first)
        return StreamingResponse(
            _with_keep_alive(completion, first, chunks),
            media_type="text/event-stream",
            headers={**headers, "Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )

    return app


def _client_of(request: Request) -> str:
    """Whom the queue is fair to: a program on a host, as far as that can be seen."""
    host = request.client.host if request.client else ""
    agent = request.headers.get("user-agent", "")
    key = hashlib.sha256(request.headers.get("authorization", "").encode()).hexdigest()[:8]
    return f"{host}|{agent}|{key}"


async def _until_gone(request: Request) -> None:
    """Return when the client has hung up. The body has been read by then."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _unless_gone(
    request: Request, completion: Completion, work: Coroutine[Any, Any, _Result]
) -> _Result:
    """The work's result; the engine is told at once if nobody waits for it any more."""
    working = asyncio.create_task(work)
    gone = asyncio.create_task(_until_gone(request))
    tasks: list[asyncio.Task[Any]] = [working, gone]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise _HUNG_UP
    finally:
        completion.job.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_or_error(request: Request, completion: Completion, first: asyncio.Future[str]) -> None:
    """Wait for the first chunk for a while, so that an early failure gets a status of its own.

    Raises:
        ApiError: there will be no reply.
    """
    gone = asyncio.ensure_future(_until_gone(request))
    try:
        waited: list[asyncio.Future[Any]] = [first, gone]
        await asyncio.wait(waited, timeout=STATUS_WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        if first.done():
            first.result()
        elif gone.done():
            raise _HUNG_UP
    except BaseException:
        completion.job.cancel()
        first.cancel()
        raise
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)


async def _with_keep_alive(
    completion: Completion, first: asyncio.Future[str], chunks: AsyncGenerator[str, None]
) -> AsyncGenerator[str, None]:
    """The chunks, with comments while there are none; the engine is told if the client hangs up."""
    waiting = first
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=KEEP_ALIVE_S)
            if not done:
                yield ": waiting\n\n"
                continue
            try:
                chunk = waiting.result()
            except StopAsyncIteration:
                return
            except ApiError as error:
                yield event_line(error.body())
                return
            yield chunk
            waiting = asyncio.ensure_future(anext(chunks))
    finally:
        completion.job.cancel()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await chunks.aclose()


class _Gate:
    """Refuses callers without the key and bodies that are too large, before anything reads them."""

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self._app = app
        self._api_key = api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("authorization", "").removeprefix("Bearer ").encode()
        is_open = not self._api_key or scope["path"] == "/health"
        if not is_open and not hmac.compare_digest(given, self._api_key):
            error = ApiError(
                401, "The API key is missing or wrong.", type="authentication_error", code="invalid_api_key"
            )
            await _error_response(error)(scope, receive, send)
            return
        length = headers.get("content-length", "")
        if not length.isdigit() and (length or headers.get("transfer-encoding")):
            await _error_response(ApiError(411, "The body has no length."))(scope, receive, send)
        elif int(length or 0) > BODY_MAX_BYTES:
            error = ApiError(413, f"The body is larger than {BODY_MAX_BYTES} bytes.")
            await _error_response(error)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _add_error_bodies(app: FastAPI) -> None:
    """Every error has OpenAI's shape."""

    @app.exception_handler(ApiError)
    async def api_error(_: Request, error: ApiError) -> JSONResponse:
        return _error_response(error)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        problem = f"{where}: {first['msg']}." if where else f"{first['msg']}."
        return _error_response(ApiError(400, problem, param=where or None))

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        what = f"{request.method} {request.url.path}: {error.detail}."
        return _error_response(ApiError(error.status_code, what))

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        what = f"Internal error: {type(error).__name__}."
        return _error_response(ApiError(500, what, "See the server's log.", type="server_error"))


def _error_response(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body(), error.status, headers=error.headers())
