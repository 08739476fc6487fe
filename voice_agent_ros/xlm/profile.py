# SPDX-License-Identifier: Apache-2.0
"""What the gateway has to know about one version of a console program: markers, history, limits, failures.

A profile is a YAML file, chosen by name among the packaged ones or given as a path. It may extend another one and
say only what differs.
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_agent_ros.errors import ConfigurationError

PROFILES = Path(__file__).with_name("profiles")
PASSTHROUGH_TEMPLATE = PROFILES / "passthrough.jinja"
# passthrough.jinja turns it back into a line break; people do not type it.
LINE_BREAK = "⏎"

ChatFormat = Literal["chatml", "deepseek"]
TemplateMode = Literal["passthrough", "vendor"]
FailureKind = Literal["memory", "load", "run_error"]
# Sections whose keys are names of things: a profile that says its own means these and no others.
_REPLACED = ("model_types", "unserved_model_types", "environment")


def _compilable(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


def _fillable(text: str) -> str:
    try:
        fields = [part[1:] for part in string.Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise ValueError(f"{error}; write {{{{ and }}}} for braces") from error
    if any(not str(name).isidentifier() or spec or conversion for name, spec, conversion in fields):
        raise ValueError("braces hold a name and nothing else; write {{ and }} for braces")
    return text


def _printable(text: str) -> str:
    if not text.strip() or "\n" in text:
        raise ValueError("needs visible text on one line")
    return text


Fillable = Annotated[str, AfterValidator(_fillable)]
Pattern = Annotated[str, Field(min_length=1), AfterValidator(_compilable)]
Marker = Annotated[str, AfterValidator(_printable)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelType(_Section):
    """A model family: its number in this version of the program, and how it is spoken to."""

    id: int = Field(description="value of the program's --model_type")
    chat_format: ChatFormat = Field(description="special tokens of its roles")
    thinking: Literal["none", "opened_by_template", "tags"] = Field(
        default="none",
        description="opened_by_template: the reply holds </think> only; tags: both tags; none: neither",
    )


class Markers(_Section):
    """Texts by which the console's output is told apart."""

    ready: Marker = Field(description="printed when the next question may be typed; at the start of a line")
    assistant: Marker = Field(description="printed before the reply")
    log_prefixes: tuple[Marker, ...] = Field(
        description="a line that holds one of these is a log line from there on"
    )
    special_tokens: tuple[Marker, ...] = Field(
        default=(), description="never part of a reply; anything of the form <|name|> never is"
    )
    end_tokens: tuple[Marker, ...] = Field(description="nothing after one of these is part of the reply")

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Markers:
        if self.ready == self.assistant:
            raise ValueError("ready and assistant are the same")
        for prefix in self.log_prefixes:
            if prefix in self.ready or prefix in self.assistant:
                raise ValueError(
                    f"log_prefixes: {prefix!r} would drop the console's own prompts as log lines"
                )
        return self


class Commands(_Section):
    """Lines that the console takes as orders, not as questions."""

    exit: Marker = "exit"
    reset: Marker = "reset"

    @model_validator(mode="after")
    def _differ(self) -> Commands:
        if self.exit == self.reset:
            raise ValueError("exit and reset are the same")
        return self


class FailureRule(_Section):
    """A line of output that means the engine cannot go on, and what a person can do about it."""

    pattern: Pattern
    kind: FailureKind
    message: str
    fix: str = ""


class Limits(_Section):
    """Bounds of the program and the patience to have with it."""

    line_bytes: int = Field(
        gt=0, description="longest line it reads as one turn, in UTF-8 bytes without the newline"
    )
    context_tokens: int = Field(gt=0, description="context window of the model")
    load_s: float = Field(default=180.0, gt=0, description="start until the first prompt")
    silence_s: float = Field(default=60.0, gt=0, description="longest wait for the next byte of a reply")
    reset_s: float = Field(default=10.0, gt=0, description="reset until the prompt")
    settle_s: float = Field(
        default=0.5, gt=0, description="silence after which `run error`, or a prompt, counts as an ending"
    )
    bare_prompt_s: float = Field(
        default=3.0,
        gt=0,
        description="the same for a prompt without speeds, where speeds are always printed: the model may "
        "have said it and be thinking on",
    )
    linger_s: float = Field(
        default=30.0,
        ge=0,
        description="how long a conversation is kept for its next turn before the console is made to forget it",
    )


class StandIn(_Section):
    """How the stand-in plays this version, where that is not what the gateway is told."""

    banner: str = ""
    farewell: str = ""
    init_line: str = Field(default="", description="printed once the model is loaded")
    speeds: Literal["before_prompt", "after_prompt"] = "before_prompt"
    speeds_unit: str = "tokens/s"
    history: Literal["kept", "none"] | None = Field(default=None, description="default: as in the profile")
    reset_works: bool = True


