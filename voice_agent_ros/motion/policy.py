# SPDX-License-Identifier: Apache-2.0
"""The safety policy: one strict, frozen tree, read from YAML. What must never be disabled has no key here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.skills import SKILLS


class _Strict(BaseModel):
    # What is no number would compare as neither more nor less, and so switch a limit off.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Risk = Literal["none", "low", "medium", "high"]
ReadBack = Literal["never", "llm", "always"]
RISKS: Mapping[str, Risk] = {
    # Moves nothing, and takes nothing away that a stop has won.
    "describe_scene": "none",
    "stop": "none",
    "pause": "none",
    # Moves the empty hand or opens it.
    "move_to": "low",
    "move_by": "low",
    "move_joint": "low",
    "rotate_gripper": "low",
    "open_gripper": "low",
    "close_gripper": "low",
    "look_at": "low",
    "undo": "low",
    "repeat": "low",
    "continue": "low",
    "remember_place": "low",
    "forget_place": "low",
    # Touches things, or does several things.
    "pick": "medium",
    "place": "medium",
    "pick_and_place": "medium",
    "sequence": "medium",
    "wave": "medium",
    "hand_over": "medium",
    # Makes the arm free or faster again.
    "set_speed": "high",
    "resume": "high",
}
NEVER_SILENT = ("resume",)  # whoever is misheard must not set a stopped robot free


class SkillPolicy(_Strict):
    """Which skills are done at all, and how much harm a misunderstanding can do."""

    allowed: list[str] = Field(
        default_factory=lambda: list(SKILLS), description="allow-list of skill names; another one is refused"
    )
    risk: dict[str, Risk] = Field(
        default_factory=dict,
        description="risk class of skills, where it shall not be the one of motion/policy.RISKS;"
        " an added skill is high",
    )

    @model_validator(mode="after")
    def _known(self) -> SkillPolicy:
        _require_known([*self.allowed, *self.risk])
        return self

    def risk_of(self, skill: str) -> Risk:
        """Risk class of a skill."""
        return self.risk.get(skill, RISKS.get(skill, "high"))


def _require_known(names: Iterable[str]) -> None:
    unknown = [name for name in names if name not in SKILLS]
    if unknown:
        raise ValueError(f"unknown skills: {', '.join(unknown)}; known are {', '.join(SKILLS)}")


class KeepOut(_Strict):
    """An upright box in the base frame that nothing of the arm may enter, nor what it carries."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    low: tuple[float, float, float]  # m
    high: tuple[float, float, float]  # m

    @model_validator(mode="after")
    def _box(self) -> KeepOut:
        if any(low >= high for low, high in zip(self.low, self.high, strict=True)):
            raise ValueError("low must be below high in x, y and z")
        return self


class Limits(_Strict):
    """Limits along the whole path; the URDF's count too where they are stricter. Out of range is refused."""

    position_margin: Annotated[float, Field(ge=0.0, le=0.5)] = 0.03  # rad, kept from the joint limits
    joint_velocity: Annotated[float, Field(gt=0.0, le=6.0)] = 1.2  # rad/s
    joint_acceleration: Annotated[float, Field(gt=0.0, le=60.0)] = 3.0  # rad/s²
    joint_jerk: Annotated[float, Field(gt=0.0, le=2000.0)] = 60.0  # rad/s³, of movements in joint space
    joint_step: Annotated[float, Field(gt=0.0, le=6.3)] = (
        3.5  # rad, the most that a joint may turn in one movement
    )
    tool_speed: Annotated[float, Field(gt=0.0, le=1.5)] = 0.25  # m/s; 0.25 is the usual bound near people
    workspace_low: tuple[float, float, float] = (-0.6, -0.6, 0.0)  # m, for every link and the finger tips
    workspace_high: tuple[float, float, float] = (0.6, 0.6, 1.0)  # m
    keep_out: list[KeepOut] = Field(default_factory=list)
    table_clearance: Annotated[float, Field(ge=0.0)] = 0.002  # m, kept between the arm and the table
    obstacle_clearance: Annotated[float, Field(ge=0.0)] = 0.01  # m, kept from objects that are not handled
    duration: Annotated[float, Field(gt=0.0, le=120.0)] = 20.0  # s, the longest single movement

    @model_validator(mode="after")
    def _box(self) -> Limits:
        if any(low >= high for low, high in zip(self.workspace_low, self.workspace_high, strict=True)):
            raise ValueError("workspace_low must be below workspace_high in x, y and z")
        return self


class ReadBackPolicy(_Strict):
    """Which calls are read back and wait for a yes, by risk class.

    `never`; `llm`: those that a language model understood; `always`.
    """

    none: ReadBack = "never"
    low: ReadBack = "llm"
    medium: ReadBack = "llm"
    high: ReadBack = "always"


UNASKED: Mapping[str, ReadBack] = {"set_speed": "never"}  # it needs plain words, see motion/bridge.py


