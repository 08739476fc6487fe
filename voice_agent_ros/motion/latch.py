# SPDX-License-Identifier: Apache-2.0
"""The latch: closed from the start and by every stop, released by a person only. Starts no motion by itself."""

from __future__ import annotations

import threading

from voice_agent_ros.motion.refusal import Refusal

NOT_RELEASED = "not released since start"


class Latch:
    """Thread-safe; its lock is held for assignments only, so that a stop waits for nothing.

    Attributes:
        is_closed: motion is refused.
        reason: why; "" if it is open.
        stops: how often it was closed.
        closed_at: when that was last, s on the bridge's clock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.is_closed, self.reason = True, NOT_RELEASED
        self.stops = 0
        self.closed_at = -1e9

    def close(self, reason: str, at: float) -> None:
        """Refuse motion from now on."""
        with self._lock:
            self.is_closed, self.reason, self.closed_at = True, reason, at
            self.stops += 1

    def release(self, *, unless_closed_since: int | None = None) -> None:
        """Allow motion.

        Args:
            unless_closed_since: number of stops at a moment; a later stop wins.

        Raises:
            Refusal: `stopped`, there was a stop since.
        """
        with self._lock:
            if unless_closed_since is not None and unless_closed_since != self.stops:
                raise Refusal("stopped")
            self.is_closed, self.reason = False, ""
