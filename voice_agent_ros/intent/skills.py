# SPDX-License-Identifier: Apache-2.0
"""The skills: one pydantic model each, the source of grammar slots, LLM tools and the bridge's check."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from voice_agent_ros.errors import VoiceAgentError

Direction = Literal["up", "down", "left", "right", "forward", "back"]


class SkillError(VoiceAgentError):
    """A call names an unknown skill, or its arguments do not fit the skill's schema."""


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Name = Annotated[str, Field(min_length=1, max_length=64)]
Metres = Annotated[float, Field(gt=0.0, le=2.0), AfterValidator(_finite)]


class SkillArguments(BaseModel):
    """Arguments of a skill. The docstring of a subclass is what a language model is told about it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    skill: ClassVar[str]
    moves: ClassVar[bool] = True
    offered_to_llm: ClassVar[bool] = True


class Pick(SkillArguments):
    """Pick up an object and hold it."""

    skill = "pick"
    object: Name = Field(description="the object's name")


class Place(SkillArguments):
    """Put the held object into or onto a target."""

    skill = "place"
    object: Name | None = Field(default=None, description="the held object's name, if it was said")
    target: Name = Field(description="name of what to put it into or onto")


class PickAndPlace(SkillArguments):
    """Pick up an object and put it into or onto a target."""

    skill = "pick_and_place"
    object: Name = Field(description="the object's name")
    target: Name = Field(description="name of what to put it into or onto")


class MoveTo(SkillArguments):
    """Move the arm to a named pose."""

    skill = "move_to"
    pose: Name = Field(description="the pose's name")


class MoveBy(SkillArguments):
    """Move the hand some distance in a direction."""

    skill = "move_by"
    direction: Direction
    distance: Metres = Field(description="in metres")


class OpenGripper(SkillArguments):
    """Open the gripper."""

    skill = "open_gripper"


class CloseGripper(SkillArguments):
    """Close the gripper."""

    skill = "close_gripper"


class Stop(SkillArguments):
    """Stop moving at once."""

    skill = "stop"
    moves = False
    offered_to_llm = False


class Resume(SkillArguments):
    """Allow motion again after a stop. Only a person can ask for it; it never restarts a motion."""

    skill = "resume"
    moves = False
    offered_to_llm = False


class DescribeScene(SkillArguments):
    """Say what is on the table."""

    skill = "describe_scene"
    moves = False


SKILLS: Mapping[str, type[SkillArguments]] = {
    model.skill: model
    for model in (
        Pick,
        Place,
        PickAndPlace,
        MoveTo,
        MoveBy,
        OpenGripper,
        CloseGripper,
        Stop,
        Resume,
        DescribeScene,
    )
}


@dataclass(frozen=True)
class SkillCall:
    """A validated call.

    Attributes:
        arguments: an instance of the skill's model.
        call_id: unique within the turn; empty until one is given.
    """

    arguments: SkillArguments
    call_id: str = field(default="", compare=False)

    @property
    def skill(self) -> str:
        """Name of the skill."""
        return self.arguments.skill

    def as_dict(self) -> dict[str, Any]:
        """`{"skill": …, "arguments": {…}}`, as `voice-agent parse` prints it; arguments not given are left out."""
        return {"skill": self.skill, "arguments": self.arguments.model_dump(exclude_none=True)}

    def arguments_json(self) -> str:
        """The arguments as a JSON object, for messages."""
        return self.arguments.model_dump_json(exclude_none=True)


def parse_call(skill: str, arguments: str | Mapping[str, Any], call_id: str = "") -> SkillCall:
    """Validate a call that came from outside.

    Args:
        skill: name of the skill.
        arguments: a JSON object, as text or as a mapping.
        call_id: kept as it is.

    Raises:
        SkillError: unknown skill, text that is no JSON object, or arguments that do not fit.
    """
    model = SKILLS.get(skill)
    if model is None:
        raise SkillError(f"There is no skill {skill!r}.", f"Known skills: {', '.join(SKILLS)}.")
    try:
        data = json.loads(arguments) if isinstance(arguments, str) else dict(arguments)
    except (ValueError, RecursionError) as error:
        raise SkillError(f"The arguments of {skill} are not JSON: {error}.", "Send a JSON object.") from error
    if not isinstance(data, dict):
        raise SkillError(f"The arguments of {skill} are not a JSON object.", "Send a JSON object.")
    try:
        return SkillCall(model.model_validate(data), call_id)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise SkillError(f"{skill}: {where}: {first['msg']}.", "Correct the arguments.") from error
