# SPDX-License-Identifier: Apache-2.0
"""What a console's output means, one event at a time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ready:
    """The console waits for a line."""


@dataclass(frozen=True)
class ReplyStarted:
    """The prompt has been read and the reply begins."""


@dataclass(frozen=True)
class Text:
    """A piece of the answer."""

    delta: str


@dataclass(frozen=True)
class Reasoning:
    """A piece of what the model thinks before it answers."""

    delta: str


@dataclass(frozen=True)
class Performance:
    """Speeds as the console reports them, in tokens per second."""

    prefill_tps: float
    decode_tps: float


@dataclass(frozen=True)
class EndOfTurn:
    """The reply is complete and the console waits for a line."""


@dataclass(frozen=True)
class Stray:
    """Output while the console should be silent: an earlier reply had not really ended."""

    text: str


@dataclass(frozen=True)
class Failure:
    """The engine cannot go on.

    Attributes:
        kind: memory, load, run_error, crash, hang, desync or internal.
        message: what happened.
        fix: what a person can do about it, if anything.
    """

    kind: str
    message: str
    fix: str = ""


Event = Ready | ReplyStarted | Text | Reasoning | Performance | EndOfTurn | Stray | Failure


def append_event(events: list[Event], event: Event) -> None:
    """Add an event, joining a delta to one of its kind before it."""
    last = events[-1] if events else None
    if isinstance(event, Text) and isinstance(last, Text):
        events[-1] = Text(last.delta + event.delta)
    elif isinstance(event, Reasoning) and isinstance(last, Reasoning):
        events[-1] = Reasoning(last.delta + event.delta)
    else:
        events.append(event)
