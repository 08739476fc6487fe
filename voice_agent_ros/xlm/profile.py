# SPDX-License-Identifier: Apache-2.0
"""What the gateway has to know about one version of a console program: markers, history, limits, failures.

A profile is a YAML file, chosen by name among the packaged ones or given as a path.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from voice_agent_ros.errors import ConfigurationError

PROFILES = Path(__file__).with_name("profiles")
PASSTHROUGH_TEMPLATE = PROFILES / "passthrough.jinja"
# passthrough.jinja turns it back into a line break; people do not type it.
LINE_BREAK = "⏎"

ChatFormat = Literal["chatml", "deepseek"]
TemplateMode = Literal["passthrough", "vendor"]
FailureKind = Literal["memory", "load", "run_error"]


def _compilable(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compilable)]


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

    ready: str = Field(description="printed when the next question may be typed; at the start of a line")
    assistant: str = Field(description="printed before the reply")
    log_prefixes: tuple[str, ...] = Field(
        description="a line that holds one of these is a log line from there on"
    )
    special_tokens: tuple[str, ...] = Field(description="never part of a reply")
    end_tokens: tuple[str, ...] = Field(description="nothing after one of these is part of the reply")


class Commands(_Section):
    """Lines that the console takes as orders, not as questions."""

    exit: str = "exit"
    reset: str = "reset"


class FailureRule(_Section):
    """A line of output that means the engine cannot go on, and what a person can do about it."""

    pattern: Pattern
    kind: FailureKind
    message: str
    fix: str = ""


class Limits(_Section):
    """Bounds of the program and the patience to have with it."""

    line_bytes: int = Field(
        description="longest line it reads as one turn, in UTF-8 bytes without the newline"
    )
    context_tokens: int = Field(description="context window of the model")
    load_s: float = Field(default=180.0, description="start until the first prompt")
    silence_s: float = Field(default=60.0, description="longest wait for the next byte of a reply")
    reset_s: float = Field(default=10.0, description="reset until the prompt")
    settle_s: float = Field(default=0.5, description="silence after which an ambiguous ending counts as one")


class Profile(_Section):
    """One version of a console program."""

    name: str
    command: tuple[str, ...] = Field(description="argv; {placeholders} are filled from the server's options")
    environment: dict[str, str] = Field(
        default_factory=dict, description="added; {cwd} and {VARIABLES} are filled"
    )
    model_types: dict[str, ModelType]
    default_model_type: str
    markers: Markers
    commands: Commands = Commands()
    echoes_prompt: bool = Field(description="the rendered template is printed before the assistant marker")
    history: Literal["kept", "none"] = Field(description="whether a turn sees the turns before it")
    clean_by: Literal["nothing", "reset", "restart"] = Field(description="what makes it forget them")
    failures: tuple[FailureRule, ...] = ()
    limits: Limits

    def model_type(self, name: str = "") -> ModelType:
        """A model family by name; empty: the default one.

        Raises:
            ConfigurationError: this version does not know it.
        """
        chosen = name or self.default_model_type
        if chosen not in self.model_types:
            known = ", ".join(sorted(self.model_types))
            raise ConfigurationError(
                f"Profile {self.name} has no model type {chosen!r}.", f"Choose one of: {known}."
            )
        return self.model_types[chosen]

    def model_type_name(self, number: int) -> str:
        """Name of the model family that this version numbers so."""
        for name, model_type in self.model_types.items():
            if model_type.id == number:
                return name
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
    return sorted(path.stem for path in PROFILES.glob("*.yaml"))


def load_profile(name_or_path: str) -> Profile:
    """Read a profile.

    Args:
        name_or_path: name of a packaged profile, or path of a YAML file.

    Raises:
        ConfigurationError: there is none, or it is not valid.
    """
    is_path = name_or_path.endswith((".yaml", ".yml")) or os.sep in name_or_path
    path = Path(name_or_path) if is_path else PROFILES / f"{name_or_path}.yaml"
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"There is no console profile {name_or_path!r}.",
            f"Packaged ones: {', '.join(profile_names())}; or give the path of a YAML file.",
        ) from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {error}.") from error
    try:
        return Profile.model_validate(data)
    except ValidationError as error:
        lines = [
            f"{'.'.join(str(part) for part in item['loc']) or 'profile'}: {item['msg']}"
            for item in error.errors()
        ]
        raise ConfigurationError(f"{path} is not a console profile: {'; '.join(lines)}.") from error
