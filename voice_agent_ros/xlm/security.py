# SPDX-License-Identifier: Apache-2.0
"""Who may ask, how often, and from which web page; decided before anything reads a body."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voice_agent_ros.xlm.api_errors import ApiError, bad_request
from voice_agent_ros.xlm.bounded_body import BoundedBody, check_length
from voice_agent_ros.xlm.services import BodyLimits

# Neither tells anything about what is said, and monitoring must not be locked out.
UNLIMITED = ("/health", "/metrics")
WITHOUT_KEY = ("/health",)
BODILESS = ("GET", "HEAD", "OPTIONS")
POLICY_VIOLATION = 1008
CLIENTS_MAX = 1_024
HEAD_MAX_BYTES = 65_536
_ASKS_FOR_PRIVATE_NETWORK = b"access-control-request-private-network"
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Attributes:
        keys: any of them is good; none: everybody may ask.
        requests_per_minute: of one client, on average; 0: any number.
        burst: of them at once.
        hosts: names under which the server may be addressed; none: any. On the loopback interface it keeps
            web pages out whose own name leads here (DNS rebinding).
        origins: web pages that may ask from a browser; none: none.
    """

    keys: tuple[str, ...] = ()
    requests_per_minute: float = 0.0
    burst: int = 10
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


def is_loopback(host: str) -> bool:
    """Whether only programs on this computer reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class RateLimiter:
    """A token bucket for each client; the one not heard of for longest is forgotten.

    Args:
        per_minute: requests, on average.
        burst: requests at once.
    """

    def __init__(self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60.0
        self._burst = float(max(1, burst))
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, client: str) -> float:
        """Take one; 0 if there was one, else the time until there is."""
        now = self._clock()
        filled, at = self._buckets.pop(client, (self._burst, now))
        filled = min(self._burst, filled + (now - at) * self._per_second)
        wait = 0.0 if filled >= 1.0 else (1.0 - filled) / self._per_second
        self._buckets[client] = (filled - 1.0 if wait == 0.0 else filled, now)
        if len(self._buckets) > CLIENTS_MAX:
            self._buckets.popitem(last=False)
        return wait


class Gate:
    """Refuses what must not get in, and gives every answer the number of its request.

    Args:
        app: what is behind it.
        access: who may ask.
        limits: how much may be sent where.
        answered: told the scope and status of every answer.
    """

    def __init__(
        self, app: ASGIApp, access: Access, limits: BodyLimits, answered: Callable[[Scope, int], None]
    ) -> None:
        self._app = app
        self._limits = limits
        self._keys = [encoded for key in access.keys for encoded in _encodings(key)]
        self._hosts = access.hosts
        self._answered = answered
        self._limiter = (
            RateLimiter(access.requests_per_minute, access.burst) if access.requests_per_minute > 0 else None
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        number = f"req_{secrets.token_hex(12)}"

        async def send_numbered(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = number
                headers["x-content-type-options"] = "nosniff"
                self._answered(scope, message["status"])
            await send(message)

        path, headers = scope["path"], Headers(scope=scope)
        limit = self._limits.of(path)
        try:
            _check_head(headers)
            self._check(path, headers, scope.get("client"))
            check_length(headers, limit)
        except ApiError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": error.message})
            else:
                await error_response(error)(scope, receive, send_numbered)
            return
        if scope["type"] == "http" and scope["method"] not in BODILESS:
            receive = BoundedBody(receive, limit)
        await self._app(scope, receive, send_numbered)

    def _check(self, path: str, headers: Headers, client: Sequence[object] | None) -> None:
        host = headers.get("host", "").lower()
        # A port, or the end of an address in brackets.
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self._hosts and name not in self._hosts:
            raise ApiError(
                403,
                f"The server is not known as {name!r}.",
                "Start it with --allowed-host, or use 127.0.0.1.",
                type="permission_error",
                code="host_not_allowed",
            )
        given = _bearer(headers.get("authorization", ""))
        if self._keys and path not in WITHOUT_KEY and not self._is_known(given):
            raise ApiError(
                401,
                "The API key is missing or wrong.",
                "Send it as 'Authorization: Bearer KEY'.",
                type="authentication_error",
                code="invalid_api_key",
                more_headers={"WWW-Authenticate": "Bearer"},
            )
        if self._limiter is not None and path not in UNLIMITED:
            who = given if self._keys else str(client[0]) if client else ""
            wait_s = self._limiter.wait_s(hashlib.sha256(who.encode()).hexdigest())
            if wait_s > 0:
                raise ApiError(
                    429,
                    "Too many requests.",
                    f"Try again in {wait_s:.0f} s.",
                    type="rate_limit_error",
                    code="rate_limit_exceeded",
                    retry_after_s=wait_s,
                )

    def _is_known(self, given: str) -> bool:
        """Compared with every key, each time for as long."""
        found = False
        for key in self._keys:
            found |= hmac.compare_digest(given.encode("latin-1"), key)
        return found


def _encodings(key: str) -> set[bytes]:
    """A key as clients send it: HTTP does not say how letters that are not ASCII are encoded."""
    return {key.encode()} | ({key.encode("latin-1")} if max(key) < "\u0100" else set())


def _check_head(headers: Headers) -> None:
    """Refuse what HTTP does not allow, or nobody needs.

    Raises:
        ApiError: 400 or 431.
    """
    if len(headers.getlist("host")) > 1:
        raise bad_request("The request names two hosts.", "Send one Host header.")
    if sum(len(name) + len(value) for name, value in headers.raw) > HEAD_MAX_BYTES:
        raise ApiError(431, f"The request's head is larger than {HEAD_MAX_BYTES} bytes.")


class Cors(CORSMiddleware):
    """Starlette's, with errors in the shape that all errors have."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a browser that asks whether it may ask.

        Some ask besides whether a page from outside may reach a private network, where this server always is: that was
        said with the page's name. Versions of Starlette differ in what they make of it.
        """
        plain = [pair for pair in request_headers.raw if pair[0] != _ASKS_FOR_PRIVATE_NETWORK]
        response = super().preflight_response(Headers(raw=plain))
        if response.status_code < 400:
            if len(plain) < len(request_headers.raw):
                response.headers["access-control-allow-private-network"] = "true"
            return response
        refused = ApiError(403, "This web page may not ask.", "Start the server with --cors-origin.")
        return error_response(refused)


def error_response(error: ApiError) -> JSONResponse:
    """An error as an answer."""
    return JSONResponse(error.body(), error.status, headers=error.headers())


def client_of(scope: Scope) -> str:
    """Whom the queue is fair to: a program on a host, as far as that can be seen."""
    headers = Headers(scope=scope)
    host = scope["client"][0] if scope.get("client") else ""
    key = hashlib.sha256(headers.get("authorization", "").encode()).hexdigest()[:8]
    return f"{host}|{headers.get('user-agent', '')}|{key}"


def _bearer(header: str) -> str:
    scheme, _, value = header.partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""
