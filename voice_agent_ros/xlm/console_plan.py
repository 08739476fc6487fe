# SPDX-License-Identifier: Apache-2.0
"""How the console is started and spoken to: what the command line does not say is read from the console's own."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.xlm.profile import PASSTHROUGH_TEMPLATE, Profile, TemplateMode


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
    profile: Profile, console: str, values: dict[str, str], model_type: str, template: str
) -> ConsolePlan:
    """Decide on command, model family and template; what is not said is read from the command itself.

    Raises:
        ConfigurationError: something is missing or contradicts the profile.
    """
    try:
        command = shlex.split(console)
    except ValueError as error:
        raise ConfigurationError(f"--console is not a command line: {error}.") from error
    if command:
        number = option_value(command, "--model_type")
        if not model_type and number:
            model_type = profile.model_type_name(int(number)) if number.isdigit() else ""
    model_type = model_type or profile.default_model_type
    filled = {
        "model_type": str(profile.model_type(model_type).id),
        "template_path": str(PASSTHROUGH_TEMPLATE),
        **values,
    }
    command = command or profile.filled_command(filled)
    path = option_value(command, "--template_path")
    mode: TemplateMode = "vendor" if path and not _is_passthrough(path) else "passthrough"
    if template == "passthrough":
        mode = "passthrough"
    elif template == "vendor":
        mode = "vendor"
    return ConsolePlan(command, model_type, mode)


def option_value(command: Sequence[str], name: str) -> str:
    """Value of an option in a command line; empty if it is not there."""
    for word, following in zip(command, [*command[1:], ""], strict=True):
        if word == name:
            return following
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return ""


def _is_passthrough(path: str) -> bool:
    """Whether a template is a copy of ours."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return Path(path).name == PASSTHROUGH_TEMPLATE.name
    return text.strip() == PASSTHROUGH_TEMPLATE.read_text(encoding="utf-8").strip()


def check_command(command: Sequence[str], cwd: Path) -> None:
    """See whether it can be started at all.

    Raises:
        ConfigurationError: it cannot.
    """
    if not cwd.is_dir():
        raise ConfigurationError(f"There is no folder {cwd}.", "Correct --cwd.")
    if shutil.which(command[0]) is None and not (cwd / command[0]).is_file():
        raise ConfigurationError(f"There is no console program {command[0]}.", "Correct --console or --cwd.")


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
