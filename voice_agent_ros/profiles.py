# SPDX-License-Identifier: Apache-2.0
"""Profiles: what a kind of computer wants of each process and node. `config/profiles/<name>.yaml` or a file of yours."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from voice_agent_ros.config_files import config_path
from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.processors import parse_cpus

Process = Literal[
    "voice_agent",
    "audio_node",
    "asr_node",
    "llm_node",
    "tts_node",
    "intent_bridge_node",
    "stop_guard_node",
    "supervisor_node",
    "telemetry_node",
    "xlm-server",
]
Service = Literal["agent", "xlm-server"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Bounds(_Strict):
    cpus: str = ""
    memory_mb: int = Field(default=0, ge=0, le=1_000_000)

    @field_validator("cpus")
    @classmethod
    def _is_list(cls, text: str) -> str:
        try:
            parse_cpus(text)
        except ConfigurationError as error:
            raise ValueError(str(error)) from error
        return text


class ProcessProfile(_Bounds):
    """How the launch files start a process. Everything here works without root.

    Attributes:
        cpus: its processors, as for taskset; empty: any. On a computer that has none of them it runs anywhere.
        memory_mb: limit of its data segment (RLIMIT_DATA): heap, stacks and private maps, touched or not; 0: none.
            Beyond it allocations fail, the process ends and is started again.
        nice: 0 to 19.
        oom_score_adj: who is killed first when the computer's memory is used up, 0 to 1000. The bridge and the guard
            stay at 0.
        respawn: start it again when it dies, unless the launch argument says no.
    """

    nice: int = Field(default=0, ge=0, le=19)
    oom_score_adj: int = Field(default=0, ge=0, le=1000)
    respawn: bool = True
    respawn_delay_s: float = Field(default=1.0, ge=0.1, le=60.0)

    def prefix(self, warn: Callable[[str], None] = lambda _: None) -> list[str]:
        """Command in front of the process's own, from the tools of util-linux and coreutils.

        Args:
            warn: told what this computer does not have.

        Raises:
            ConfigurationError: a tool is missing.
        """
        there = os.sched_getaffinity(0)
        has_cpus = bool(there.intersection(parse_cpus(self.cpus)))
        if self.cpus and not has_cpus:
            warn(f"This computer has none of the processors {self.cpus}, only {sorted(there)}: any is used.")
        tools: list[tuple[bool, Sequence[str]]] = [
            (has_cpus, ("taskset", "-c", self.cpus)),
            (bool(self.memory_mb), ("prlimit", f"--data={self.memory_mb * 1_000_000}")),
            (bool(self.oom_score_adj), ("choom", "-n", str(self.oom_score_adj), "--")),
            (bool(self.nice), ("nice", "-n", str(self.nice))),
        ]
        words: list[str] = []
        for is_wanted, command in tools:
            if is_wanted and shutil.which(command[0]) is None:
                raise ConfigurationError(f"{command[0]} is missing.", "Install util-linux and coreutils.")
            words += command if is_wanted else ()
        return words


class ServiceProfile(_Bounds):
    """How systemd keeps a service: MemoryMax and CPUAffinity of the whole of it."""


class Profile(_Strict):
    """A profile file.

    Attributes:
        parameters: as in a ROS parameter file; applied over config/voice_agent.yaml.
    """

    description: str
    processes: dict[Process, ProcessProfile] = Field(default_factory=dict)
    services: dict[Service, ServiceProfile] = Field(default_factory=dict)
    parameters: dict[str, dict[Literal["ros__parameters"], dict[str, Any]]] = Field(default_factory=dict)

    def process(self, name: str) -> ProcessProfile:
        """Of an executable; one that is not named has no limits."""
        return {str(key): value for key, value in self.processes.items()}.get(name, ProcessProfile())

    def service(self, name: str) -> ServiceProfile:
        """The same of a service."""
        return {str(key): value for key, value in self.services.items()}.get(name, ServiceProfile())


def profile_path(name: str) -> Path:
    """The file of a profile's name, or the file of this path.

    Raises:
        ConfigurationError: there is none.
    """
    if "/" in name or name.endswith(".yaml"):
        path = Path(name).expanduser()
        if path.is_file():
            return path
    elif name in names():
        return config_path(f"profiles/{name}.yaml")
    raise ConfigurationError(
        f"There is no profile {name}.", f"Choose one of {', '.join(names())}, or name a file with its path."
    )


def names() -> list[str]:
    """Profiles that there are."""
    folders = {config_path("profiles"), config_path("profiles/laptop.yaml").parent}
    return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})


def load_profile(name: str) -> Profile:
    """Read a profile.

    Raises:
        ConfigurationError: there is no such profile, or its file is wrong.
    """
    path = profile_path(name)
    try:
        return Profile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is no YAML: {error}", "Correct it.") from error
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigurationError(f"{path}: {lines}", "Correct it.") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", "Correct its permissions.") from error
