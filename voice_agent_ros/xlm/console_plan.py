# SPDX-License-Identifier: Apache-2.0
"""How the console is started and spoken to: what the command line does not say is read from the console's own."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.xlm.profile import PASSTHROUGH_TEMPLATE, Profile, TemplateMode

TemplateChoice = Literal["auto", "passthrough", "vendor"]


@dataclass(frozen=True)
class ConsolePlan:
    """How the console is started and spoken to.

    Attributes:
        command: argv.
        model_type: name of the model family.
        mode: whose template it runs.
    """

    command: list[str]
    model_type: str
    mode: TemplateMode


def plan_console(
    profile: Profile,
    console: str,
    values: Mapping[str, str],
    model_type: str,
    template: TemplateChoice,
    cwd: Path = Path(),
) -> ConsolePlan:
    """Decide on command, model family and template; what is not said is read from the command, or its JSON file.

    Raises:
        ConfigurationError: something is missing or contradicts the profile.
    """
    try:
        command = shlex.split(console)
    except ValueError as error:
        raise ConfigurationError(f"--console is not a command line: {error}.") from error
    if not command:
        known = {
            "model_type": str(profile.model_type(model_type).id),
            "template_path": str(PASSTHROUGH_TEMPLATE),
        }
        command = profile.filled_command({**known, **values})
    file = configuration_file(command, cwd)
    said = _said_in(file)
    if not model_type:
        model_type = _model_type_of(profile, option_value(command, "--model_type") or said.get("model_type"))
    profile.model_type(model_type)
    path = option_value(command, "--template_path")
    named: Path | None = cwd / path if path else None
    if named is None and file is not None and isinstance(said.get("template_path"), str):
        named = file.parent / said["template_path"]
    return ConsolePlan(command, model_type, _mode_of(profile, template, named))


def configuration_file(command: Sequence[str], cwd: Path) -> Path | None:
    """The JSON file that a command line names."""
    name = option_value(command, "-c") or option_value(command, "--config_path")
    return cwd / name if name else None


def read_configuration(file: Path) -> dict[str, Any]:
    """What a console's JSON file says.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{file}: {error}.", "Correct the JSON.") from error
    if not isinstance(said, dict):
        raise ConfigurationError(f"{file} holds no JSON object.", "Correct the JSON.")
    return said


def _said_in(file: Path | None) -> dict[str, Any]:
    """The same, of a file that may be anything: the console itself, or the doctor, complains about it."""
    try:
        return {} if file is None else read_configuration(file)
    except ConfigurationError:
        return {}


def _model_type_of(profile: Profile, number: Any) -> str:
    """The family that a number means in this version; without one its default."""
    if number in (None, ""):
        return profile.default_model_type
    if not str(number).isdecimal():
        raise ConfigurationError(
            f"The console's model_type is {number!r}, which is no number.",
            "Correct it; --model-type takes a name.",
        )
    return profile.model_type_name(int(number))


def _mode_of(profile: Profile, template: TemplateChoice, named: Path | None) -> TemplateMode:
    if template != "auto":
        return template
    if named is None:
        return profile.template
    return "passthrough" if _is_passthrough(named) else "vendor"


def option_value(command: Sequence[str], name: str) -> str:
    """Value of an option in a command line; empty if it is not there."""
    for word, following in pairwise([*command, ""]):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _is_passthrough(path: Path) -> bool:
    """Whether a template is a copy of ours."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return path.name == PASSTHROUGH_TEMPLATE.name
    return text.strip() == PASSTHROUGH_TEMPLATE.read_text(encoding="utf-8").strip()


def console_program(command: Sequence[str], cwd: Path) -> Path | None:
    """The program that a command line starts; None: there is none.

    A name without a slash is looked for in PATH only, and a relative path below the console's folder, as at its start.
    """
    if "/" not in command[0]:
        found = shutil.which(command[0])
        return Path(found) if found else None
    path = cwd / command[0]
    return path if path.is_file() else None


def check_command(command: Sequence[str], cwd: Path) -> None:
    """See whether it can be started at all.

    Raises:
        ConfigurationError: it cannot.
    """
    if not cwd.is_dir():
        raise ConfigurationError(f"There is no folder {cwd}.", "Correct --cwd.")
    if not command[0]:
        raise ConfigurationError("The console's command is empty.", "Correct --console.")
    if console_program(command, cwd) is None:
        is_here = "/" not in command[0] and (cwd / command[0]).is_file()
        fix = f"Write ./{command[0]}." if is_here else "Correct --console or --cwd."
        raise ConfigurationError(f"There is no console program {command[0]}.", fix)


def named_values(pairs: Sequence[str]) -> dict[str, str]:
    """What --set says.

    Raises:
        ConfigurationError: it is no NAME=VALUE.
    """
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigurationError(f"--set {pair} is no NAME=VALUE.")
        values[name] = value
    return values
