# SPDX-License-Identifier: Apache-2.0
"""Scenario files: conversations that anybody can write, with what must come of them; test/scenarios/README.md.

The models here are the format: a key that is not in them is an error that names the file, the scenario and the step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

Place = Annotated[list[float], Field(min_length=3, max_length=3)]
Seconds = Annotated[float, Field(gt=0.0, le=100_000.0)]
Outcome = Literal["done", "asked", "refused", "answered", "stopped", "failed"]
ArmFault = Literal["none", "reject", "abort", "freeze", "lag", "slip", "drop_joint_states", "absent"]
GripperFault = Literal["none", "reject", "abort", "freeze", "absent"]


class ScenarioError(Exception):
    """A scenario file that cannot be used; the message says where and why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Claim(BaseModel):
    """A call: the skill's name, and its arguments beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)
    skill: str

    @property
    def arguments(self) -> dict[str, Any]:
        """Everything but the name."""
        return dict(self.model_extra or {})


class Fails(_Strict):
    """The model does not answer."""

    fails: Literal["unreachable", "no_first_token", "too_slow", "refused", "broken"]


class Hear(_Strict):
    """Somebody says something, and the robot does what it does about it.

    Attributes:
        llm: what the model answers if it is asked: words, a call, several calls, raw (unparsed) calls, or a failure.
            Without it the model must not be asked.
        again: the same transcript is delivered a second time.
        began: s from the start of these words to the moment before which nothing was said; negative: they began
            that long before now, as if they were recognized late.
        settle: wait until the robot is done; else go on while it is busy.
    """

    hear: str
    confidence: float = 0.9
    language: str = ""
    llm: str | Claim | list[Claim] | Fails | None = None
    raw_llm: dict[str, str] | None = None
    thinks: Seconds = 0.5
    again: bool = False
    began: float = 0.0
    settle: bool = True


class Propose(_Strict):
    """A program sends an intent to the bridge, past the dialogue.

    Attributes:
        turn: "last" for what was heard last; anything else is taken as it is.
    """

    propose: Claim | list[Claim]
    turn: str = ""
    key: str = ""
    dry_run: bool = False
    settle: bool = True


class Confirm(_Strict):
    """Somebody answers the open question by service."""

    confirm: bool
    settle: bool = True


class Stop(_Strict):
    """Somebody presses the stop button; the text is the reason."""

    stop: str


class Resume(_Strict):
    """A person allows motion again by service."""

    resume: Literal["service"]


class Wait(_Strict):
    """Time passes, s."""

    wait: Seconds


class MoveObject(_Strict):
    """Somebody moves something to a place, m; a name that is new adds an object."""

    move_object: str
    to: Place
    size: Place | None = None


class RemoveObject(_Strict):
    """Somebody takes something away."""

    remove_object: str


class PushArm(_Strict):
    """Somebody pushes the arm: joints of these numbers (from 1) by so much, rad."""

    push_arm: dict[int, float]


class Meddle(_Strict):
    """Another program sends the arm's controller a trajectory: joints of these numbers by so much, rad."""

    meddle: dict[int, float]


class Dies(_Strict):
    """A node's heart stops beating: asr_node, llm_node or stop_guard_node; see `lives`."""

    dies: Literal["asr_node", "llm_node", "stop_guard_node"]


class Lives(_Strict):
    """A node's heart beats again."""

    lives: Literal["asr_node", "llm_node", "stop_guard_node"]


class ClockJump(_Strict):
    """ROS time jumps by so much, s; the monotonic clock does not."""

    clock_jump: float


class FaultNow(_Strict):
    """Something breaks, or works again, from now on."""

    fault: ArmFault | None = None
    gripper_fault: GripperFault | None = None
    abort_error_code: int | None = None
    lag_s: float | None = None
    perception: Literal["works", "dead"] | None = None


class Expectation(_Strict):
    """What must be so now. `goals` and `questions` count from the last `expect` on.

    Attributes:
        says, never_says: regular expressions, of all that the robot has said since the last `expect`.
        goals: that have reached the controllers: a number, or "some".
        calls: of the last turn.
        objects: where they are: "bowl" (in it), "hand", "table", or a place.
        tool_moved: by how much the hand has moved since the last `expect`, m.
    """

    outcome: Outcome | None = None
    rule: str | None = None
    says: str | None = None
    never_says: str | None = None
    goals: int | Literal["some"] | None = None
    arm_goals: int | None = None
    gripper_goals: int | None = None
    questions: int | None = None
    engine: Literal["grammar", "llm", "none"] | None = None
    calls: list[Claim] | None = None
    latched: bool | None = None
    moving: bool | None = None
    pose: str | None = None
    objects: dict[str, str | Place] | None = None
    tool_moved: Place | None = None


class Expect(_Strict):
    """See `Expectation`; the words "no goals" alone mean `{goals: 0}`."""

    expect: Annotated[Expectation, BeforeValidator(lambda it: {"goals": 0} if it == "no goals" else it)]


