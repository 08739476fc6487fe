# SPDX-License-Identifier: Apache-2.0
"""What other parts of the robot plug into the server: their routes, and what goes with them.

Keys, rates, host names, error bodies, security headers, body limits and request metrics are the server's and apply to
every route by themselves. Handlers run on the event loop that also feeds the chat: what takes longer than a
millisecond belongs into a thread or a process. An error is an `ApiError`; nothing else has to be shaped.

A module that offers a service is named in `MODULES`. It has two functions, and imports its engines inside of them:

    def add_options(parser: argparse.ArgumentParser) -> None   # its part of xlm-server's command line
    def create(options: argparse.Namespace) -> Service | None  # None: it is not wanted
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    from fastapi import APIRouter
    from prometheus_client.registry import Collector

MODULES: tuple[str, ...] = ("voice_agent_ros.transcription.xlm_service", "voice_agent_ros.tts.xlm_service")
BODY_MAX_BYTES = 1_048_576
BODY_S = 30.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BodyLimit:
    """What a route takes.

    Attributes:
        max_bytes: largest body; more is a 413.
        seconds: longest time for its arrival; longer is a 408.
    """

    max_bytes: int = BODY_MAX_BYTES
    seconds: float = BODY_S


async def _nothing() -> None:
    pass


def _no_news() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Service:
    """One part's share of the server.

    Attributes:
        name: its key under `services` in /health.
        router: its routes, with whole paths ("/v1/audio/speech").
        model_ids: listed in /v1/models after the language model.
        body_limits: by path, the longest match counts ("/v1/audio/transcriptions", or "/transcribe" for all below it
            too); other paths have the server's own limit.
        health: quick; JSON values, for instance {"ok": True, "model_loaded": False}. `ok` false makes a server
            without a language model unhealthy.
        collectors: more of Prometheus' metrics; their names begin with the service's.
        start: called before the first request; what it raises ends the server.
        stop: called at the end, within the 3 s in which the server ends; also after a failed start.
    """

    name: str
    router: APIRouter
    model_ids: tuple[str, ...] = ()
    body_limits: Mapping[str, BodyLimit] = field(default_factory=dict)
    health: Callable[[], Mapping[str, Any]] = _no_news
    collectors: tuple[Collector, ...] = ()
    start: Callable[[], Awaitable[None]] = _nothing
    stop: Callable[[], Awaitable[None]] = _nothing


class ServiceModule(Protocol):
    """A module named in `MODULES`."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare its options."""
        ...

    def create(self, options: argparse.Namespace) -> Service | None:
        """The service, if it is wanted."""
        ...


def modules(names: Iterable[str] = MODULES) -> list[ServiceModule]:
    """All modules that offer a service."""
    return [cast(ServiceModule, importlib.import_module(name)) for name in names]


async def stop_all(services: Sequence[Service]) -> None:
    """Stop each; the failure of one does not keep the others."""
    results = await asyncio.gather(*(service.stop() for service in services), return_exceptions=True)
    for service, result in zip(services, results, strict=True):
        if isinstance(result, BaseException):
            log.error("service %s did not stop: %s", service.name, result)


class BodyLimits:
    """The limit of each path.

    Args:
        general: where nothing else is said.
        services: those that say something else.
    """

    def __init__(self, general: BodyLimit, services: Sequence[Service] = ()) -> None:
        self._general = general
        said = [
            (path.rstrip("/"), limit) for service in services for path, limit in service.body_limits.items()
        ]
        self._by_path = sorted(said, key=lambda item: -len(item[0]))

    def of(self, path: str) -> BodyLimit:
        """A path's limit."""
        for prefix, limit in self._by_path:
            if path == prefix or path.startswith(f"{prefix}/"):
                return limit
        return self._general
