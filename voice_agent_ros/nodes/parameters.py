# SPDX-License-Identifier: Apache-2.0
"""Declaring parameters with type, range and description, and reading them in one step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

from voice_agent_ros.errors import ConfigurationError


@dataclass(frozen=True)
class Parameter:
    """One parameter of a node.

    Attributes:
        bounds: inclusive range of a number, in the unit that the description names.
        choices: the texts allowed, if only some are.
    """

    name: str
    default: bool | int | float | str | list[str]
    description: str
    bounds: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()

    def descriptor(self) -> ParameterDescriptor:
        """What `ros2 param describe` shows."""
        descriptor = ParameterDescriptor(description=self.description)
        if self.choices:
            descriptor.additional_constraints = "one of: " + ", ".join(self.choices)
        if self.bounds is not None:
            low, high = self.bounds
            if isinstance(self.default, int):
                descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=0)]
            else:
                bounds = FloatingPointRange(from_value=low, to_value=high, step=0.0)
                descriptor.floating_point_range = [bounds]
        return descriptor


def declare(node: Node, parameters: Sequence[Parameter]) -> None:
    """Declare all parameters on the node.

    Raises:
        ConfigurationError: the value that one was given does not fit it.
    """
    for parameter in parameters:
        try:
            node.declare_parameter(parameter.name, parameter.default, parameter.descriptor())
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise ConfigurationError(
                f"Parameter {parameter.name} of {node.get_name()} does not fit: {error}.",
                f"{parameter.description} Like {parameter.default!r}. "
                "All that do not fit are found by: voice-agent doctor --area configuration --params FILE",
            ) from error


def read(node: Node, parameters: Sequence[Parameter]) -> Any:
    """Current values as attributes (dots in names become underscores).

    Raises:
        ConfigurationError: a text is not one of its choices.
    """
    values = SimpleNamespace()
    for parameter in parameters:
        value = node.get_parameter(parameter.name).value
        if parameter.choices and value not in parameter.choices:
            raise ConfigurationError(
                f"Parameter {parameter.name} of {node.get_name()} is {value!r}.",
                f"Choose one of: {', '.join(parameter.choices)}.",
            )
        setattr(values, parameter.name.replace(".", "_"), value)
    return values
