# SPDX-License-Identifier: Apache-2.0
"""What a check says, and what all checks are told about the agent that is to run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Status = Literal["PASS", "WARN", "FAIL"]
Purpose = Literal["robot", "demo"]


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes:
        status: FAIL: the agent will not work; WARN: something of it will not, or only perhaps.
        evidence: what was found.
        fix: what to do about it; empty if nothing needs to be done.
    """

    area: str
    name: str
    status: Status
    evidence: str
    fix: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def readable(path: Path) -> str:
    """What to do about a file or folder that was refused to this user."""
    return f"This user may not read it: chmod a+rX {path}, and the folders above it, or chown."


@dataclass(frozen=True)
class Installation:
    """What is to run.

    Attributes:
        purpose: "demo": with the simulated arm and recordings, which needs neither microphone nor controllers.
        parameters: by node, as in config/voice_agent.yaml.
        namespace: of the robot.
        patience_s: how long anybody on a network is waited for.
        profile: kind of computer, as for the launch files; its parameters are among `parameters`.
    """

    purpose: Purpose = "robot"
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    namespace: str = ""
    patience_s: float = 5.0
    profile: str = ""

    def parameter(self, node: str, name: str, default: Any = "") -> Any:
        """The value that a node will have."""
        return self.parameters.get(node, {}).get(name, default)

    def to_json(self) -> str:
        """For a process of its own."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Installation:
        """The counterpart of `to_json`."""
        return cls(**json.loads(text))
