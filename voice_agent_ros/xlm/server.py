# SPDX-License-Identifier: Apache-2.0
"""The HTTP application: its routes, its errors' shape, and what starts and ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from voice_agent_ros.xlm.api_errors import ApiError, bad_request, internal_error
from voice_agent_ros.xlm.chat import ChatService
from voice_agent_ros.xlm.chat_routes import ChatRoutes
from voice_agent_ros.xlm.json_schema import schema_problem
from voice_agent_ros.xlm.metrics import CONTENT_TYPE_LATEST, Metrics
from voice_agent_ros.xlm.process_memory import resident_bytes
from voice_agent_ros.xlm.scheduler import Engine
from voice_agent_ros.xlm.security import Access, Cors, Gate, error_response
from voice_agent_ros.xlm.services import BodyLimit, BodyLimits, Service, stop_all

_PATHS = "Use /v1/chat/completions, /v1/completions or /v1/models."
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class HttpOptions:
    """How the server treats its clients.

    Attributes:
        access: who may ask.
        body: largest body and longest time for its arrival, where a service does not say otherwise.
        keep_alive_s: longest silence in a stream; a reply that begins within this time can still fail with a
            status of its own.
        deadline_s: longest time for one request.
    """

    access: Access = field(default_factory=Access)
    body: BodyLimit = field(default_factory=BodyLimit)
    keep_alive_s: float = 10.0
    deadline_s: float = 120.0


@dataclass(frozen=True)
class LanguageModel:
    """What answers chat requests.

    Attributes:
        engine: owns the console; started and stopped with the application.
        chat: asks it.
    """

    engine: Engine
    chat: ChatService


def create_app(
    model: LanguageModel | None, options: HttpOptions | None = None, services: Sequence[Service] = ()
) -> FastAPI:
    """The application.

    Args:
        model: None: it serves its services only.
        options: how clients are treated.
        services: more routes, of other parts.
    """
    options = options or HttpOptions()

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            for service in services:
                await service.start()
            if model is not None:
                model.engine.start()
            yield
        finally:
            ends = [stop_all(services)] + ([model.engine.stop()] if model is not None else [])
            await asyncio.gather(*ends)

    schema_problem({})  # its libraries take a while to load; better now than in the first request
    metrics = Metrics(model.engine.status if model else None, services)
    app = FastAPI(title="xlm-server", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    _add_error_bodies(app)
    _add_routes(app, model, options, services, metrics)
    access = options.access
    app.add_middleware(Gate, access=access, limits=BodyLimits(options.body, services), answered=metrics.count)
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


def _add_routes(
    app: FastAPI,
    model: LanguageModel | None,
    options: HttpOptions,
    services: Sequence[Service],
    metrics: Metrics,
) -> None:
    general = GeneralRoutes(model, services, metrics)
    chat: Handler = _no_model
    text: Handler = _no_model
    if model is not None:
        routes = ChatRoutes(
            model.chat, metrics, keep_alive_s=options.keep_alive_s, deadline_s=options.deadline_s
        )
        chat, text = routes.chat, routes.text
    # Some clients' base URL ends before /v1.
    for base in ("/v1", ""):
        app.add_route(f"{base}/chat/completions", chat, methods=["POST"])
        app.add_route(f"{base}/completions", text, methods=["POST"])
        app.add_route(f"{base}/models", general.models, methods=["GET"])
        app.add_route(f"{base}/models/{{name:path}}", general.model, methods=["GET"])
    app.add_route("/health", general.health, methods=["GET"])
    app.add_route("/metrics", general.metrics, methods=["GET"])
    for service in services:
        app.include_router(service.router)


async def _no_model(_: Request) -> Response:
    raise ApiError(
        404, "This server has no language model.", "Start it with --console.", code="model_not_found"
    )


class GeneralRoutes:
    """What is there, and how it is."""

    def __init__(self, model: LanguageModel | None, services: Sequence[Service], metrics: Metrics) -> None:
        self._model = model
        self._services = services
        self._metrics = metrics
        self._created = int(time.time())

    async def models(self, _: Request) -> Response:
        """All models' names."""
        names = self._model.chat.model_ids if self._model else ()
        others = [name for service in self._services for name in service.model_ids]
        data = [self._described(name) for name in dict.fromkeys([*names, *others])]
        return JSONResponse({"object": "list", "data": data})

    async def model(self, request: Request) -> Response:
        """One of them."""
        name = request.path_params["name"]
        if not name.strip("/"):
            return await self.models(request)
        if not any(name in service.model_ids for service in self._services):
            if self._model is None:
                return await _no_model(request)
            self._model.chat.check_model(name)
        return JSONResponse(self._described(name))

    def _described(self, name: str) -> dict[str, Any]:
        known = {"id": name, "object": "model", "created": self._created, "owned_by": "voice_agent_ros"}
        if any(name in service.model_ids for service in self._services) or self._model is None:
            return known
        window = self._model.chat.context_tokens
        # OpenAI names no window; other servers do under one of these names.
        return {**known, "n_ctx": window, "max_model_len": window, "context_length": window}

    async def health(self, _: Request) -> Response:
        """200 only if a question asked now would be answered."""
        services = {service.name: dict(service.health()) for service in self._services}
        memory = {"server_bytes": resident_bytes(os.getpid())}
        told: dict[str, Any] = {"memory": memory}
        if self._model is None:
            is_healthy = all(said.get("ok", True) for said in services.values())
        else:
            status = self._model.engine.status()
            is_healthy = status.is_healthy
            pid = status.console_pid
            memory["console_bytes"] = resident_bytes(pid) if pid is not None else 0
            chat = self._model.chat
            told = {"model": chat.model_id, "n_ctx": chat.context_tokens, **told, **asdict(status)}
        if services:
            told["services"] = services
        body = {"status": "ok" if is_healthy else "unavailable", **told}
        return JSONResponse(body, 200 if is_healthy else 503)

    async def metrics(self, _: Request) -> Response:
        """Prometheus' text."""
        return Response(self._metrics.text(), media_type=CONTENT_TYPE_LATEST)


def _add_error_bodies(app: FastAPI) -> None:
    """Every error has OpenAI's shape."""

    @app.exception_handler(ApiError)
    async def api_error(_: Request, error: ApiError) -> JSONResponse:
        return error_response(error)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> JSONResponse:
        if isinstance(error.__cause__, ApiError):  # FastAPI's own reading of a body that was cut off
            return error_response(error.__cause__)
        what = f"{request.method} {request.url.path}: {error.detail}."
        fix = _PATHS if error.status_code == 404 else ""
        code = "unknown_url" if error.status_code == 404 else None
        return error_response(ApiError(error.status_code, what, fix, code=code, more_headers=error.headers))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        location = first["loc"][1:] if first["type"] != "json_invalid" else ()  # there it is a position
        place = ".".join(str(part) for part in location)  # the first part says body, query or path
        message = first["msg"].removeprefix("Value error, ")
        return error_response(
            bad_request(f"{place}: {message}." if place else f"{message}.", param=place or None)
        )

    @app.exception_handler(Exception)
    async def unexpected(_: Request, error: Exception) -> JSONResponse:
        return error_response(internal_error(error))
