# SPDX-License-Identifier: Apache-2.0
"""The clock that paces virtual devices; tests bring one of their own."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic time, s."""

    def now(self) -> float:
        """The time."""
        ...

    def sleep_until(self, when: float) -> None:
        """Return at that time, or at once if it has passed."""
        ...


class MonotonicClock:
    """The computer's."""

    def now(self) -> float:
        """See `Clock`."""
        return time.monotonic()

    def sleep_until(self, when: float) -> None:
        """See `Clock`."""
        time.sleep(max(0.0, when - time.monotonic()))
