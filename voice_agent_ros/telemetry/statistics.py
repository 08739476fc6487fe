# SPDX-License-Identifier: Apache-2.0
"""Percentiles of the latencies of the last turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from voice_agent_ros.telemetry.turns import Turn

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True)
class Latency:
    """Seconds from the end of speech to the end of a stage.

    Attributes:
        n: turns in which the stage ended.
    """

    stage: str
    n: int
    p50: float
    p95: float
    p99: float


class Latencies:
    """The last turns.

    Args:
        window: how many are kept.
    """

    def __init__(self, window: int = 100) -> None:
        self._turns: deque[Turn] = deque(maxlen=window)
        self._outcomes: dict[str, int] = {}

    def add(self, turn: Turn) -> None:
        """A turn has ended."""
        self._turns.append(turn)
        self._outcomes[turn.outcome] = self._outcomes.get(turn.outcome, 0) + 1

    @property
    def outcomes(self) -> dict[str, int]:
        """How often each outcome came, since the start."""
        return dict(self._outcomes)

    @property
    def engines(self) -> dict[str, int]:
        """By whom the kept turns were understood."""
        counts: dict[str, int] = {}
        for turn in self._turns:
            counts[turn.engine] = counts.get(turn.engine, 0) + 1
        return counts

    def table(self) -> list[Latency]:
        """The stages in the order in which they usually end."""
        return table(self._turns)


def of_median(turns: Sequence[Turn], stage: str) -> Turn | None:
    """The turn in which a stage ended after the median time (of an even number: the earlier one); None: in none."""
    ended = [turn for turn in turns if stage in turn.latencies()]
    ordered = sorted(ended, key=lambda turn: turn.latencies()[stage])
    return ordered[(len(ordered) - 1) // 2] if ordered else None


def table(turns: Iterable[Turn]) -> list[Latency]:
    """Percentiles by stage, by linear interpolation between the closest ranks; the earliest stage first."""
    values: dict[str, list[float]] = {}
    for turn in turns:
        for stage, latency in turn.latencies().items():
            values.setdefault(stage, []).append(latency)
    rows = [
        Latency(stage, len(of_stage), *(float(value) for value in np.percentile(of_stage, PERCENTILES)))
        for stage, of_stage in values.items()
    ]
    return sorted(rows, key=lambda row: row.p50)
