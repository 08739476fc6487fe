# SPDX-License-Identifier: Apache-2.0
"""How an endpoint stands: whether it is worth asking now, and what people are told about it.

After failures in a row it is left alone until a health check, or some time, gives it another chance; when it said to
come back later, it is not asked before that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal

import pybreaker

from voice_agent_ros.llm.abilities import Abilities, Prober
from voice_agent_ros.llm.chat import ChatRequest, Finished, Purpose
from voice_agent_ros.llm.connection import Connection
from voice_agent_ros.llm.endpoint import Endpoint
from voice_agent_ros.llm.problems import BusyProblem, EndpointProblem, LeftAloneProblem

FAILURES_MAX = 2
RETRY_S = 30.0  # without a health check
SMOOTHING = 0.3  # weight of the newest measurement
# A beginning that a server has kept is read again in less of the time; a smaller gain is not worth the reading.
KEPT_SHARE = 0.7
KEPT_GAIN_S = 0.2

State = Literal["unknown", "up", "busy", "down"]
News = Literal["up", "down", "busy", "switched", "probed"]


@dataclass(frozen=True)
class EndpointReport:
    """Something has changed.

    Attributes:
        url: of the endpoint that it is about; of "switched", the one that is asked now.
    """

    news: News
    url: str
    message: str


@dataclass(frozen=True)
class EndpointStatus:
    """How an endpoint stands, for diagnostics.

    Attributes:
        is_current: it answered last.
        first_text_s: how long people wait for its first words, as measured; None: not yet.
        queue_s: how long the latest request waited for others', if it says so.
    """

    url: str
    model: str
    state: State
    is_current: bool
    abilities: str
    failures: int
    last_problem: str
    first_text_s: float | None
    queue_s: float | None = None


class Standing:
    """One endpoint with what is known of it. Belongs to the client's event loop.

    Args:
        assumed: abilities that need not be found out.
        listening: see `Prober`.

    Attributes:
        is_prepared: it was probed and warmed since it came up.
        warmed: how many of the beginnings it has read since.
        used_at: when it answered last, in the loop's time.
        queue_s: see `EndpointStatus`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        report: Callable[[EndpointReport], None],
        assumed: Abilities | None = None,
        listening: ChatRequest | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.queue_s: float | None = None
        self.connection = Connection(endpoint)
        self._listening = listening
        self.prober = Prober(self.connection, assumed, listening)
        self.is_prepared = False
        self.warmed = 0
        self._reading_s: dict[int, tuple[float, float | None]] = {}  # each beginning: first, and again
        self.used_at = 0.0
        self.identity: str | None = None
        self._report = report
        self._state: State = "unknown"
        self._busy_until = 0.0
        self._failures = 0
        self._last_problem = ""
        self._first_text_s: dict[Purpose, float] = {}
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=FAILURES_MAX,
            reset_timeout=RETRY_S,
            exclude=(_says_nothing,),
            throw_new_error_on_trip=False,
        )

    @property
    def abilities(self) -> Abilities:
        """What is known of what it can do."""
        return self.prober.found

    @property
    def state(self) -> State:
        """In a word."""
        return self._state

    @property
    def last_problem(self) -> str:
        """What was wrong last."""
        return self._last_problem

    def busy_s(self) -> float:
        """How long it asked to be left alone, from now on."""
        return max(self._busy_until - asyncio.get_running_loop().time(), 0.0)

    def is_worth_asking(self) -> bool:
        """Whether it may be asked now; `guard` has the last word."""
        return self.busy_s() == 0.0

    def guard(self) -> AbstractContextManager[None]:
        """Counts what fails inside.

        Raises:
            LeftAloneProblem: on entering, where it failed lately and has to be left alone.
        """
        return self._guard()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            with self._breaker.calling():
                yield
        except pybreaker.CircuitBreakerError:
            raise LeftAloneProblem(
                "unreachable", self._last_problem or f"{self.endpoint.url} is down."
            ) from None

    def is_well(self, request: ChatRequest | None = None, first_text_s: float = 0.0) -> None:
        """It answered; the breaker closes."""
        self.used_at = asyncio.get_running_loop().time()
        if request is not None and first_text_s > 0.0:
            before = self._first_text_s.get(request.purpose, first_text_s)
            self._first_text_s[request.purpose] = before + SMOOTHING * (first_text_s - before)
        if self._breaker.current_state != pybreaker.STATE_CLOSED:
            self._breaker.close()
        self._become("up", "answers")

    def has_failed(self, problem: EndpointProblem) -> None:
        """It did not answer as it should."""
        self._failures += 1
        self._last_problem = problem.message
        if isinstance(problem, BusyProblem):
            self._busy_until = asyncio.get_running_loop().time() + (problem.retry_after_s or 0.0)
            self._become("busy", problem.message)
        elif problem.problem == "unreachable" or problem.status in (401, 403, 404):
            # Asking again at once would only cost the next turn its time.
            self._breaker.open()
            self._become("down", problem.message)
        elif self._breaker.current_state == pybreaker.STATE_OPEN:
            self._become("down", problem.message)

    def is_another(self) -> None:
        """Another server or model answers at this address: nothing that was found out counts."""
        self.prober = Prober(self.connection, listening=self._listening)
        self.connection.left_out.clear()
        self.is_prepared = False
        self.warmed = 0
        self._reading_s.clear()
        self._first_text_s.clear()

    def idle_s(self) -> float:
        """How long it has not been used."""
        return asyncio.get_running_loop().time() - self.used_at

    def has_read(self, beginning: int, finished: Finished) -> None:
        """It was asked for one token, so as to keep the beginning of that request."""
        first, again = self._reading_s.get(beginning, (0.0, None))
        if first:
            again = finished.first_token_s
        self._reading_s[beginning] = (first or finished.first_token_s, again)

    @property
    def keeps_beginnings(self) -> bool:
        """Whether reading them again was ever quicker, as far as is known; a console may forget every prompt."""
        tried = [(first, again) for first, again in self._reading_s.values() if again is not None]
        return not tried or any(
            again < min(KEPT_SHARE * first, first - KEPT_GAIN_S) for first, again in tried
        )

    def expected_first_text_s(self, purpose: Purpose) -> float | None:
        """How long its first words are likely to take."""
        return self._first_text_s.get(purpose)

    def status(self, *, is_current: bool) -> EndpointStatus:
        """For diagnostics; may be called from any thread."""
        return EndpointStatus(
            self.endpoint.url,
            self.endpoint.model,
            self._state,
            is_current,
            str(self.abilities),
            self._failures,
            self._last_problem,
            self._first_text_s.get("talk"),
            self.queue_s,
        )

    def _become(self, state: State, message: str) -> None:
        if state == self._state:
            return
        self._state = state
        if state == "down":
            self.is_prepared = False
            self.warmed = 0
        if state != "unknown":
            self._report(EndpointReport(state, self.endpoint.url, message))


def _says_nothing(error: BaseException) -> bool:
    """Whether an error says nothing about the endpoint's health."""
    if isinstance(error, EndpointProblem):
        return isinstance(error, BusyProblem) or error.is_request
    return isinstance(error, asyncio.CancelledError)
