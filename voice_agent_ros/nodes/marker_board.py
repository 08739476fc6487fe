# SPDX-License-Identifier: Apache-2.0
"""What rviz shows beside the robot: words, latch, workspace, keep-out boxes, the way of the tool, the object that is meant."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence

from geometry_msgs.msg import Point, Pose, Vector3
from std_msgs.msg import ColorRGBA
from vision_msgs.msg import Detection3DArray
from visualization_msgs.msg import Marker, MarkerArray

from voice_agent_ros.motion.policy import Limits

TEXT_M = 0.04  # height of a capital letter
EDGE_M = 0.003
WHITE = ColorRGBA(r=1.0, g=1.0, b=1.0, a=1.0)
GREY = ColorRGBA(r=0.7, g=0.7, b=0.7, a=1.0)
RED = ColorRGBA(r=1.0, g=0.15, b=0.1, a=1.0)
GREEN = ColorRGBA(r=0.2, g=0.9, b=0.3, a=1.0)
BLUE = ColorRGBA(r=0.3, g=0.6, b=1.0, a=0.8)
TARGET = ColorRGBA(r=1.0, g=0.8, b=0.0, a=0.5)
MAX_CHARACTERS = 80
Triple = tuple[float, float, float]


class MarkerBoard:
    """The markers as they should be now. Methods return whether something has changed.

    Args:
        frame: of the arm's base; everything is given in it.
    """

    def __init__(self, frame: str, limits: Limits) -> None:
        self._frame = frame
        top = limits.workspace_high[2]
        self._heard = ("", GREY)
        self._latch = ("", RED)
        self._outcome = ""
        self._target: str = ""
        self._path: list[Triple] = []
        self._objects: dict[str, tuple[Pose, Vector3]] = {}
        self._lines = [top + (0.05 + row * 1.5 * TEXT_M) for row in range(3)]
        self._boxes = [("workspace", limits.workspace_low, limits.workspace_high, BLUE)]
        self._boxes += [(f"keep out: {box.name}", box.low, box.high, RED) for box in limits.keep_out]

    def heard(self, text: str, *, is_final: bool) -> bool:
        """Words, perhaps not all of them yet."""
        now = (_clipped(text), WHITE if is_final else GREY)
        is_changed = now != self._heard
        if is_changed and not is_final:
            self._outcome, self._target = "", ""
        self._heard = now
        return is_changed

    def latch(self, *, is_latched: bool, reason: str) -> bool:
        """The bridge's latch."""
        now = (f"STOPPED ({_clipped(reason)}): say resume" if is_latched else "", RED)
        is_changed = now != self._latch
        self._latch = now
        return is_changed

    def outcome(self, outcome: str) -> bool:
        """A turn has ended."""
        is_changed = outcome != self._outcome
        self._outcome, self._target = outcome, ""
        is_changed |= self.path([])
        return is_changed

    def path(self, points: Sequence[Triple]) -> bool:
        """Where the tool is about to go; none: nowhere."""
        before, self._path = self._path, list(points)
        return before != self._path

    def target(self, arguments: Iterable[str]) -> bool:
        """The object that the calls name, arguments as JSON."""
        names = [name for text in arguments for name in _named(text) if name in self._objects]
        before, self._target = self._target, names[0] if names else ""
        return before != self._target

    def see(self, message: Detection3DArray) -> None:
        """Where the objects are."""
        self._objects = {
            detection.results[0].hypothesis.class_id: (detection.bbox.center, detection.bbox.size)
            for detection in message.detections
            if detection.results
        }

    def markers(self) -> MarkerArray:
        """All of them; those with nothing to show are deleted."""
        lines = ((self._outcome, GREEN), self._heard, self._latch)
        all_markers = [
            self._text(number, text, colour, self._lines[number])
            for number, (text, colour) in enumerate(lines)
        ]
        all_markers += [
            self._box(number, name, low, high, colour)
            for number, (name, low, high, colour) in enumerate(self._boxes)
        ]
        return MarkerArray(markers=[*all_markers, self._way(), self._highlight()])

    def _marker(self, namespace: str, number: int, kind: int, *, is_shown: bool = True) -> Marker:
        marker = Marker(ns=namespace, id=number, type=kind)
        marker.header.frame_id = self._frame
        marker.action = Marker.ADD if is_shown else Marker.DELETE
        marker.pose.orientation.w = 1.0
        return marker

    def _text(self, number: int, text: str, colour: ColorRGBA, height: float) -> Marker:
        marker = self._marker("words", number, Marker.TEXT_VIEW_FACING, is_shown=bool(text))
        marker.text, marker.color, marker.scale.z = text, colour, TEXT_M
        marker.pose.position.z = height
        return marker

    def _box(self, number: int, name: str, low: Triple, high: Triple, colour: ColorRGBA) -> Marker:
        marker = self._marker(name, number, Marker.LINE_LIST)
        marker.color, marker.scale.x = colour, EDGE_M
        marker.points = [Point(x=x, y=y, z=z) for edge in edges(low, high) for x, y, z in edge]
        return marker

    def _way(self) -> Marker:
        marker = self._marker("planned path", 0, Marker.LINE_STRIP, is_shown=len(self._path) > 1)
        marker.color, marker.scale.x = GREEN, 2 * EDGE_M
        marker.points = [Point(x=x, y=y, z=z) for x, y, z in self._path]
        return marker

    def _highlight(self) -> Marker:
        place = self._objects.get(self._target)
        marker = self._marker("target", 0, Marker.CUBE, is_shown=place is not None)
        if place is not None:
            pose, size = place
            marker.pose, marker.color = pose, TARGET
            marker.scale = Vector3(x=1.2 * size.x, y=1.2 * size.y, z=1.2 * size.z)
        return marker


def edges(low: Triple, high: Triple) -> list[tuple[Triple, Triple]]:
    """The twelve edges of an upright box."""
    corners: list[tuple[int, int, int]] = [(x, y, z) for x, y, z in itertools.product((0, 1), repeat=3)]

    def corner(which: Sequence[int]) -> Triple:
        x, y, z = ((low, high)[side][axis] for axis, side in enumerate(which))
        return (x, y, z)

    return [
        (corner(one), corner(other))
        for one, other in itertools.combinations(corners, 2)
        if sum(a != b for a, b in zip(one, other, strict=True)) == 1
    ]


def _named(text: str) -> list[str]:
    try:
        arguments = json.loads(text or "{}")
    except ValueError:
        return []
    return (
        [value for value in arguments.values() if isinstance(value, str)]
        if isinstance(arguments, dict)
        else []
    )


def _clipped(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS - 1] + "…"
