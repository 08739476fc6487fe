# SPDX-License-Identifier: Apache-2.0
"""What `voice-agent view` is told beside the conversation: the arm, the objects, and the markers that rviz shows."""

from __future__ import annotations

import itertools
import re
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import Marker, MarkerArray

from voice_agent_ros.commands.chat_link import ChatLink
from voice_agent_ros.nodes import qos
from voice_agent_ros.nodes.conversions import objects_of
from voice_agent_ros.telemetry.look import Line, Look

LINES = (Marker.LINE_LIST, Marker.LINE_STRIP)


class ViewLink(ChatLink):
    """A `ChatLink` that sees, too.

    Attributes:
        urdf: of the robot, as soon as somebody has described it; meshes of packages as files.
        look: the latest.
    """

    def __init__(self, node: Any) -> None:
        super().__init__(node)
        self.urdf = ""
        self.look = Look()
        self._lines: dict[str, Line] = {}
        for kind, topic, callback, profile in (
            (String, "robot_description", self._on_description, qos.STATE),
            (JointState, "joint_states", self._on_joints, qos.EVENTS),
            (Detection3DArray, "objects", self._on_objects, qos.EVENTS),
            (MarkerArray, "markers", self._on_markers, qos.STATE),
        ):
            node.create_subscription(kind, topic, callback, profile)

    def _on_description(self, message: String) -> None:
        self.urdf = re.sub(r"package://([^/\"]+)(?=/)", _directory, message.data)

    def _on_joints(self, message: JointState) -> None:
        joints = {**self.look.joints, **dict(zip(message.name, message.position, strict=False))}
        self.look = Look(joints, self.look.things, self.look.lines)

    def _on_objects(self, message: Detection3DArray) -> None:
        self.look = Look(self.look.joints, objects_of(message), self.look.lines)

    def _on_markers(self, message: MarkerArray) -> None:
        for marker in message.markers:
            if marker.type not in LINES:
                continue
            points = tuple((point.x, point.y, point.z) for point in marker.points)
            if marker.action != Marker.ADD:
                points = ()
            elif marker.type == Marker.LINE_STRIP:
                points = tuple(point for pair in itertools.pairwise(points) for point in pair)
            colour = (marker.color.r, marker.color.g, marker.color.b)
            self._lines[f"{marker.ns}/{marker.id}"] = Line(points, colour, marker.scale.x)
        self.look = Look(self.look.joints, self.look.things, dict(self._lines))


def _directory(package: re.Match[str]) -> str:
    try:
        return str(get_package_share_directory(package[1]))
    except (PackageNotFoundError, ValueError):
        return package[0]
