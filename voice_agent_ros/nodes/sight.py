# SPDX-License-Identifier: Apache-2.0
"""Whether anybody looks at the table, and what is known otherwise: for every node that has to know the scene."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rclpy.node import Node

from voice_agent_ros.config_files import config_path
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.motion.arm_config import ArmConfig
from voice_agent_ros.motion.known_things import KnownThings
from voice_agent_ros.motion.places import Places, default_path
from voice_agent_ros.motion.scene_file import load_scene
from voice_agent_ros.nodes.parameters import Parameter

TOPIC = "objects"
PARAMETERS = (
    Parameter("scene_path", "", "Where things are that nobody sees; empty: config/scene.yaml."),
    Parameter(
        "scene_file",
        "auto",
        "Whether that file counts; auto: as long as nobody publishes objects.",
        choices=("auto", "always", "never"),
    ),
    Parameter(
        "places_path", "", "Taught places; empty: voice_agent_ros/<arm>/places.yaml under XDG_STATE_HOME."
    ),
)


class Sight:
    """Makes scenes of what is seen and what is known.

    Args:
        mode: "auto", "always" or "never" use what the scene file says.

    Attributes:
        known: what is known without being seen.
        has_seen: somebody has published objects: if that ends, a camera is broken, and no file replaces it.
    """

    def __init__(self, node: Node, known: KnownThings, mode: str) -> None:
        self._node, self.known, self._mode = node, known, mode
        self._topic = node.resolve_topic_name(TOPIC)  # counting publishers heeds no remapping by itself
        self.has_seen = False

    @classmethod
    def of(cls, node: Node, values: Any, arm: ArmConfig, arm_name: str) -> Sight:
        """What the parameters of a node ask for.

        Raises:
            ConfigurationError: a file does not fit.
        """
        path = Path(values.scene_path) if values.scene_path else config_path("scene.yaml")
        given = () if values.scene_file == "never" else load_scene(path)
        places = Places(Path(values.places_path) if values.places_path else default_path(arm_name))
        known = KnownThings(given, places, tuple(arm.poses), arm.user_frame_yaw)
        return cls(node, known, values.scene_file)

    def refresh(self) -> None:
        """Take over places that another node has written down."""
        if self.known.places is not None:
            self.known.places.refresh()

    def scene(self, seen: Sequence[SceneObject]) -> Scene:
        """What can be referred to, of which this is seen."""
        is_blind = not self.has_seen and self._node.count_publishers(self._topic) == 0
        use_given = self._mode == "always" or (self._mode == "auto" and is_blind)
        return self.known.scene(seen, use_given=use_given, is_blind=is_blind)
