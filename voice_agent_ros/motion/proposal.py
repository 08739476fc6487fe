# SPDX-License-Identifier: Apache-2.0
"""What the bridge is asked to do, tells on the way and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voice_agent_ros.intent.skills import SkillCall


@dataclass(frozen=True)
class Proposal:
    """What somebody wants the bridge to do."""

    calls: tuple[SkillCall, ...]
    turn_id: str
    key: str
    dry_run: bool = False


@dataclass(frozen=True)
class StepResult:
    """What became of one call."""

    call: SkillCall
    outcome: str
    rule: str = ""


@dataclass(frozen=True)
class Result:
    """What became of it; `message` is a sentence in the speaker's language.

    Attributes:
        steps: what became of the calls that were begun; empty: the same as of the whole.
    """

    outcome: str
    rule: str
    message: str
    calls: tuple[SkillCall, ...] = ()
    steps: tuple[StepResult, ...] = ()


@dataclass(frozen=True)
class Progress:
    """A step on the way; see ExecuteIntent.Feedback."""

    phase: str
    message: str = ""
    call_id: str = ""
    fraction: float = 0.0
    nonce: str = ""


Report = Callable[[Progress], None]
