# SPDX-License-Identifier: Apache-2.0
"""Turns as their reports tell them, in seconds, without ROS: what statistics, files and pictures are made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Stage:
    """Part of a turn, ROS time, s. A start of 0.0: it was a moment; an end of 0.0: it did not happen."""

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Turn:
    """See TurnReport.

    Attributes:
        calls: as `skill(argument=value)`.
        speech_end: ROS time, s; what all latencies count from.
        engines: who did it, and in whose place.
    """

    session_id: str
    turn_id: str
    heard: str
    language: str
    engine: str
    calls: tuple[str, ...]
    outcome: str
    rule: str
    reply: str
    speech_end: float
    stages: tuple[Stage, ...]
    engines: tuple[str, ...] = ()

    def latencies(self) -> dict[str, float]:
        """Seconds from the end of speech to the end of each stage that ended later."""
        ends = {stage.name: stage.end - self.speech_end for stage in self.stages if stage.end > 0.0}
        return {name: latency for name, latency in ends.items() if latency > 0.0}

    def durations(self) -> dict[str, float]:
        """Seconds that each stage took by itself, as far as it was more than a moment."""
        return {
            stage.name: stage.end - stage.start for stage in self.stages if 0.0 < stage.start <= stage.end
        }


def turn_of(message: Any) -> Turn:
    """A TurnReport, from ROS or decoded from a file: the same names either way."""
    return Turn(
        session_id=message.session_id,
        turn_id=message.turn_id,
        heard=message.heard,
        language=message.language,
        engine=message.engine,
        calls=tuple(described(call.skill, call.arguments_json) for call in message.calls),
        outcome=message.outcome,
        rule=message.rule,
        reply=message.reply,
        speech_end=_seconds(message.speech_end),
        stages=tuple(
            Stage(stage.name, _seconds(stage.start), _seconds(stage.end)) for stage in message.stages
        ),
        engines=tuple(getattr(message, "engines", ())),  # recordings that are older have none
    )


def described(skill: str, arguments_json: str) -> str:
    """`pick(object='red cube')`."""
    try:
        arguments = json.loads(arguments_json or "{}")
    except ValueError:
        return f"{skill}(?)"
    if not isinstance(arguments, dict):
        return f"{skill}(?)"
    return f"{skill}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"


def _seconds(time: Any) -> float:
    return float(time.sec) + 1e-9 * float(time.nanosec)