Step = (
    Hear
    | Propose
    | Confirm
    | Stop
    | Resume
    | Wait
    | MoveObject
    | RemoveObject
    | PushArm
    | Meddle
    | Dies
    | Lives
    | ClockJump
    | FaultNow
    | Expect
)
STEPS: dict[str, type[_Strict]] = {
    "hear": Hear,
    "propose": Propose,
    "confirm": Confirm,
    "stop": Stop,
    "resume": Resume,
    "wait": Wait,
    "move_object": MoveObject,
    "remove_object": RemoveObject,
    "push_arm": PushArm,
    "meddle": Meddle,
    "dies": Dies,
    "lives": Lives,
    "clock_jump": ClockJump,
    "fault": FaultNow,
    "gripper_fault": FaultNow,
    "perception": FaultNow,
    "expect": Expect,
}


class Thing(_Strict):
    """An object of a scene, m."""

    at: Place
    size: Place = Field(default=[0.04, 0.04, 0.04])
    turned: float = 0.0  # rad about the vertical


class _Scenario(_Strict):
    name: str
    why: str = ""
    objects: dict[str, Thing] | None = None
    policy: dict[str, Any] = Field(default_factory=dict)
    latched: bool = False
    language: str = "en"
    ros: bool = False
    user_frame_yaw: float = 0.0
    unseen: bool = False
    steps: list[dict[str, Any]] = Field(min_length=1)


class _File(_Strict):
    about: str
    objects: dict[str, Thing] | None = None
    scenarios: list[_Scenario] = Field(min_length=1)


@dataclass(frozen=True)
class Scenario:
    """One conversation.

    Attributes:
        objects: on the table; None: the demonstration's.
        policy: what differs from the simulation's policy.
        latched: motion is not allowed yet when it begins.
        ros: it is also played on the real nodes (test/launch/test_scenarios_launch.py).
        user_frame_yaw: how the user stands, rad; see the arm file.
        unseen: there is no camera; a scene file says where everything is.
    """

    file: str
    name: str
    steps: tuple[Step, ...]
    objects: dict[str, Thing] | None
    policy: dict[str, Any]
    latched: bool
    language: str
    ros: bool
    user_frame_yaw: float = 0.0
    unseen: bool = False


def _yaml(text: str) -> Any:
    """libyaml takes a tenth of the time, where it is there; it refuses the halves of characters that some files are about."""
    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return yaml.safe_load(text)


def load(path: Path, kinds: Mapping[str, type[_Strict]] = STEPS) -> list[Scenario]:
    """The scenarios of a file.

    Args:
        kinds: the steps there are, by their verb.

    Raises:
        ScenarioError: one line per mistake.
    """
    try:
        data = _yaml(path.read_text(encoding="utf-8"))
        file = _File.model_validate(data)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path.name} is not YAML: {error}") from error
    except ValidationError as error:
        raise ScenarioError(_readable(path.name, error)) from error
    mistakes: list[str] = []
    found = []
    for one in file.scenarios:
        steps = []
        for number, raw in enumerate(one.steps, start=1):
            where = f"{path.name}, {one.name!r}, step {number}"
            try:
                steps.append(_step(raw, kinds))
            except ValidationError as error:
                mistakes.append(_readable(where, error))
            except ScenarioError as error:
                mistakes.append(f"{where}: {error}")
        objects = one.objects if one.objects is not None else file.objects
        found.append(
            Scenario(
                path.stem,
                one.name,
                tuple(steps),
                objects,
                one.policy,
                one.latched,
                one.language,
                one.ros,
                one.user_frame_yaw,
                one.unseen,
            )
        )
        if steps and not any(isinstance(step, Expect) for step in steps):
            mistakes.append(f"{path.name}, {one.name!r}: it expects nothing; add an `expect` step")
    names = [one.name for one in found]
    mistakes += [
        f"{path.name}: two scenarios are called {name!r}" for name in {n for n in names if names.count(n) > 1}
    ]
    if mistakes:
        raise ScenarioError("\n".join(mistakes))
    return found


def _step(raw: dict[str, Any], known: Mapping[str, type[_Strict]]) -> Step:
    verbs = [verb for verb in known if verb in raw]
    kinds = {known[verb] for verb in verbs}
    if len(kinds) != 1:
        what = " and ".join(verbs) if verbs else ", ".join(raw) or "nothing"
        raise ScenarioError(f"a step does one thing, this has {what}; there are: {', '.join(known)}")
    return kinds.pop().model_validate(raw)  # type: ignore[return-value]


def _readable(where: str, error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        path = ".".join(map(str, item["loc"]))
        unknown = item["type"] == "extra_forbidden"
        lines.append(f"{where}: {path}: {'there is no such key' if unknown else item['msg']}")
    return "\n".join(lines)
