# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: routes, bodies, error bodies, and what happens when a client hangs up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse

from voice_agent_ros import __version__
from voice_agent_ros.xlm.api_errors import ApiError, internal_error
from voice_agent_ros.xlm.chat import ChatService, Reply, in_reasoning_mode
from voice_agent_ros.xlm.event_stream import EventStream, until_gone
from voice_agent_ros.xlm.json_schema import schema_problem
from voice_agent_ros.xlm.metrics import CONTENT_TYPE_LATEST, Metrics
from voice_agent_ros.xlm.process_memory import resident_bytes
from voice_agent_ros.xlm.protocol import ChatRequest, ReasoningMode, TextRequest
from voice_agent_ros.xlm.scheduler import Engine
from voice_agent_ros.xlm.security import Access, Cors, Gate, client_of, error_response
from voice_agent_ros.xlm.wire import ChatWire, TextWire

_FINGERPRINT = f"fp_{__version__}"
_HUNG_UP = ApiError(499, "The client hung up.", code="client_closed_request")
LATER_THAN_THE_ENGINE_S = 5.0
_Body = TypeVar("_Body", bound=BaseModel)
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class HttpOptions:
    """How the server treats its clients.

    Attributes:
        access: who may ask.
        body_max_bytes: largest body.
        body_s: longest time for its arrival.
        keep_alive_s: longest silence in a stream; a reply that begins within this time can still fail with a
            status of its own.
        deadline_s: longest time for one request.
    """

    access: Access = field(default_factory=Access)
    body_max_bytes: int = 1_048_576
    body_s: float = 30.0
    keep_alive_s: float = 10.0
    deadline_s: float = 120.0


