# SPDX-License-Identifier: Apache-2.0
"""Several things, one after the other."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from voice_agent_ros.intent.skills import Name, Skill, SkillArguments, SkillCall, SkillError, parse_call

NO_STEP = ("sequence", "stop", "resume", "pause", "continue", "repeat", "undo")
MAX_STEPS = 12


class Step(BaseModel):
    """One call."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    skill: Name
    arguments: dict[str, Any] = {}

    def call(self, call_id: str = "") -> SkillCall:
        """The validated call.

        Raises:
            SkillError: it is none.
        """
        return parse_call(self.skill, self.arguments, call_id)


def _is_step(step: Step) -> Step:
    if step.skill in NO_STEP:
        raise ValueError(f"{step.skill} cannot be a step")
    try:
        step.call()
    except SkillError as error:
        raise ValueError(str(error)) from error
    return step


class Sequence(SkillArguments):
    """Do several things, one after the other."""

    skill = "sequence"
    steps: Annotated[
        list[Annotated[Step, AfterValidator(_is_step)]], Field(min_length=2, max_length=MAX_STEPS)
    ]

    def calls(self) -> list[SkillCall]:
        """The steps as calls; their ids count from "0"."""
        return [step.call(str(index)) for index, step in enumerate(self.steps)]


SKILL = Skill(Sequence)
