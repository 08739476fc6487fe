# SPDX-License-Identifier: Apache-2.0
"""Runs the simulated arm in a thread of its own, in step with the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from voice_agent_ros.errors import VoiceAgentError
from voice_agent_ros.sim.arm import SimulatedArm

TICK_S = 0.004
BEHIND_S = 0.1  # a machine that is later than this lets simulated time slow down rather than rush after
JOIN_TIMEOUT_S = 2.0


class RealTimePhysics:
    """Owns the thread that lets simulated time pass.

    Args:
        sim: touched from now on within `locked()` only.
        factor: simulated seconds per second.
        on_failure: called in the physics' thread if the physics fails; time stands still from then on.
    """

    def __init__(
        self, sim: SimulatedArm, factor: float, on_failure: Callable[[VoiceAgentError], None]
    ) -> None:
        self._sim = sim
        self._factor = factor
        self._on_failure = on_failure
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._ended.set()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Time passes."""
        return not self._ended.is_set()

    @contextmanager
    def locked(self) -> Iterator[SimulatedArm]:
        """The arm, between two steps of its physics. Hold it for as short as possible."""
        with self._lock:
            yield self._sim

    def start(self) -> None:
        """Let time pass."""
        if self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._run, name="physics", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let time stand still; returns when it does."""
        self._ended.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(JOIN_TIMEOUT_S)

    def _run(self) -> None:
        due = time.monotonic()
        period = TICK_S / self._factor
        while True:
            try:
                with self._lock:
                    self._sim.advance(TICK_S)
            except VoiceAgentError as error:
                self._ended.set()
                self._on_failure(error)
                return
            due += period
            ahead = due - time.monotonic()
            if ahead < -BEHIND_S:
                due = time.monotonic()
            if self._ended.wait(ahead) if ahead > 0.0 else self._ended.is_set():
                return
