# SPDX-License-Identifier: Apache-2.0
"""What is on the table and which poses the arm knows: the nouns that sentences may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
# A camera sees it now; a file says where it is; a person has taught the spot.
Source = Literal["seen", "given", "taught"]


@dataclass(frozen=True)
class SceneObject:
    """Something seen, in the arm's base frame.

    Attributes:
        name: as a person names it ("red cube").
        position: centre of its bounding box, m.
        orientation: x, y, z, w.
        size: edge lengths of its bounding box along its own axes, m.
        source: how it is known.
        is_fixed: it cannot be picked up.
    """

    name: str
    position: Vector3
    orientation: Quaternion = (0.0, 0.0, 0.0, 1.0)
    size: Vector3 = (0.04, 0.04, 0.04)
    source: Source = "seen"
    is_fixed: bool = False

    def is_inside(self, other: SceneObject) -> bool:
        """Its centre is above the other's footprint and not above its rim, and the other is larger."""
        return (
            max(other.size[:2]) > max(self.size[:2])
            and all(abs(self.position[i] - other.position[i]) < other.size[i] / 2 for i in (0, 1))
            and self.position[2] < other.position[2] + other.size[2] / 2 + self.size[2] / 2
        )


@dataclass(frozen=True)
class Scene:
    """Everything that a sentence can refer to right now.

    Attributes:
        user_frame_yaw: how the arm's user stands, rad: "left" is +y of the base turned by this.
        places: spots that a person has taught; nothing is there that could be taken or be in the way.
        is_blind: no camera looks, so that only what a file or a person has told is known.
    """

    objects: tuple[SceneObject, ...] = ()
    poses: tuple[str, ...] = ()
    user_frame_yaw: float = 0.0
    places: tuple[SceneObject, ...] = ()
    is_blind: bool = False

    def find(self, name: str) -> SceneObject | None:
        """The object, or else the taught place, of this name (case and spacing ignored), or None."""
        key = _key(name)
        return next((thing for thing in (*self.objects, *self.places) if _key(thing.name) == key), None)

    def place(self, name: str) -> SceneObject | None:
        """The taught place of this name, unless an object or a pose has it, or None."""
        key = _key(name)
        if any(_key(pose.replace("_", " ")) == key for pose in self.poses):
            return None
        found = self.find(name)
        return found if found is not None and found.source == "taught" else None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all objects, in the order seen."""
        return tuple(thing.name for thing in self.objects)


def _key(name: str) -> str:
    return " ".join(name.lower().split())
