# SPDX-License-Identifier: Apache-2.0
"""Why a motion is not done: the name of the rule, and what a sentence about it needs."""

from __future__ import annotations

from typing import Any

from voice_agent_ros.errors import VoiceAgentError


class Refusal(VoiceAgentError):
    """A rule forbids what was asked for.

    Attributes:
        rule: its name; motion/sentences.py has a sentence for each.
        details: what that sentence mentions.
    """

    def __init__(self, rule: str, **details: Any) -> None:
        super().__init__(f"{rule} {details}" if details else rule)
        self.rule = rule
        self.details = details
