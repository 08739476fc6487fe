# SPDX-License-Identifier: Apache-2.0
"""What a skill is. Its pydantic model is the source of grammar slots, LLM tools and the bridge's check."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
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
Radians = Annotated[float, Field(ge=-6.3, le=6.3), AfterValidator(_finite)]


class SkillArguments(BaseModel):
    """Arguments of a skill. The docstring of a subclass is what a language model is told about it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    skill: ClassVar[str]
    moves: ClassVar[bool] = True
    offered_to_llm: ClassVar[bool] = True


@dataclass(frozen=True)
class Skill:
    """Everything about a skill, in one place.

    Attributes:
        arguments: its pydantic model; the docstring is what a language model is told.
        plan: adds the movements to a `motion.draft.Draft`; None if nothing moves or the bridge itself does it.
        sentences: language → blocks of hassil templates, see config/sentences/en.yaml for rules and lists.
        intention: language → what it does, without a subject ("pick up the {object}").
        defaults: values of slots that a sentence may leave open.
    """

    arguments: type[SkillArguments]
    plan: Callable[[Any, Any], None] | None = None
    sentences: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    intention: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, a snake_case verb."""
        return self.arguments.skill


class _Skills(Mapping[str, Skill]):
    """All skills by name: the package's own, then those that entry points add. Loaded on first use."""

    def __getitem__(self, name: str) -> Skill:
        return self._loaded()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())

    @staticmethod
    def _loaded() -> Mapping[str, Skill]:
        from voice_agent_ros.skills.registry import load  # they are made of what is defined here

        return load()


SKILLS: Mapping[str, Skill] = _Skills()


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
    known = SKILLS.get(skill)
    if known is None:
        raise SkillError(f"There is no skill {skill!r}.", f"Known skills: {', '.join(SKILLS)}.")
    try:
        data = json.loads(arguments) if isinstance(arguments, str) else dict(arguments)
    except (ValueError, RecursionError) as error:
        raise SkillError(f"The arguments of {skill} are not JSON: {error}.", "Send a JSON object.") from error
    if not isinstance(data, dict):
        raise SkillError(f"The arguments of {skill} are not a JSON object.", "Send a JSON object.")
    try:
        return SkillCall(known.arguments.model_validate(data), call_id)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "arguments"
        raise SkillError(f"{skill}: {where}: {first['msg']}.", "Correct the arguments.") from error