class ConfirmationPolicy(_Strict):
    """When a person is asked before the arm moves."""

    by_risk: ReadBackPolicy = ReadBackPolicy()
    skills: dict[str, ReadBack] = Field(
        default_factory=lambda: dict(UNASKED),
        description="skills for which the risk class does not decide",
    )
    of_unspoken: bool = Field(
        default=True,
        description="an intent for which nobody has said anything is asked about too, through the service only",
    )
    expires_after: Annotated[float, Field(gt=0.0, le=120.0, description="s from the end of the question")] = (
        20.0
    )

    @model_validator(mode="after")
    def _known(self) -> ConfirmationPolicy:
        _require_known(self.skills)
        silent = [name for name in NEVER_SILENT if self.skills.get(name, "always") != "always"]
        if silent:
            raise ValueError(f"{', '.join(silent)} must always be read back")
        return self

    def read_back(self, skill: str, risk: Risk) -> ReadBack:
        """When calls of a skill are read back."""
        if skill in NEVER_SILENT:
            return "always"
        by_class: ReadBack = getattr(self.by_risk, risk)
        return self.skills.get(skill, by_class)


Confidence = Annotated[float, Field(ge=0.0, le=1.0)]


class MinConfidence(_Strict):
    """Confidence of a transcript, as its recognizer states it, that each risk class needs."""

    low: Confidence = 0.4
    medium: Confidence = 0.4
    high: Confidence = 0.5

    def of(self, risk: Risk) -> float:
        """What a class needs."""
        value: float = 0.0 if risk == "none" else getattr(self, risk)
        return value


class Transcripts(_Strict):
    """Which words count."""

    min_confidence: MinConfidence = MinConfidence()
    max_age: Annotated[
        float, Field(gt=0.0, le=300.0, description="s; an older sentence cannot start a motion")
    ] = 30.0
    wait: Annotated[
        float, Field(ge=0.0, le=5.0, description="s; an intent may arrive before its sentence")
    ] = 0.5
    refuse_interrupted: bool = Field(
        default=True,
        description="refuse what was made of a sentence if its speaker has said more since, and a model's guess as soon as somebody speaks",
    )


class Rate(_Strict):
    """How often something may be asked for at all; execution.min_interval counts too."""

    per_minute: Annotated[int, Field(ge=1, le=1000, description="motions asked for within 60 s")] = 60


class Verbs(_Strict):
    """Bounds of what the bridge itself does."""

    continue_within: Annotated[
        float, Field(gt=0.0, le=3600.0, description="s; what was paused longer ago is not gone on with")
    ] = 120.0
    max_steps: Annotated[int, Field(ge=2, le=12, description="steps of a sequence")] = 8
    slowest: Annotated[
        float, Field(gt=0.0, le=1.0, description="least factor that set_speed takes; less is refused")
    ] = 0.1
    gentle: Annotated[
        float,
        Field(gt=0.0, le=1.0, description="factor of the speed of what is to be done slowly or carefully"),
    ] = 0.5


class Watch(_Strict):
    """Whose silence stops a motion, besides joint_states and controllers, which always do."""

    companion_timeout: Annotated[
        float,
        Field(
            ge=0.5,
            le=10.0,
            description="s; a node that beat its heart when the motion began and is silent since",
        ),
    ] = 2.0


class Audit(_Strict):
    """The record of what was asked, decided and done. It cannot be switched off: no record, no motion."""

    store_text: bool = Field(default=False, description="keep what people said; else a keyed hash of it only")
    key_path: str = Field(
        default="", description="key of those hashes; empty: audit.key beside the log, made once"
    )
    max_bytes: Annotated[
        int, Field(ge=65536, le=1 << 30, description="size at which a file is put aside and a new one begun")
    ] = 16 * 1024 * 1024
    kept_files: Annotated[int, Field(ge=1, le=1000, description="files put aside that are kept")] = 8


class Execution(_Strict):
    """How a plan is carried out."""

    dry_run: bool = Field(
        default=False,
        description="plan, check and announce everything, move nothing: for an arm's first day",
    )
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
    standstill: Annotated[
        float, Field(gt=0.0, le=0.2, description="rad/s; joints that are slower stand still")
    ] = 0.02
    min_interval: Annotated[float, Field(ge=0.0)] = 0.2  # s between two intents


class Policy(_Strict):
    """Everything that is allowed, and how."""

    skills: SkillPolicy = Field(default_factory=SkillPolicy)
    limits: Limits = Limits()
    confirmation: ConfirmationPolicy = Field(default_factory=ConfirmationPolicy)
    transcripts: Transcripts = Transcripts()
    execution: Execution = Execution()
    rate: Rate = Rate()
    verbs: Verbs = Verbs()
    watch: Watch = Watch()
    audit: Audit = Audit()


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
    if isinstance(data, list):
        return [_tuples(item) for item in data]
    return data
