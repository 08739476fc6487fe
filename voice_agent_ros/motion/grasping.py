# SPDX-License-Identifier: Apache-2.0
"""Where to take hold of an object from above, and where to set it down."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.motion.arm_config import Gripper
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Vector

FINGER_CLEARANCE_M = 0.006  # beside the object, on each side, when the fingers come down
RELEASE_HEIGHT_M = 0.012  # above what the object is dropped into
STACK_GAP_M = 0.003
CONTAINER_MARGIN_M = 0.012
CONTAINER_FACTOR = 1.5  # how much wider than the object a container is, at least


@dataclass(frozen=True)
class Grasp:
    """A grasp from above.

    Attributes:
        position: of the tool frame, m.
        yaw: direction along which the fingers open, rad.
        width: of the object between the fingers, m.
    """

    position: Vector
    yaw: float
    width: float


def yaw_of(thing: SceneObject) -> float:
    """Rotation about the vertical, rad."""
    x, y, z, w = thing.orientation
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def grasps(thing: SceneObject, gripper: Gripper, scene: Scene) -> list[Grasp]:
    """Grasps of an object, those clearest of its neighbours first.

    Raises:
        Refusal: `too_wide` for the gripper, or `no_clearance` between its neighbours.
    """
    height = max(thing.position[2], gripper.tip_length + 0.004)
    position = np.array([thing.position[0], thing.position[1], height])
    free: list[tuple[float, Grasp]] = []
    fitting = 0
    for quarter in range(4):
        width = thing.size[quarter % 2]
        if width > gripper.max_gap - 2 * FINGER_CLEARANCE_M:
            continue
        fitting += 1
        grasp = Grasp(position, yaw_of(thing) + quarter * math.pi / 2, width)
        clearance = _clearance(grasp, thing, gripper, scene.objects)
        if clearance > 0.0:
            free.append((clearance, grasp))
    if not fitting:
        raise Refusal("too_wide", object=thing.name, limit=gripper.max_gap)
    if not free:
        raise Refusal("no_clearance", object=thing.name)
    roomy = [grasp for clearance, grasp in free if clearance > 0.02]
    return roomy or [grasp for _, grasp in sorted(free, key=lambda entry: -entry[0])]


def _clearance(grasp: Grasp, thing: SceneObject, gripper: Gripper, objects: Sequence[SceneObject]) -> float:
    """Distance between the opened fingers and the nearest other object, m; negative if they would hit it."""
    reach = gripper.max_gap / 2 + gripper.finger_thickness
    fingers = [
        grasp.position[:2] + side * reach * np.array([math.cos(grasp.yaw), math.sin(grasp.yaw)])
        for side in (1, -1)
    ]
    distances = [
        float(np.linalg.norm(finger - np.array(other.position[:2]))) - math.hypot(*other.size[:2]) / 2
        for other in objects
        if other.name != thing.name
        for finger in fingers
    ]
    return min(distances, default=math.inf)


def is_container(target: SceneObject, thing: SceneObject) -> bool:
    """Whether a thing goes into a target rather than onto it."""
    return min(target.size[:2]) > CONTAINER_FACTOR * max(thing.size[:2])


def drop_positions(thing: SceneObject, target: SceneObject, scene: Scene, lift: float) -> Iterator[Vector]:
    """Where the tool lets go of a thing, m, the best place first.

    Args:
        lift: of the tool above the bottom of the thing, m.

    Into a container: just above its rim, far from what is already in it. Onto an object: on its top.

    At a taught place: where the hand was when it was taught, but never so low that the thing would press on the base
    plane.
    """
    if target.source == "taught":
        height = max(target.position[2], lift + STACK_GAP_M)
        yield np.array([*target.position[:2], height])
        return
    top = target.position[2] + target.size[2] / 2
    if not is_container(target, thing):
        yield np.array([*target.position[:2], top + lift + STACK_GAP_M])
        return
    height = top + lift + RELEASE_HEIGHT_M
    radius = min(target.size[:2]) / 2 - math.hypot(*thing.size[:2]) / 2 - CONTAINER_MARGIN_M
    spots = [np.zeros(2)]
    if radius > 0.005:
        angles = [index * math.pi / 4 for index in range(8)]
        spots += [radius * np.array([math.cos(angle), math.sin(angle)]) for angle in angles]
    centre = np.array(target.position[:2])
    inside = [
        np.array(other.position[:2]) - centre
        for other in scene.objects
        if other.name not in (thing.name, target.name)
        and np.all(np.abs(np.array(other.position[:2]) - centre) < np.array(target.size[:2]) / 2)
    ]

    def room(spot: Vector) -> float:
        return min(
            (float(np.linalg.norm(spot - other)) for other in inside), default=-float(np.linalg.norm(spot))
        )

    for spot in sorted(spots, key=room, reverse=True):
        yield np.array([*(centre + spot), height])
