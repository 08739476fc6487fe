# SPDX-License-Identifier: Apache-2.0
"""How the engine is, for /health and /metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Waiting:
    """One request in the queue.

    Attributes:
        position: 1 is served next.
        waited_s: since it came.
    """

    position: int
    waited_s: float


@dataclass(frozen=True)
class EngineStatus:
    """What /health tells.

    Attributes:
        state: loading, idle, busy, restarting, failed or stopped.
        is_healthy: a question asked now would be answered.
        problem: the last failure that has not been overcome.
        fix: what a person can do about it.
        queued: how many wait.
        queue: who waits, in the order of service.
        restarts: starts after the first one, for whatever reason.
        failures: crashes, hangs and failed starts in a row.
        turns: replies that came to their end.
        retry_in_s: until the next try, while there is no console.
        history: whether the console keeps its history, as far as is known.
        clean_by: what makes it forget.
        load_s: what its last start took.
        lost_memory: bytes of BPU memory by heap that ended processes have not given back; None: it cannot be told.
    """

    state: str
    is_healthy: bool
    problem: str
    fix: str
    queued: int
    queue: tuple[Waiting, ...]
    restarts: int
    failures: int
    turns: int
    console_pid: int | None
    retry_in_s: float
    history: str
    clean_by: str
    load_s: float
    lost_memory: dict[str, int] | None
