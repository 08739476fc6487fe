# SPDX-License-Identifier: Apache-2.0
"""Between messages and the package's own data."""

from __future__ import annotations

import math
from typing import Any

from voice_agent_ros.intent.scene import SceneObject


def seconds(stamp: Any) -> float:
    """A builtin_interfaces/Time in s; 0.0 if it was never set."""
    return stamp.sec + stamp.nanosec * 1e-9


def objects_of(message: Any) -> tuple[SceneObject, ...]:
    """The objects in a vision_msgs/Detection3DArray; each is what its most likely hypothesis says.

    Detections without a name, a size or a place are left out.
    """
    found = []
    for detection in message.detections:
        if not detection.results:
            continue
        best = max(detection.results, key=lambda result: result.hypothesis.score)
        at, turned, size = (
            detection.bbox.center.position,
            detection.bbox.center.orientation,
            detection.bbox.size,
        )
        thing = SceneObject(
            best.hypothesis.class_id,
            (at.x, at.y, at.z),
            (turned.x, turned.y, turned.z, turned.w),
            (size.x, size.y, size.z),
        )
        if is_whole(thing):
            found.append(thing)
    return tuple(found)


def is_whole(thing: SceneObject) -> bool:
    """Whether a detection says what it is, where and how large."""
    numbers = (*thing.position, *thing.orientation, *thing.size)
    return bool(thing.name.strip()) and all(map(math.isfinite, numbers)) and min(thing.size) > 0.0
