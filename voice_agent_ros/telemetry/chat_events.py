# SPDX-License-Identifier: Apache-2.0
"""What a chat screen is told, and what it may ask for; without ROS and without a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from voice_agent_ros.telemetry.turns import Turn

THOUGHT = "thought"  # kind of a reply that nobody hears: what the model thinks


Speaker = Literal["you", "voice", "other"]  # who types here; who was heard aloud; who types elsewhere


@dataclass(frozen=True)
class Said:
    """Words of a person, perhaps not all of them yet."""

    turn_id: str
    text: str
    is_final: bool
    by: Speaker = "you"


@dataclass(frozen=True)
class Reply:
    """A piece of an answer; the pieces of a reply_id belong together."""

    reply_id: str
    text: str
    kind: str
    is_last: bool


@dataclass(frozen=True)
class TurnEnded:
    """What became of an utterance, with its times."""

    turn: Turn


@dataclass(frozen=True)
class Status:
    """The agent as a whole, and why motion is latched (empty: it is not)."""

    agent: str
    latch: str


@dataclass(frozen=True)
class Question:
    """What is asked before a motion and waits for a yes or no; without a nonce: nothing is asked any more."""

    nonce: str = ""
    text: str = ""


Event = Said | Reply | TurnEnded | Status | Question


class Link(Protocol):
    """What a person can do. Each returns False if nobody is there to hear it."""

    def say(self, text: str) -> bool:
        """Send a sentence."""

    def stop(self) -> bool:
        """Stop everything."""

    def resume(self) -> bool:
        """Release the motion latch."""

    def answer(self, nonce: str, *, accept: bool) -> bool:
        """Answer the question with this nonce."""


MAX_BARS = 9  # a terminal has some twenty lines, and most are for the conversation
TELLING = (
    "speech",
    "final_transcript",
    "llm_first_token",
    "intent",
    "first_motion",
    "last_motion",
    "stop",
    "first_audio",
    "last_audio",
)


def waterfall(turn: Turn, width: int = 40) -> list[str]:
    """The stages of a turn as bars on one axis, from its first moment to its last; of many the telling ones."""
    spans = [(stage.name, stage.start or stage.end, stage.end) for stage in turn.stages if stage.end > 0.0]
    if len(spans) > MAX_BARS:
        spans = [span for span in spans if span[0] in TELLING]
    if not spans:
        return []
    first = min([turn.speech_end or spans[0][1], *(start for _, start, _ in spans)])
    last = max(end for *_, end in spans)
    scale = (width - 1) / (last - first) if last > first else 0.0
    label = max(len(name) for name, *_ in spans)
    zero = turn.speech_end or first
    lines = []
    for name, start, end in sorted(spans, key=lambda span: span[1]):
        begin, stop = round((start - first) * scale), round((end - first) * scale)
        bar = " " * begin + "█" * max(1, stop - begin)
        lines.append(f"{name:<{label}} {bar:<{width}} {end - zero:6.2f} s")
    return lines