class Profile(_Section):
    """One version of a console program."""

    name: str
    command: tuple[Fillable, ...] = Field(
        min_length=1, description="argv; {placeholders} are filled from the server's options"
    )
    environment: dict[str, Fillable] = Field(
        default_factory=dict, description="added; {cwd} and {VARIABLES} are filled"
    )
    model_types: dict[str, ModelType] = Field(min_length=1)
    unserved_model_types: dict[str, int] = Field(
        default_factory=dict, description="further ones it numbers, which this server cannot speak to"
    )
    default_model_type: str
    template: TemplateMode = Field(
        default="passthrough",
        description="whose template runs where neither the command line nor its JSON file names one",
    )
    markers: Markers
    commands: Commands = Commands()
    echoes_prompt: bool = Field(description="the rendered template is printed before the assistant marker")
    speeds: Literal["always", "sometimes"] = Field(
        default="sometimes", description="whether every reply is followed by its `Performance` line"
    )
    history: Literal["kept", "none", "unknown"] = Field(
        description="whether a turn sees the turns before it; unknown: assume so, but do not build on it"
    )
    clean_by: Literal["nothing", "reset", "restart"] = Field(description="what makes it forget them")
    probe: bool = Field(
        default=False, description="find out about history and reset with three short questions at start"
    )
    reply_end_in_history: bool = Field(
        default=True, description="what the console remembers of a reply includes the end-of-turn token"
    )
    failures: tuple[FailureRule, ...] = ()
    limits: Limits
    stand_in: StandIn = StandIn()

    @model_validator(mode="after")
    def _fits_together(self) -> Profile:
        if self.default_model_type not in self.model_types:
            raise ValueError(f"default_model_type {self.default_model_type!r} is none of model_types")
        if self.history != "none" and self.clean_by == "nothing":
            raise ValueError(
                "clean_by: nothing would let one client's words reach the next, as history is not none; "
                "use reset or restart"
            )
        return self

    def model_type(self, name: str = "") -> ModelType:
        """A model family by name; empty: the default one.

        Raises:
            ConfigurationError: this version does not know it.
        """
        chosen = name or self.default_model_type
        known = ", ".join(sorted(self.model_types))
        if chosen in self.unserved_model_types:
            raise ConfigurationError(
                f"{self.name} knows the model type {chosen!r}, but this server cannot speak to it.",
                f"Choose one of: {known}.",
            )
        if chosen not in self.model_types:
            raise ConfigurationError(
                f"Profile {self.name} has no model type {chosen!r}.", f"Choose one of: {known}."
            )
        return self.model_types[chosen]

    def model_type_name(self, number: int) -> str:
        """Name of the model family that this version numbers so."""
        for name, model_type in self.model_types.items():
            if model_type.id == number:
                return name
        for name, other in self.unserved_model_types.items():
            if other == number:
                self.model_type(name)
        numbers = ", ".join(f"{model.id} {name}" for name, model in sorted(self.model_types.items()))
        raise ConfigurationError(
            f"{self.name} has no model type number {number}.",
            f"The numbers differ between versions; this one has: {numbers}.",
        )

    def classify(self, text: str) -> FailureRule | None:
        """The first rule that matches somewhere in the text."""
        return next((rule for rule in self.failures if re.search(rule.pattern, text)), None)

    def filled_command(self, values: Mapping[str, str]) -> list[str]:
        """The profile's own command line.

        Raises:
            ConfigurationError: a placeholder has no value.
        """
        command = []
        for word in self.command:
            try:
                command.append(word.format_map(values))
            except KeyError as error:
                name = str(error.args[0])
                raise ConfigurationError(
                    f"The command of profile {self.name} needs {name}.",
                    f"Add --set {name}=VALUE, or give the whole command with --console.",
                ) from error
        return command

    def filled_environment(self, cwd: Path) -> dict[str, str]:
        """This process's environment with the profile's additions."""
        environment = dict(os.environ)
        values = {name: "" for text in self.environment.values() for name in re.findall(r"\{(\w+)\}", text)}
        values.update(environment)
        values["cwd"] = str(cwd)
        for name, text in self.environment.items():
            environment[name] = text.format_map(values).strip(":")
        return environment


def profile_names() -> list[str]:
    """Names of the packaged profiles."""
    return sorted(path.stem for path in PROFILES.glob("*.yaml") if not path.stem.startswith("_"))


def load_profile(name_or_path: str) -> Profile:
    """Read a profile.

    Args:
        name_or_path: name of a packaged profile, or path of a YAML file.

    Raises:
        ConfigurationError: there is none, or it is not valid.
    """
    path = _path_of(name_or_path)
    try:
        return Profile.model_validate(_read(path, []))
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in item['loc']) or 'profile'}: {_said(item)}"
            for item in error.errors()
        ]
        raise ConfigurationError("\n".join([f"{path} is not a console profile:", *lines])) from error


def _path_of(name_or_path: str) -> Path:
    is_path = name_or_path.endswith((".yaml", ".yml")) or os.sep in name_or_path
    return Path(name_or_path).expanduser() if is_path else PROFILES / f"{name_or_path}.yaml"


def _read(path: Path, seen: list[Path]) -> dict[str, Any]:
    """A profile's data with what it extends underneath."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        where = f"{seen[-1]}: extends: there" if seen else "There"
        raise ConfigurationError(
            f"{where} is no console profile {path.stem if path.parent == PROFILES else str(path)!r}.",
            f"Packaged ones: {', '.join(profile_names())}; or give the path of a YAML file.",
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}.") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path} is not a console profile: it holds no `key: value` lines.")
    base = data.pop("extends", None)
    if base is None:
        return data
    if path in seen or not isinstance(base, str):
        raise ConfigurationError(f"{path}: extends must name another profile, and no circle of them.")
    inside = path.parent / base
    base_path = inside if base.endswith((".yaml", ".yml")) and inside.is_file() else _path_of(base)
    return _merged(_read(base_path, [*seen, path]), data)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Sections are joined key by key; model types and whatever is no section are replaced as a whole."""
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        joins = isinstance(value, dict) and isinstance(under, dict) and key not in _REPLACED
        merged[key] = _merged(under, value) if joins and isinstance(under, dict) else value
    return merged


def _said(item: Any) -> str:
    """What pydantic found, in the words of someone who writes YAML."""
    known = {"extra_forbidden": "there is no such key", "missing": "is missing"}
    said = known.get(item["type"]) or item["msg"].removeprefix("Value error, ")
    return (
        said
        if item["type"] == "missing" or isinstance(item["input"], dict)
        else f"{said} (it is {item['input']!r:.80})"
    )
