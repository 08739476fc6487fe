# SPDX-License-Identifier: Apache-2.0
"""The safety policy: one strict, frozen tree, read from YAML. What must never be disabled has no key here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.skills import SKILLS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SkillPolicy(_Strict):
    """Which skills are done at all. A skill that is not listed is refused."""

    allowed: list[str] = Field(default_factory=lambda: list(SKILLS), description="allow-list of skill names")
    confirm: list[str] = Field(
        default_factory=lambda: ["resume"], description="skills that are always read back"
    )

    @model_validator(mode="after")
    def _known(self) -> SkillPolicy:
        unknown = [name for name in (*self.allowed, *self.confirm) if name not in SKILLS]
        if unknown:
            raise ValueError(f"unknown skills: {', '.join(unknown)}; known are {', '.join(SKILLS)}")
        return self


class Limits(_Strict):
    """Limits along the whole path; the URDF's count too where they are stricter. Out of range is refused."""

    position_margin: Annotated[float, Field(ge=0.0, le=0.5)] = 0.03  # rad, kept from the joint limits
    joint_velocity: Annotated[float, Field(gt=0.0, le=6.0)] = 1.2  # rad/s
    joint_acceleration: Annotated[float, Field(gt=0.0, le=60.0)] = 3.0  # rad/s²
    joint_step: Annotated[float, Field(gt=0.0, le=6.3)] = (
        3.5  # rad, the most that a joint may turn in one movement
    )
    tool_speed: Annotated[float, Field(gt=0.0, le=1.5)] = 0.25  # m/s; 0.25 is the usual bound near people
    workspace_low: tuple[float, float, float] = (-0.6, -0.6, 0.0)  # m, for every link and the finger tips
    workspace_high: tuple[float, float, float] = (0.6, 0.6, 1.0)  # m
    table_clearance: Annotated[float, Field(ge=0.0)] = 0.002  # m, kept between finger tips and table
    obstacle_clearance: Annotated[float, Field(ge=0.0)] = 0.01  # m, kept from objects that are not handled
    duration: Annotated[float, Field(gt=0.0, le=120.0)] = 20.0  # s, the longest single movement

    @model_validator(mode="after")
    def _box(self) -> Limits:
        if any(low >= high for low, high in zip(self.workspace_low, self.workspace_high, strict=True)):
            raise ValueError("workspace_low must be below workspace_high in x, y and z")
        return self


class ConfirmationPolicy(_Strict):
    """When a person is asked before the arm moves."""

    of_llm: bool = True  # what a language model understood
    of_unspoken: bool = True  # an intent for which nobody has said anything; asked through the service only
    expires_after: Annotated[float, Field(gt=0.0, le=120.0)] = 20.0  # s from the end of the question


class Transcripts(_Strict):
    """Which words count."""

    min_confidence: Annotated[float, Field(ge=0.0, le=1.0)] = 0.4
    max_age: Annotated[float, Field(gt=0.0, le=300.0)] = 30.0  # s; an older sentence cannot start a motion
    wait: Annotated[float, Field(ge=0.0, le=5.0)] = 0.5  # s; an intent may arrive before its sentence


class Execution(_Strict):
    """How a plan is carried out."""

    plan_ttl: Annotated[float, Field(gt=0.0, le=600.0)] = 60.0  # s; an older plan is refused
    start_tolerance: Annotated[float, Field(gt=0.0, le=0.2)] = (
        0.05  # rad; the arm must be where a movement begins
    )
    object_tolerance: Annotated[float, Field(gt=0.0, le=0.1)] = 0.015  # m; so must the objects it is about
    joint_states_max_age: Annotated[float, Field(gt=0.0, le=2.0)] = 0.5  # s
    objects_max_age: Annotated[float, Field(gt=0.0, le=60.0)] = (
        2.0  # s; what was seen longer ago is not there
    )
    settle_time: Annotated[float, Field(gt=0.0, le=30.0)] = 3.0  # s; how late a movement may end
    min_interval: Annotated[float, Field(ge=0.0)] = 0.2  # s between two intents


class Policy(_Strict):
    """Everything that is allowed, and how."""

    skills: SkillPolicy = Field(default_factory=SkillPolicy)
    limits: Limits = Limits()
    confirmation: ConfirmationPolicy = ConfirmationPolicy()
    transcripts: Transcripts = Transcripts()
    execution: Execution = Execution()


def load_policy(path: Path) -> Policy:
    """Read a policy file.

    Raises:
        ConfigurationError: unreadable, or it does not fit; one line per mistake, with its path in the file.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"The policy {path} cannot be read: {error}.", "Correct the file."
        ) from error
    try:
        return Policy.model_validate(_tuples(data or {}))
    except ValidationError as error:
        raise ConfigurationError(
            f"The policy {path} does not fit:\n{readable(error)}\n", "Correct it."
        ) from error


def readable(error: ValidationError) -> str:
    """One line per mistake."""
    return "\n".join(
        f"  {'.'.join(map(str, item['loc'])) or '(file)'}: {item['msg']}" for item in error.errors()
    )


def _tuples(data: Any) -> Any:
    """YAML has no tuples: lists of numbers become some."""
    if isinstance(data, dict):
        return {key: _tuples(value) for key, value in data.items()}
    if isinstance(data, list) and data and all(isinstance(item, (int, float)) for item in data):
        return tuple(data)
    return data
