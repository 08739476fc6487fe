# SPDX-License-Identifier: Apache-2.0
"""Where things are for an arm that sees nothing: config/scene.yaml, strictly checked."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.intent.wordings import bare
from voice_agent_ros.motion.policy import readable

MAX_OBJECTS = 64


def _whole(name: str) -> str:
    if not bare(name):
        raise ValueError("a name needs a letter")
    return " ".join(name.split())


Coordinate = Annotated[float, Field(ge=-5.0, le=5.0, allow_inf_nan=False)]  # m
Edge = Annotated[float, Field(gt=0.0, le=2.0, allow_inf_nan=False)]  # m
ThingName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_whole)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GivenObject(_Strict):
    """A thing whose place somebody has measured, in the arm's base frame."""

    name: ThingName
    position: tuple[Coordinate, Coordinate, Coordinate]  # of its centre, m
    size: tuple[Edge, Edge, Edge]  # along its own axes, m
    yaw: Annotated[float, Field(ge=-6.3, le=6.3, allow_inf_nan=False)] = 0.0  # about the vertical, rad
    fixed: bool = False  # it cannot be picked up

    def scene_object(self) -> SceneObject:
        """As everything else knows it."""
        turned = (0.0, 0.0, math.sin(self.yaw / 2), math.cos(self.yaw / 2))
        return SceneObject(self.name, self.position, turned, self.size, "given", self.fixed)


class SceneFile(_Strict):
    """The whole file."""

    objects: list[GivenObject] = Field(max_length=MAX_OBJECTS)

    @model_validator(mode="after")
    def _names_differ(self) -> SceneFile:
        names = [bare(thing.name) for thing in self.objects]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"there are two objects called {name!r}")
        return self


def load_scene(path: Path) -> tuple[SceneObject, ...]:
    """Read a scene file.

    Raises:
        ConfigurationError: missing, unreadable, or it does not fit.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return tuple(thing.scene_object() for thing in SceneFile.model_validate(data).objects)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"The scene file {path} cannot be read: {error}.", "See config/scene.yaml."
        ) from error
    except ValidationError as error:
        raise ConfigurationError(
            f"The scene file {path} does not fit:\n{readable(error)}\n", "Correct it."
        ) from error
