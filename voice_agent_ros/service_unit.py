# SPDX-License-Identifier: Apache-2.0
"""systemd services for a robot: start order, memory and core limits, a clean end. Text only; nothing is installed."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.profiles import Profile, ServiceProfile

NAMES = {"agent": "voice-agent", "xlm-server": "xlm-server"}
LAUNCH = {"agent": "voice_agent.launch.py", "xlm-server": "xlm_server.launch.py"}
DESCRIPTIONS = {
    "agent": "Voice agent: listens, and moves the arm",
    "xlm-server": "On-board language model behind an OpenAI-compatible server",
}
STOP_S = 20  # launch ends its processes within 8 s, then kills
KEPT_VARIABLES = (
    "RMW_IMPLEMENTATION",
    "ROS_LOCALHOST_ONLY",
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "VOICE_AGENT_ROS_CONFIG",
)


@dataclass(frozen=True)
class Environment:
    """What the service's shell needs.

    Attributes:
        setup: a file to be sourced.
        activate: of the virtual environment; empty: none.
        variables: for the service.
    """

    setup: str
    activate: str
    variables: Mapping[str, str]


@dataclass(frozen=True)
class ServiceOptions:
    """What the unit is made from.

    Attributes:
        user: of a service of the computer; empty: a service of the user who installs it.
    """

    service: str
    launch_arguments: tuple[str, ...]
    profile_name: str
    profile: Profile | None
    environment: Environment
    user: str = ""


def environment_of(setup: str, venv: str, domain: int | None) -> Environment:
    """From the options, else from the environment of this process.

    Raises:
        ConfigurationError: no workspace is sourced and none is named, or a file is not there.
    """
    prefixes = [part for part in os.environ.get("COLCON_PREFIX_PATH", "").split(os.pathsep) if part]
    candidates = [setup] if setup else [f"{prefix}/setup.bash" for prefix in prefixes]
    if not candidates:
        raise ConfigurationError(
            "No workspace is sourced.", "Source it, or name its file: --setup install/setup.bash"
        )
    path = Path(candidates[0]).expanduser().absolute()
    folder = venv or os.environ.get("VIRTUAL_ENV", "")
    activate = Path(folder).expanduser().absolute() / "bin" / "activate" if folder else None
    for file in (path, activate):
        if file is not None and not file.is_file():
            raise ConfigurationError(f"{file} is not there.", "Name the file that you source by hand.")
    variables = {name: os.environ[name] for name in KEPT_VARIABLES if os.environ.get(name)}
    own_domain = os.environ.get("ROS_DOMAIN_ID", "") if domain is None else str(domain)
    if own_domain:
        variables["ROS_DOMAIN_ID"] = own_domain
    return Environment(str(path), str(activate) if activate else "", variables)


def unit(options: ServiceOptions) -> str:
    """The unit's text.

    Raises:
        ConfigurationError: an argument is no `name:=value`.
    """
    name = options.service
    limits = options.profile.service(name) if options.profile else ServiceProfile()
    others = [f"{NAMES['xlm-server']}.service"] if name == "agent" else []
    network = ["network.target", "sound.target"] if options.user else []
    lines = [
        f"# {NAMES[name]}.service",
        "[Unit]",
        f"Description={DESCRIPTIONS[name]}",
        # The agent answers plain commands without a language model: it is wanted, not required.
        *_line("Wants", others),
        *_line("After", [*network, *others]),
        "StartLimitIntervalSec=300",
        "StartLimitBurst=10",
        "",
        "[Service]",
        "Type=exec",
        *([f"User={options.user}"] if options.user else []),
        *(
            f"Environment={_quoted(f'{key}={text}')}"
            for key, text in sorted(options.environment.variables.items())
        ),
        f"ExecStart=/bin/bash -c {_quoted(_script(options).replace('$', '$$'))}",
        "Restart=always",
        "RestartSec=3",
        "# Without a terminal, launch passes SIGINT on: goals are cancelled, devices closed; who does not end is killed.",
        "KillSignal=SIGINT",
        "KillMode=mixed",
        f"TimeoutStopSec={STOP_S}",
        "NoNewPrivileges=yes",
        "# One process that is killed for its memory must not take the others along: launch starts it again.",
        "OOMPolicy=continue",
        *([f"MemoryMax={limits.memory_mb}M"] if limits.memory_mb else []),
        *([f"CPUAffinity={limits.cpus}"] if limits.cpus else []),
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if options.user else 'default.target'}",
    ]
    return "\n".join(lines) + "\n"


def how_to(options: ServiceOptions) -> str:
    """What to do with the unit."""
    file = f"{NAMES[options.service]}.service"
    if options.user:
        return (
            f"# An administrator puts this into /etc/systemd/system/{file}, then: systemctl daemon-reload; "
            f"systemctl enable --now {file}\n# Its log: journalctl -u {file} -f"
        )
    return (
        f"# Write this to ~/.config/systemd/user/{file}, then: systemctl --user daemon-reload; "
        f"systemctl --user enable --now {file}\n"
        "# So that it starts without a login: loginctl enable-linger\n"
        f"# Its log: journalctl --user -u {file} -f"
    )


def _line(key: str, values: list[str]) -> list[str]:
    return [f"{key}={' '.join(values)}"] if values else []


def _script(options: ServiceOptions) -> str:
    environment = options.environment
    arguments = list(options.launch_arguments)
    if options.profile_name:
        arguments.append(f"profile:={options.profile_name}")
    for argument in arguments:
        name, assigned, _ = argument.partition(":=")
        if not assigned or not name.isidentifier() or "\n" in argument:
            raise ConfigurationError(f"{argument!r} is no launch argument.", "Write it as name:=value.")
    sourced = [path for path in (environment.activate, environment.setup) if path]
    launch = shlex.join(["ros2", "launch", "voice_agent_ros", LAUNCH[options.service], *arguments])
    return " && ".join([*(f"source {shlex.quote(path)}" for path in sourced), f"exec {launch}"])


def _quoted(text: str) -> str:
    """One word for systemd: its quotes, escapes and specifiers (%)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
