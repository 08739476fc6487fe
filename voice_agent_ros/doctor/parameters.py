# SPDX-License-Identifier: Apache-2.0
"""Parameter files against what the nodes declare: a typing error in one is silently ignored, or ends the node."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from voice_agent_ros.doctor.check import Check, Installation

AREA = "configuration"
NAME = "parameters"
PACKAGE = "voice_agent_ros."
EVERYBODYS = ("use_sim_time", "start_type_description_service")
KINDS = {bool: "true or false", int: "a whole number", float: "a number with a point", str: "a text"}


def examine(installation: Installation) -> Iterator[Check]:
    """One check if all are right, or one for each mistake."""
    if not installation.parameters:
        return
    try:
        known = _nodes()
        declared = {node: _declared(node) for node in installation.parameters if node in known}
    except ImportError as error:
        fix = "The area ros tells what is missing."
        if (error.name or "").startswith(PACKAGE):
            fix = "The build is older than the sources: colcon build --packages-select voice_agent_ros (or: make build)."
        yield Check(AREA, NAME, "WARN", f"not compared with what the nodes declare: {error}", fix)
        return
    wrong = [
        Check(AREA, f"parameters of {node}", "FAIL", told, fix)
        for node, parameters in declared.items()
        for told, fix in mistakes(installation.parameters[node], parameters)
    ]
    for node in installation.parameters:
        if node not in known and (meant := difflib.get_close_matches(node, known, 1)):
            told = f"there is no node {node}: nobody reads them"
            wrong.append(Check(AREA, f"parameters of {node}", "WARN", told, f"Is {meant[0]} meant?"))
    yield from wrong
    if not wrong:
        yield Check(AREA, NAME, "PASS", f"those of {', '.join(declared) or 'no node'} fit their declarations")


def mistakes(values: Mapping[str, Any], declared: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """(what is wrong, the fix) of one node's values.

    Args:
        declared: `nodes.parameters.Parameter`s.
    """
    known = {parameter.name: parameter for parameter in declared}
    for name, value in _flat(values):
        if name in EVERYBODYS or name.startswith("qos_overrides."):
            continue
        if (parameter := known.get(name)) is None:
            near = difflib.get_close_matches(name, known, 1)
            yield f"there is no {name}", f"Is {near[0]} meant?" if near else "See docs/configuration.md."
        elif wanted := _wanted(parameter, value):
            yield f"{name} is {value!r}", f"It is {wanted}: {parameter.description}"


def _wanted(parameter: Any, value: Any) -> str:
    """What a value should be; "" if it is."""
    default = parameter.default
    if isinstance(default, list):
        is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return "" if is_list else "a list of texts"
    kind = type(default)
    if type(value) is not kind:  # ROS takes no 1 for a 1.0, nor the other way round
        return KINDS[kind]
    if parameter.choices and value not in parameter.choices:
        return f"one of {', '.join(map(repr, parameter.choices))}"
    if parameter.bounds is not None and not parameter.bounds[0] <= value <= parameter.bounds[1]:
        return f"from {parameter.bounds[0]:g} to {parameter.bounds[1]:g}"
    return ""


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """As ROS reads them: a mapping within is a name with a point."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _nodes() -> list[str]:
    package = import_module("voice_agent_ros.nodes")
    return [module.name for module in iter_modules(package.__path__) if module.name.endswith("_node")]


def _declared(node: str) -> tuple[Any, ...]:
    own = import_module(f"voice_agent_ros.nodes.{node}").PARAMETERS
    return (*own, *import_module("voice_agent_ros.nodes.affinity").PARAMETERS)
