# SPDX-License-Identifier: Apache-2.0
"""What is on the table and which poses the arm knows: the nouns that sentences may use."""

from __future__ import annotations

from dataclasses import dataclass

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True)
class SceneObject:
    """Something seen, in the arm's base frame.

    Attributes:
        name: as a person names it ("red cube").
        position: centre of its bounding box, m.
        orientation: x, y, z, w.
        size: edge lengths of its bounding box along its own axes, m.
    """

    name: str
    position: Vector3
    orientation: Quaternion = (0.0, 0.0, 0.0, 1.0)
    size: Vector3 = (0.04, 0.04, 0.04)


@dataclass(frozen=True)
class Scene:
    """Everything that a sentence can refer to right now.

    Attributes:
        user_frame_yaw: how the arm's user stands, rad: "left" is +y of the base turned by this.
    """

    objects: tuple[SceneObject, ...] = ()
    poses: tuple[str, ...] = ()
    user_frame_yaw: float = 0.0

    def find(self, name: str) -> SceneObject | None:
        """The object of this name (case and spacing ignored), or None."""
        key = " ".join(name.lower().split())
        return next((thing for thing in self.objects if " ".join(thing.name.lower().split()) == key), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all objects, in the order seen."""
        return tuple(thing.name for thing in self.objects)
