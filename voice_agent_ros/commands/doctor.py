# SPDX-License-Identifier: Apache-2.0
"""voice-agent doctor: what is missing on this computer, with the evidence and the fix."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voice_agent_ros.doctor.check import Check, Installation

HELP = "examine this computer: what the agent will miss, and the fix"
MARKS = {"PASS": "green", "WARN": "yellow", "FAIL": "bold red"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--for",
        dest="purpose",
        choices=("robot", "demo"),
        default="robot",
        help="what is to run here: on a robot, or the demo with its simulated arm; default: %(default)s",
    )
    parser.add_argument(
        "--area", action="append", default=[], metavar="AREA", help="only this one; repeatable"
    )
    parser.add_argument("--params", type=Path, metavar="FILE", help="your parameters; default: the package's")
    parser.add_argument("--profile", default="", help="as for the launch file: its parameters count")
    parser.add_argument("--arm", default="", help="as for the launch file")
    parser.add_argument("--llm-url", default="", metavar="URL", help="as for the launch file")
    parser.add_argument("--namespace", default="", help="namespace of the robot")
    parser.add_argument(
        "--timeout", type=float, default=5.0, metavar="S", help="patience; default: %(default)s"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--here", action="store_true", help="in this process: what a library prints or crashes with is seen"
    )


def run(arguments: argparse.Namespace) -> int:
    """Examine; 1 if something is missing that the agent needs."""
    from voice_agent_ros.doctor.areas import AREAS, examine, examine_here
    from voice_agent_ros.errors import ConfigurationError

    unknown = [area for area in arguments.area if area not in AREAS]
    if unknown:
        raise ConfigurationError(f"There is no area {', '.join(unknown)}.", f"Choose of {', '.join(AREAS)}.")
    installation, wrong = _installation(arguments)
    areas = arguments.area or AREAS
    if arguments.here:
        coming: Iterator[Check] = (check for area in areas for check in examine_here(area, installation))
    else:
        coming = examine(installation, areas)
    coming = chain(wrong, coming)
    if arguments.json:
        checks = list(coming)
        rows = {"checks": [check.as_dict() for check in checks]}
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        checks = _show(coming)
    return 1 if any(check.status == "FAIL" for check in checks) else 0


def _installation(arguments: argparse.Namespace) -> tuple[Installation, list[Check]]:
    """What is to run; with parameters that cannot be read, what that does not depend on is examined all the same."""
    from voice_agent_ros.doctor.check import Check, Installation
    from voice_agent_ros.errors import VoiceAgentError

    parameters, wrong = {}, []
    try:
        parameters = _parameters(arguments.params)
    except VoiceAgentError as error:
        wrong = [Check("configuration", "parameters", "FAIL", error.message, error.fix)]
    try:
        for node, own in _of_profile(arguments.profile).items():
            parameters.setdefault(node, {}).update(own)
    except VoiceAgentError as error:
        wrong.append(Check("configuration", "profile", "FAIL", error.message, error.fix))
        arguments.profile = ""
    if arguments.arm:
        parameters.setdefault("intent_bridge_node", {})["arm"] = arguments.arm
    if arguments.llm_url:
        parameters.setdefault("llm_node", {})["llm_url"] = arguments.llm_url
    installation = Installation(
        arguments.purpose, parameters, arguments.namespace, arguments.timeout, arguments.profile
    )
    return installation, wrong


def _of_profile(name: str) -> dict[str, dict[str, Any]]:
    if not name:
        return {}
    from voice_agent_ros.profiles import load_profile

    return {
        key.rsplit("/", 1)[-1]: content["ros__parameters"]
        for key, content in load_profile(name).parameters.items()
    }


def _parameters(path: Path | None) -> dict[str, dict[str, Any]]:
    """By node, whatever namespace the file gives them."""
    from voice_agent_ros.config_files import config_path
    from voice_agent_ros.errors import ConfigurationError

    path = path or config_path("voice_agent.yaml")
    try:
        import yaml

        data = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return {
            str(name).rsplit("/", 1)[-1]: dict(content["ros__parameters"]) for name, content in data.items()
        }
    except ImportError:
        return {}  # the area of the engines tells
    except OSError as error:
        fix = "Give a file that this user may read (chmod a+r). The rest was examined with the defaults."
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", fix) from error
    except (UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} is no file of ROS parameters: {' '.join(str(error).split())}.",
            "Correct it; it looks like config/voice_agent.yaml. The rest was examined with the defaults.",
        ) from error


def _show(coming: Iterable[Check]) -> list[Check]:
    """Print the checks as they come."""
    printer = _printer()
    area = ""
    checks = []
    for check in coming:
        checks.append(check)
        if check.area != area:
            area = check.area
            printer(f"\n{area}", {})
        printer(f"  {check.status}  {check.name}: {check.evidence}", MARKS)
        for line in check.fix.splitlines():
            printer(f"        → {line}", {})
    counts = Counter(check.status for check in checks)
    printer(f"\n{counts['PASS']} passed, {counts['WARN']} warnings, {counts['FAIL']} failed", {})
    return checks


def _printer() -> Any:
    """Colours where there is a terminal and the library for them."""
    try:
        from rich.console import Console
        from rich.text import Text
    except ImportError:
        return lambda line, _styles: print(line)
    console = Console(highlight=False, soft_wrap=True)

    def show(line: str, styles: Mapping[str, str]) -> None:
        text = Text(line)
        for word, style in styles.items():
            text.highlight_regex(rf"^  {word}", style)
        console.print(text)

    return show
