# SPDX-License-Identifier: Apache-2.0
"""What Prometheus can ask: requests, waiting, first tokens, speed, and how the engine is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

from voice_agent_ros.xlm.chat import Reply
from voice_agent_ros.xlm.engine_status import EngineStatus
from voice_agent_ros.xlm.process_memory import resident_bytes
from voice_agent_ros.xlm.services import Service

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

WAIT_BUCKETS_S = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)
SPEED_BUCKETS_TPS = (1, 2, 5, 10, 15, 20, 25, 30, 40, 60, 100, 1_000)
# Anything else counts as one, so that nobody can make labels.
ROUTES = ("/chat/completions", "/completions", "/models", "/health", "/metrics")
# Fewer tokens say nothing about a speed.
SPEED_FROM_TOKENS = 8


class _EngineCollector(Collector):
    """The engine's own numbers, read when they are asked for."""

    def __init__(self, status: Callable[[], EngineStatus]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """One sample each."""
        status = self._status()
        pid = status.console_pid
        yield GaugeMetricFamily("xlm_engine_up", "1 if the engine can answer", float(status.is_healthy))
        yield GaugeMetricFamily("xlm_queue_length", "Requests that wait", status.queued)
        yield CounterMetricFamily(
            "xlm_engine_restarts", "Starts of the console after the first", status.restarts
        )
        yield CounterMetricFamily("xlm_engine_turns", "Turns that the console has answered", status.turns)
        if pid is not None:
            about = "Resident memory of the console process"
            yield GaugeMetricFamily("xlm_console_resident_bytes", about, resident_bytes(pid))


class Metrics:
    """Counters of one application; each has a registry of its own.

    Args:
        status: the engine's, if there is one.
        services: more to count.
    """

    def __init__(
        self, status: Callable[[], EngineStatus] | None = None, services: Sequence[Service] = ()
    ) -> None:
        self._registry = CollectorRegistry()
        if status is not None:
            self._registry.register(_EngineCollector(status))
        for service in services:
            for collector in service.collectors:
                self._registry.register(collector)
        self._requests = Counter(
            "xlm_requests", "Requests by route and HTTP status", ("route", "status"), registry=self._registry
        )
        self._broken = Counter(
            "xlm_broken_streams",
            "Streams that ended early: 499 the client's doing, else ours",
            ("status",),
            registry=self._registry,
        )
        self._tokens = Counter("xlm_tokens", "Tokens by kind", ("kind",), registry=self._registry)
        self._queue = Histogram(
            "xlm_queue_seconds", "From request to engine", buckets=WAIT_BUCKETS_S, registry=self._registry
        )
        self._first = Histogram(
            "xlm_time_to_first_token_seconds",
            "From request to the first token",
            buckets=WAIT_BUCKETS_S,
            registry=self._registry,
        )
        self._speed = Histogram(
            "xlm_decode_tokens_per_second",
            "Speed of a reply after its first token",
            buckets=SPEED_BUCKETS_TPS,
            registry=self._registry,
        )

    def count(self, scope: Scope, status: int) -> None:
        """A request has been answered; a stream has begun."""
        # A service's own routes are known by their pattern, so that nobody can make labels.
        pattern = getattr(scope.get("route"), "path_format", "")
        route = pattern or scope["path"].removeprefix("/v1")
        if route.startswith("/models"):
            route = "/models"
        self._requests.labels(route if pattern or route in ROUTES else "other", str(status)).inc()

    def observe(self, reply: Reply, broken_by: int | None = None) -> None:
        """A reply has ended.

        Args:
            reply: which one.
            broken_by: what would have been its status had its stream not begun already.
        """
        if broken_by is not None:
            self._broken.labels(str(broken_by)).inc()
        timing, usage = reply.timing, reply.usage()
        self._tokens.labels("prompt").inc(usage.prompt)
        self._tokens.labels("completion").inc(usage.completion)
        self._queue.observe(reply.queue_s)
        if timing.first:
            self._first.observe(timing.first - timing.submitted)
        took_s = timing.last - timing.first
        if usage.completion >= SPEED_FROM_TOKENS and took_s > 0:
            self._speed.observe((usage.completion - 1) / took_s)

    def text(self) -> bytes:
        """All of them in Prometheus' format."""
        return generate_latest(self._registry)
