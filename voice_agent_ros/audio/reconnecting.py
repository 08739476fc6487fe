# SPDX-License-Identifier: Apache-2.0
"""A source that comes back by itself: after a plug was pulled, a server was restarted, a network was down."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from voice_agent_ros.audio.source import Block, Source
from voice_agent_ros.errors import DeviceError

SILENT_S = 2.0  # without a block for so long it is taken for lost
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0
POLL_S = 0.2


class ReconnectingSource:
    """Opens a source at once, and again whenever it is lost.

    Args:
        open_source: makes it, or raises DeviceError.
        silent_s: a source that delivers nothing for so long is taken for lost.

    Attributes:
        problem: why there is no audio at the moment; "" if there is.
        epoch: counts how often the source was opened; its blocks are numbered from 0 each time.
        gather: see `Gathering`.

    Raises:
        DeviceError: it cannot be opened now.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        *,
        silent_s: float = SILENT_S,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open, self._now, self._silent_s = open_source, now, silent_s
        self._closing = threading.Event()
        self.problem = ""
        self.epoch = 1
        self.gather = 1
        self._source: Source | None = open_source()
        self._heard_at = now()
        self._wait_s = FIRST_WAIT_S
        self._next_try = 0.0

    def read(self) -> Block | None:
        """See `Source`."""
        if self._source is None:
            self._try_again()
            return None
        try:
            if hasattr(self._source, "gather"):
                self._source.gather = self.gather
            block = self._source.read()
        except DeviceError as error:
            self._lose(str(error))
            return None
        if block is not None:
            self._heard_at, self.problem = self._now(), ""
            self._wait_s = FIRST_WAIT_S
        elif self._now() - self._heard_at > self._silent_s:
            self._lose(
                f"No audio has come for {self._silent_s:.0f} s. Is it plugged in, or the sender running?"
            )
        return block

    def close(self) -> None:
        """Give the device back."""
        self._closing.set()
        if self._source is not None:
            self._source.close()
            self._source = None

    def _lose(self, problem: str) -> None:
        self.problem = problem
        if self._source is not None:
            self._source.close()
            self._source = None
        self._next_try = self._now() + self._wait_s

    def _try_again(self) -> None:
        if self._now() < self._next_try:
            self._closing.wait(POLL_S)
            return
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        try:
            source = self._open()
        except DeviceError as error:
            self.problem = str(error)
            self._next_try = self._now() + self._wait_s
            return
        self._source, self._heard_at = source, self._now()
        self.epoch += 1
