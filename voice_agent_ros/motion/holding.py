# SPDX-License-Identifier: Apache-2.0
"""Where an object is relative to the hand or to another object, judged from what is seen and measured."""

from __future__ import annotations

import numpy as np

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.motion.plan import Held, Rests
from voice_agent_ros.motion.robot_model import Vector

IN_HAND_M = 0.03  # between the centre of a held object and the tool frame
LIFTED_M = 0.06  # the same right after lifting it, with what it may slip and with late pictures
REST_TOLERANCE_M = 0.01
SPOT_TOLERANCE_M = 0.025  # between where something was put beside another thing and where it is seen then
TIGHT, LOOSE = 0.5, 1.2  # of an object's width: between these the fingers are on it


def in_hand(scene: Scene, tool: Vector, gap: float) -> SceneObject | None:
    """The object between the fingers, by what is seen: at the tool, and as wide as the fingers stand apart."""
    for thing in scene.objects:
        near = float(np.linalg.norm(np.array(thing.position) - tool)) < IN_HAND_M
        if near and TIGHT * min(thing.size[:2]) < gap < LOOSE * max(thing.size[:2]):
            return thing
    return None


def is_kept(promise: Rests | Held, scene: Scene) -> bool:
    """Whether what a plan promised is seen."""
    return _is_held(promise, scene) if isinstance(promise, Held) else _rests(promise, scene)


def _is_held(promise: Held, scene: Scene) -> bool:
    """The object is seen at the hand; one that the hand hides or no camera sees is judged by the fingers alone."""
    thing = scene.find(promise.object)
    if thing is None or thing.source != "seen":
        return True
    return float(np.linalg.norm(np.array(thing.position) - promise.tool)) < LIFTED_M


def _rests(promise: Rests, scene: Scene) -> bool:
    """The object is seen within the target's footprint, and not hanging above it. Nobody can tell of an unseen one.

    Beside a target it is seen where the hand has let go of it.
    """
    if not promise.is_seen:
        return True
    thing, target = scene.find(promise.object), scene.find(promise.target)
    if thing is None:
        return False
    if promise.relation not in ("in", "on"):
        off = np.array(thing.position) - np.array(promise.left_at)
        return float(np.hypot(*off[:2])) < SPOT_TOLERANCE_M and float(off[2]) < REST_TOLERANCE_M
    if target is None:
        return False
    inside = all(abs(thing.position[i] - target.position[i]) < target.size[i] / 2 for i in (0, 1))
    top = target.position[2] + target.size[2] / 2
    return inside and thing.position[2] - thing.size[2] / 2 < top + REST_TOLERANCE_M
