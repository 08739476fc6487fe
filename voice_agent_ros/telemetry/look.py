# SPDX-License-Identifier: Apache-2.0
"""One look at the robot and what is around it, for viewers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voice_agent_ros.intent.scene import SceneObject

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Line:
    """Pieces of a line in the arm's base frame.

    Attributes:
        points: ends of the pieces, two by two, m.
        colour: red, green, blue, 0 to 1.
        width: m.
    """

    points: tuple[Point, ...]
    colour: tuple[float, float, float]
    width: float


@dataclass(frozen=True)
class Look:
    """Joints by name (rad, finger m), the objects that are seen, and lines by name: planned path, workspace, keep-out boxes."""

    joints: Mapping[str, float] = field(default_factory=dict)
    things: tuple[SceneObject, ...] = ()
    lines: Mapping[str, Line] = field(default_factory=dict)
