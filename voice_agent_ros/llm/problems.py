# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with an endpoint, told by what it means for the turn: try another, wait, or give up."""

from __future__ import annotations

import asyncio
import math
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from voice_agent_ros.errors import EngineError
from voice_agent_ros.llm.chat import Failed, Problem
from voice_agent_ros.llm.reply_reader import ThoughtTooLongError

MAX_RETRY_AFTER_S = 3600.0
LOADING_S = 1.0  # who loads a model and does not say for how long is asked again after this
_BUSY = (429, 503)
_MAX_MESSAGE = 300  # characters of a server's own words


class EndpointProblem(Exception):
    """An endpoint gave no (complete) reply.

    Attributes:
        status: HTTP status; 0: none came.
        parameter: the one that the endpoint refuses, if it says so.
    """

    def __init__(self, problem: Problem, message: str, status: int = 0, parameter: str = "") -> None:
        super().__init__(message)
        self.problem: Problem = problem
        self.message, self.status, self.parameter = message, status, parameter

    @property
    def is_request(self) -> bool:
        """Whether the request is at fault rather than the endpoint."""
        return 400 <= self.status < 500 and self.status not in (401, 403, 404, 408, 429)

    def as_event(self) -> Failed:
        """As the asker hears it."""
        return Failed(self.problem, self.message)


class BusyProblem(EndpointProblem):
    """The endpoint asks to come again later.

    Attributes:
        retry_after_s: when; None: it does not say.
    """

    def __init__(self, message: str, status: int, retry_after_s: float | None) -> None:
        super().__init__("busy", message, status)
        self.retry_after_s = retry_after_s


class LeftAloneProblem(EndpointProblem):
    """The endpoint failed lately and was not asked."""


def problem_of(error: Exception, url: str) -> EndpointProblem:
    """The meaning of whatever a client library or the network raised."""
    import openai

    if isinstance(error, EndpointProblem):
        return error
    if isinstance(error, ThoughtTooLongError):
        return EndpointProblem("too_slow", f"{url}: {error}")
    if isinstance(error, openai.APIConnectionError):
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        return EndpointProblem("unreachable", f"{url} does not answer: {error}{cause}")
    if isinstance(error, openai.APIStatusError):
        return _status_problem(error, url)
    if isinstance(error, openai.APIError):
        # An error in the middle of a stream comes as an event of its own, without a status.
        return EndpointProblem("broken", f"{url} broke off: {_short(error.message)}")
    if isinstance(error, (openai.OpenAIError, EngineError, ValueError, KeyError, TypeError, AttributeError)):
        return EndpointProblem("broken", f"{url} sent something unreadable: {_short(error)}")
    return EndpointProblem("broken", f"The reply of {url} broke off: {type(error).__name__} {_short(error)}")


def retry_after_s(header: str | None, now: float | None = None) -> float | None:
    """Seconds of a `Retry-After` header, which may be a number or a date; None: there is none."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - (time() if now is None else now)
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if math.isfinite(seconds) else None


def is_loading(answer: str) -> bool:
    """Whether a 503 says that the model is being loaded, or its program restarted, as xlm-server and llama-server do."""
    return any(word in answer.lower() for word in ("loading", "restarting"))


def _status_problem(error: Any, url: str) -> EndpointProblem:
    message = f"{url} answers {error.status_code}: {_short(error.message)}"
    if error.status_code in _BUSY:
        again_s = retry_after_s(error.response.headers.get("retry-after"))
        if again_s is None and is_loading(message):
            again_s = LOADING_S
        return BusyProblem(message, error.status_code, again_s)
    problem: Problem = "broken" if error.status_code >= 500 else "refused"
    return EndpointProblem(problem, message, error.status_code, str(error.param or ""))


def _short(words: object) -> str:
    text = " ".join(str(words).split())
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"


async def before(deadline: float, awaitable: Any, error: EndpointProblem) -> Any:
    """The result, if it comes before a time of the running loop's clock; else the error is raised."""
    try:
        return await asyncio.wait_for(awaitable, max(deadline - asyncio.get_running_loop().time(), 0.0))
    except asyncio.TimeoutError:
        raise error from None
