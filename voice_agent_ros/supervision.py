# SPDX-License-Identifier: Apache-2.0
"""Which lifecycle transition each supervised node needs next, and how the agent as a whole is doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from voice_agent_ros.motion.latch import NOT_RELEASED

GUARD = "stop_guard"  # the source of its stop requests
Transition = Literal["configure", "activate"]
POLL_PERIOD_S = 1.0
SEARCH_PERIOD_S = 0.1  # until a node has been seen for the first time
UNREACHABLE_AFTER_S = 5.0
RETRY_DELAY_S = 1.0
MAX_REASON = 400  # characters of what a node has logged


@dataclass(frozen=True)
class Request:
    """Something to ask of a node: its state, or a transition."""

    node: str
    transition: Transition | None = None


@dataclass
class _Node:
    name: str
    state: str = "unknown"
    message: str = "waiting for it to start"
    pending_until: float = 0.0
    seen_at: float | None = None
    polled_at: float = -POLL_PERIOD_S
    failures: int = 0
    transition: Transition | None = None
    failed: Transition | None = None
    reason: str = ""  # why, in its own words
    retry_at: float = 0.0

    def tell_why(self) -> None:
        """The lifecycle's answer is only that it could not; the reason and the fix are in what the node logged."""
        self.message = f"could not {self.failed}: {self.reason or 'its log says why and what to do'}"


class Supervision:
    """Brings nodes up in order and keeps them there.

    All nodes are configured as soon as they appear (loading models takes its time, and in parallel); each is
    activated only when every one before it is active. A transition that fails is tried again after a delay, at
    most `attempts` times. A node that vanishes and comes back unconfigured is brought up again.

    Args:
        names: nodes in the order of activation.
        transition_timeout_s: how long a transition may take.
        attempts: how often a transition may fail before the node counts as failed.
    """

    def __init__(self, names: Sequence[str], transition_timeout_s: float = 120.0, attempts: int = 10) -> None:
        self._nodes = {name: _Node(name) for name in names}
        self._transition_timeout_s = transition_timeout_s
        self._attempts = attempts

    def due(self, now: float) -> list[Request]:
        """Requests to send now; one that is not answered by `on_state`/`on_transition` times out by itself."""
        requests = []
        earlier_active = True
        for node in self._nodes.values():
            request = self._next(node, now, earlier_active)
            if request is not None:
                requests.append(request)
            earlier_active = earlier_active and node.state == "active"
        return requests

    def _next(self, node: _Node, now: float, earlier_active: bool) -> Request | None:
        if now < node.pending_until:
            return None
        if node.seen_at is not None and now - node.seen_at > UNREACHABLE_AFTER_S:
            node.state, node.message = "unreachable", "it does not answer; it may have crashed: see its log"
        may_try = node.failures < self._attempts and now >= node.retry_at
        if node.state == "unconfigured" and may_try:
            return self._transition(node, "configure", now)
        if node.state == "inactive" and may_try and earlier_active:
            return self._transition(node, "activate", now)
        period = POLL_PERIOD_S if node.seen_at is not None else SEARCH_PERIOD_S
        if now - node.polled_at >= period:
            node.polled_at, node.pending_until = now, now + period
            return Request(node.name)
        return None

    def _transition(self, node: _Node, transition: Transition, now: float) -> Request:
        node.pending_until, node.transition = now + self._transition_timeout_s, transition
        if not node.failures:  # else why it failed is worth more than that it is tried again
            node.message, node.reason = f"{transition} …", ""
        return Request(node.name, transition)

    def on_state(self, name: str, state: str, now: float) -> None:
        """A node said which state it is in."""
        node = self._nodes[name]
        if node.transition is not None and now < node.pending_until:
            return  # asked before the transition began: it is the old state
        node.transition = None
        if node.state in ("active", "unreachable") and state == "unconfigured":
            node.failures = 0  # a fresh process: what its predecessor failed at does not count
        node.state, node.seen_at, node.pending_until = state, now, 0.0
        if state == "active":
            node.message = ""

    def on_transition(self, name: str, transition: Transition, succeeded: bool, now: float) -> None:
        """A transition came to its end."""
        node = self._nodes[name]
        node.seen_at, node.pending_until, node.transition = now, 0.0, None
        if succeeded:
            node.state = "inactive" if transition == "configure" else "active"
            node.message, node.failures, node.failed = "", 0, None
        else:
            node.failures += 1
            node.retry_at = now + RETRY_DELAY_S
            node.failed = transition
            node.tell_why()
            node.polled_at = now - POLL_PERIOD_S

    def on_error(self, name: str, text: str) -> None:
        """A node has logged an error, a little before or after the end of the transition that it is about."""
        node = self._nodes.get(name)
        if node is None or node.state == "active":
            return
        node.reason = " ".join(text.split())[:MAX_REASON]
        if node.failed is not None and node.transition is None:
            node.tell_why()

    def states(self) -> list[tuple[str, str, str]]:
        """(name, state, message) of every node, in order."""
        return [(node.name, node.state, node.message) for node in self._nodes.values()]

    def overall(self) -> tuple[str, str]:
        """(state, message) of the agent: starting, ready, degraded or failed."""
        down = [node for node in self._nodes.values() if node.state != "active"]
        if not down:
            return "ready", ""
        failed = [node for node in down if node.failures >= self._attempts]
        if failed:
            return "failed", _told(failed)
        troubled = [node for node in down if node.failures or node.state == "unreachable"]
        if troubled:
            return "degraded", _told(troubled)
        return "starting", ", ".join(node.name for node in down)


def _told(nodes: Sequence[_Node]) -> str:
    """What they have to say, those who say the same together: a process that ended takes several along."""
    names: dict[str, list[str]] = {}
    for node in nodes:
        names.setdefault(node.message, []).append(node.name)
    return "; ".join(f"{', '.join(who)}: {message}" for message, who in names.items())


@dataclass
class FirstRelease:
    """The one release of the motion latch that needs nobody, for simulated arms, when everything is up.

    While an agent starts, its nodes compete for the processor, and the guard may miss heartbeats of a bridge that has
    never moved anything: that does not count. What a person has stopped, and whatever latches later, is for people.

    Args:
        wanted: whether there is to be one at all.
    """

    wanted: bool
    _reason: str = ""
    _is_asked: bool = False

    def on_latch(self, reason: str) -> None:
        """Why the bridge is latched; "": it is not."""
        self._reason = reason
        if reason and reason != NOT_RELEASED and not reason.startswith(f"{GUARD}:"):
            self.wanted = False
        if self._is_asked and not reason:
            self.wanted = False

    def is_due(self, is_ready: bool) -> bool:
        """Whether to ask for it now; true once."""
        if not self.wanted or self._is_asked or not is_ready or not self._reason:
            return False
        self._is_asked = True
        return True

    def done(self) -> None:
        """The bridge has answered."""
        self.wanted = False

    @property
    def is_awaited(self) -> bool:
        """Whether it is still to come."""
        return self.wanted
