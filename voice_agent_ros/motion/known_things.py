# SPDX-License-Identifier: Apache-2.0
"""What is known without being seen: the scene file and taught places, and how they go together with what is seen."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from voice_agent_ros.intent.scene import Scene, SceneObject, Vector3
from voice_agent_ros.intent.wordings import bare
from voice_agent_ros.motion.places import Places


class KnownThings:
    """The scene of one arm. Thread-safe.

    Args:
        given: what the scene file says.
        places: taught places; None: nothing can be taught.
        poses: of the arm.
    """

    def __init__(
        self,
        given: Sequence[SceneObject] = (),
        places: Places | None = None,
        poses: Sequence[str] = (),
        user_frame_yaw: float = 0.0,
    ) -> None:
        self._given, self.places = tuple(given), places
        self._poses, self._user_frame_yaw = tuple(poses), user_frame_yaw
        self._lock = threading.Lock()

    def scene(self, seen: Sequence[SceneObject], *, use_given: bool = False, is_blind: bool = False) -> Scene:
        """All that can be referred to. What is seen counts more than what a file says of the same name.

        Args:
            use_given: whether the scene file counts.
            is_blind: no camera looks.
        """
        names = {bare(thing.name) for thing in seen}
        given = [thing for thing in self._given if bare(thing.name) not in names] if use_given else []
        objects = (*seen, *given)
        taken = {bare(thing.name) for thing in objects}
        spots = self.places.objects() if self.places is not None else ()
        spots = tuple(spot for spot in spots if bare(spot.name) not in taken)
        return Scene(objects, self._poses, self._user_frame_yaw, spots, is_blind)

    def left(self, name: str, at: Vector3) -> None:
        """The arm has let go of something there: a thing that no camera sees is known to be there from now on."""
        key = bare(name)
        with self._lock:
            self._given = tuple(
                replace(thing, position=at) if bare(thing.name) == key else thing for thing in self._given
            )