def create_app(engine: Engine, service: ChatService, options: HttpOptions | None = None) -> FastAPI:
    """The application; the engine is started and stopped with it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        await engine.stop()

    options = options or HttpOptions()
    schema_problem({})  # its libraries take a while to load; better now than in the first request
    metrics = Metrics(engine.status)
    app = FastAPI(title="xlm-server", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_error_bodies(app)
    routes = Routes(engine, service, options, metrics)
    # Some clients' base URL ends before /v1.
    for base in ("/v1", ""):
        app.add_route(f"{base}/chat/completions", routes.chat, methods=["POST"])
        app.add_route(f"{base}/completions", routes.text, methods=["POST"])
        app.add_route(f"{base}/models", routes.models, methods=["GET"])
        app.add_route(f"{base}/models/{{name:path}}", routes.model, methods=["GET"])
    app.add_route("/health", routes.health, methods=["GET"])
    app.add_route("/metrics", routes.metrics, methods=["GET"])
    access = options.access
    app.add_middleware(Gate, access=access, answered=metrics.count)
    if access.origins:
        exposed = ["x-request-id", "x-ignored-parameters", "x-trimmed-messages", "retry-after"]
        app.add_middleware(
            Cors,
            allow_origins=access.origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=exposed,
        )
    return app


class Routes:
    """What is answered where."""

    def __init__(self, engine: Engine, service: ChatService, options: HttpOptions, metrics: Metrics) -> None:
        self._engine = engine
        self._service = service
        self._options = options
        self._metrics = metrics
        self._created = int(time.time())

    async def models(self, _: Request) -> Response:
        """All of the model's names."""
        return JSONResponse(
            {"object": "list", "data": [self._model(name) for name in self._service.model_ids]}
        )

    async def model(self, request: Request) -> Response:
        """One of them."""
        name = request.path_params["name"]
        if not name.strip("/"):
            return await self.models(request)
        self._service.check_model(name)
        return JSONResponse(self._model(name))

    def _model(self, name: str) -> dict[str, Any]:
        window = self._service.context_tokens
        known = {"id": name, "object": "model", "created": self._created, "owned_by": "voice_agent_ros"}
        # OpenAI names no window; other servers do under one of these names.
        return {**known, "n_ctx": window, "max_model_len": window, "context_length": window}

    async def health(self, _: Request) -> Response:
        """200 only if a question asked now would be answered."""
        status = self._engine.status()
        pid = status.console_pid
        memory = {
            "server_bytes": resident_bytes(os.getpid()),
            "console_bytes": resident_bytes(pid) if pid is not None else 0,
        }
        body = {
            "status": "ok" if status.is_healthy else "unavailable",
            "model": self._service.model_id,
            "n_ctx": self._service.context_tokens,
            "memory": memory,
            **asdict(status),
        }
        return JSONResponse(body, 200 if status.is_healthy else 503)

    async def metrics(self, _: Request) -> Response:
        """Prometheus' text."""
        return Response(self._metrics.text(), media_type=CONTENT_TYPE_LATEST)

    async def chat(self, request: Request) -> Response:
        """A chat completion."""
        body = await self._read(request, ChatRequest)
        reply = self._service.begin(body, client_of(request.scope))
        mode = self._service.reasoning_mode(body)
        return await self._answer(
            request, body, reply, ChatWire(self._service.name_for(body.model), _FINGERPRINT), mode
        )

    async def text(self, request: Request) -> Response:
        """A text completion."""
        body = await self._read(request, TextRequest)
        reply = self._service.begin_text(body, client_of(request.scope))
        wire = TextWire(self._service.name_for(body.model), _FINGERPRINT)
        return await self._answer(request, body, reply, wire, "separate")

    async def _answer(
        self,
        request: Request,
        body: ChatRequest | TextRequest,
        reply: Reply,
        wire: ChatWire,
        mode: ReasoningMode,
    ) -> Response:
        ignored = self._service.ignored(body)
        headers = {"x-ignored-parameters": ",".join(ignored)} if ignored else {}
        if reply.turn.trimmed:
            headers["x-trimmed-messages"] = str(reply.turn.trimmed)
        deltas = in_reasoning_mode(reply.deltas(), mode)
        if body.stream:
            return EventStream(
                wire.events(deltas, reply, include_usage=body.includes_usage),
                reply.cancel,
                headers,
                keep_alive_s=self._options.keep_alive_s,
                deadline_s=self._options.deadline_s,
                ended=lambda status: self._metrics.observe(
                    reply, broken_by=status if status != 200 else None
                ),
            )
        try:
            whole = await self._unless_gone(request, reply.cancel, wire.whole(deltas, reply))
        finally:
            self._metrics.observe(reply)
        return JSONResponse(whole, headers=headers)

    async def _unless_gone(
        self, request: Request, cancel: Callable[[], None], work: Coroutine[Any, Any, _Result]
    ) -> _Result:
        """The work's result; the engine is told at once if nobody waits for it any more."""
        working = asyncio.create_task(work)
        gone = asyncio.create_task(until_gone(request.receive))
        tasks: set[asyncio.Task[Any]] = {working, gone}
        try:
            limit_s = self._options.deadline_s + LATER_THAN_THE_ENGINE_S
            await asyncio.wait(tasks, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise _HUNG_UP
        finally:
            cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, request: Request, kind: type[_Body]) -> _Body:
        """The request's body.

        Raises:
            ApiError: it is too large, too slow, or not what it should be.
        """
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            # Strict on purpose: a web page can send anything else here without asking.
            raise ApiError(
                415, f"The body is {media_type or 'of no type'!r}.", "Send 'Content-Type: application/json'."
            )
        try:
            data = await asyncio.wait_for(self._body(request), self._options.body_s)
        except asyncio.TimeoutError as error:
            raise ApiError(408, "The body did not arrive in time.") from error
        except ClientDisconnect as error:
            raise _HUNG_UP from error
        try:
            return kind.model_validate_json(data)
        except ValidationError as error:
            raise _invalid(error, data) from error

    async def _body(self, request: Request) -> bytes:
        most = self._options.body_max_bytes
        length = request.headers.get("content-length", "")
        data = bytearray()
        if not length.isdigit() or int(length) <= most:
            async for piece in request.stream():
                data += piece
                if len(data) > most:
                    break
            else:
                return bytes(data)
        raise ApiError(413, f"The body is larger than {most} bytes.", code="request_too_large")


def _invalid(error: ValidationError, data: bytes) -> ApiError:
    """The first mistake, with the parameter it is in."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = _path(first["loc"], data) if first["type"] != "json_invalid" else ""
    message = first["msg"].removeprefix("Value error, ")
    return ApiError(400, f"{where}: {message}." if where else f"{message}.", param=where or None)


def _path(location: tuple[int | str, ...], data: bytes) -> str:
    """Where in the body; pydantic's location names the kinds of value it has tried, too."""
    value, path = json.loads(data), ""
    for part in location:
        if isinstance(part, int) and isinstance(value, list):
            value, path = value[part], f"{path}[{part}]"
        elif isinstance(value, dict) and (part in value or part == location[-1]):
            value, path = value.get(part), f"{path}.{part}"
    return path.lstrip(".")


def _add_error_bodies(app: FastAPI) -> None:
    """Every error has OpenAI's shape."""

    @app.exception_handler(ApiError)
    async def api_error(_: Request, error: ApiError) -> JSONResponse:
        return error_response(error)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        what = f"{request.method} {request.url.path}: {error.detail}."
        fix = "Use a path below /v1." if error.status_code == 404 else ""
        code = "unknown_url" if error.status_code == 404 else None
        return error_response(ApiError(error.status_code, what, fix, code=code, more_headers=error.headers))

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        return error_response(internal_error(error))
