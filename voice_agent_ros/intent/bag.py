# SPDX-License-Identifier: Apache-2.0
"""What a clause says, and the chunks it says it with, whatever their order."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from voice_agent_ros.intent.chunks import Chunk


@dataclass(frozen=True)
class Meaning:
    """What a clause says.

    Attributes:
        skill: to be called.
        arguments: of the skill; a slot that names a thing holds the names of what its words can mean.
        missing: a slot that has to be asked for.
    """

    skill: str
    arguments: dict[str, Any] = field(default_factory=dict)
    missing: str = ""


class Bag:
    """The chunks of one cut, by kind.

    Args:
        dropped: kinds that add nothing.
    """

    def __init__(self, cut: tuple[Chunk, ...], dropped: Collection[str]) -> None:
        self.chunks = tuple(chunk for chunk in cut if chunk.kind not in dropped)
        self.kinds: dict[str, list[Chunk]] = {}
        for chunk in self.chunks:
            self.kinds.setdefault(chunk.kind, []).append(chunk)
        self.verbs = self.kinds.get("verb", [])

    @property
    def is_wish(self) -> bool:
        """Whether something is to be so: "I want …", "… should be …"."""
        return self.has("want", "ought", "belong")

    def has(self, *kinds: str) -> bool:
        """Whether there is a chunk of any of these kinds."""
        return any(kind in self.kinds for kind in kinds)

    def only(self, *kinds: str) -> bool:
        """Whether there is none of any other kind."""
        return self.kinds.keys() <= set(kinds)

    def all(self, *kinds: str) -> list[Chunk]:
        """The chunks of these kinds, in their order."""
        return [chunk for chunk in self.chunks if chunk.kind in kinds]

    def values(self, *kinds: str) -> list[Any]:
        """The different values of these kinds, in their order."""
        return list(dict.fromkeys(chunk.value for chunk in self.all(*kinds)))

    def one(self, *kinds: str) -> Any:
        """The one value that all chunks of these kinds have, or None."""
        values = self.values(*kinds)
        return values[0] if len(values) == 1 else None

    def thing(self) -> Any:
        """What all that is named can mean together: "the cube, the red one"; None if that is nothing, or not one thing."""
        values = self.values("object", "unknown")
        if len(values) < 2:
            return values[0] if values else None
        if any(not isinstance(value, tuple) for value in values):
            return None
        both = tuple(name for name in values[0] if all(name in value for value in values[1:]))
        return both or None

    def directions(self) -> set[str]:
        """The directions that are said."""
        return {chunk.value for chunk in self.kinds.get("direction", ())}


def names_of(value: Any) -> tuple[str, ...]:
    """Names that a chunk's words can mean."""
    return value if isinstance(value, tuple) else (value,)
