# SPDX-License-Identifier: Apache-2.0
"""Errors in the shape that OpenAI clients expect."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from voice_agent_ros.errors import VoiceAgentError

# As nginx calls it; HTTP has no number for it.
HUNG_UP = 499


class ApiError(VoiceAgentError):
    """A request that cannot be answered. Make a new one each time: one that is raised again keeps every traceback.

    Args:
        status: HTTP status.
        message: what is wrong.
        fix: what to do about it.
        type: OpenAI's error type.
        code: OpenAI's error code, if there is one.
        param: the parameter at fault.
        retry_after_s: when trying again makes sense.
        details: more fields of the error object.
        more_headers: headers that go with this error.
    """

    def __init__(
        self,
        status: int,
        message: str,
        fix: str = "",
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        details: Mapping[str, Any] | None = None,
        more_headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, fix)
        self.status = status
        self.type = type
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s
        self._details = dict(details or {})
        self._more_headers = dict(more_headers or {})

    def body(self) -> dict[str, Any]:
        """The JSON body."""
        error = {"message": str(self), "type": self.type, "param": self.param, "code": self.code}
        return {"error": {**error, **self._details}}

    def headers(self) -> dict[str, str]:
        """Headers that go with it."""
        if self.retry_after_s is None:
            return self._more_headers
        return {**self._more_headers, "Retry-After": str(max(1, math.ceil(self.retry_after_s)))}


def bad_request(
    message: str, fix: str = "", *, param: str | None = None, code: str | None = None
) -> ApiError:
    """400: the request itself is wrong."""
    return ApiError(400, message, fix, param=param, code=code)


def unavailable(
    message: str, fix: str = "", *, code: str = "engine_unavailable", retry_after_s: float = 2.0
) -> ApiError:
    """503: the engine cannot answer now."""
    return ApiError(503, message, fix, type="server_error", code=code, retry_after_s=retry_after_s)


def shutting_down() -> ApiError:
    """503: the server has been told to end."""
    return unavailable("The server is shutting down.", code="shutting_down")


def deadline_exceeded(seconds: float) -> ApiError:
    """504: the whole request took too long."""
    return ApiError(
        504, f"No complete reply within {seconds:g} s.", type="server_error", code="deadline_exceeded"
    )


def hung_up() -> ApiError:
    """499: for the log and the metrics; nobody reads it."""
    return ApiError(HUNG_UP, "The client hung up.", code="client_closed_request")


def overloaded(message: str, retry_after_s: float) -> ApiError:
    """429: the queue is full."""
    return ApiError(
        429,
        message,
        "Try again later.",
        type="rate_limit_error",
        code="queue_full",
        retry_after_s=retry_after_s,
    )


def unfit(message: str, code: str, generation: str) -> ApiError:
    """422: the model was asked twice and has not produced what was asked for. Clients do not retry it."""
    return ApiError(422, message, code=code, details={"failed_generation": generation})


def internal_error(error: BaseException) -> ApiError:
    """500: a mistake of ours."""
    what = f"Internal error: {type(error).__name__}."
    return ApiError(500, what, "See the server's log.", type="server_error", code="internal_error")
