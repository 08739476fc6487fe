# SPDX-License-Identifier: Apache-2.0
"""What was asked for before: keys with their results, turns that are used up, and how often."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from voice_agent_ros.motion.policy import Policy
from voice_agent_ros.motion.proposal import Proposal, Result
from voice_agent_ros.motion.refusal import Refusal

REMEMBERED = 256
MINUTE_S = 60.0


@dataclass
class Entry:
    """The first proposal under a key, and its result once there is one."""

    proposal: Proposal
    finished: threading.Event = field(default_factory=threading.Event)
    result: Result | None = None

    def finish(self, result: Result | None) -> None:
        """It is over; None: without a result."""
        self.result = result
        self.finished.set()


class Ledger:
    """Remembers a bounded number of proposals. Thread-safe.

    Args:
        clock: monotonic time, s.
    """

    def __init__(self, policy: Policy, clock: Callable[[], float]) -> None:
        self._per_minute, self._min_interval = policy.rate.per_minute, policy.execution.min_interval
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._canceled: OrderedDict[str, None] = OrderedDict()
        self._moved: OrderedDict[str, None] = OrderedDict()
        self._starts: deque[float] = deque(maxlen=self._per_minute)

    def enter(self, proposal: Proposal) -> tuple[Entry, bool]:
        """The entry of a proposal's key, and whether it is new.

        Raises:
            Refusal: `key_reused`, the key belongs to something else.
        """
        with self._lock:
            entry = self._entries.get(proposal.key)
            if entry is None:
                entry = self._entries[proposal.key] = Entry(proposal)
                _bound(self._entries)
                return entry, True
        if entry.proposal != proposal:
            raise Refusal("key_reused")
        return entry, False

    def cancel(self, key: str) -> None:
        """Whatever comes under this key is not wanted any more."""
        with self._lock:
            self._canceled[key] = None
            _bound(self._canceled)

    def is_canceled(self, key: str) -> bool:
        """Whether it was canceled."""
        return key in self._canceled

    def use_up(self, turn_id: str) -> None:
        """This turn has moved something."""
        with self._lock:
            self._moved[turn_id] = None
            _bound(self._moved)

    def is_used_up(self, turn_id: str) -> bool:
        """Whether it has."""
        return turn_id in self._moved

    def start(self) -> None:
        """Somebody wants a motion now.

        Raises:
            Refusal: `too_soon` or `too_often`.
        """
        now = self._clock()
        with self._lock:
            if self._starts and now - self._starts[-1] < self._min_interval:
                raise Refusal("too_soon")
            if len(self._starts) == self._per_minute and now - self._starts[0] < MINUTE_S:
                raise Refusal("too_often", limit=self._per_minute)
            self._starts.append(now)


def _bound(remembered: OrderedDict[str, object] | OrderedDict[str, Entry] | OrderedDict[str, None]) -> None:
    while len(remembered) > REMEMBERED:
        remembered.popitem(last=False)
