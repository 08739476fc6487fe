# SPDX-License-Identifier: Apache-2.0
"""Where everything will be after a plan, if all goes well: what the next part of a sequence is planned from ahead of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SkillCall
from voice_agent_ros.motion.arm_config import Gripper
from voice_agent_ros.motion.grasping import STACK_GAP_M, yaw_of
from voice_agent_ros.motion.places import Place, place_name
from voice_agent_ros.motion.plan import Grip, Plan, Rests, Situation
from voice_agent_ros.motion.robot_model import Pose, Vector, upright
from voice_agent_ros.skills.remember_place import RememberPlace

FLOOR_M = 0.005  # of a container, at most


def after(plan: Plan, before: Situation, tool_pose: Callable[[Vector], Pose], gripper: Gripper) -> Situation:
    """The situation after a plan.

    Args:
        before: what the plan was made for.
        tool_pose: of joints.
    """
    joints, opening, held = before.joints, before.gripper, before.held
    in_hand = None if held is None else _seen_from(tool_pose(joints), held)
    scene = before.scene
    for step in plan.steps:
        if not isinstance(step, Grip):
            joints = step.trajectory.end
            continue
        opening = step.position
        if step.releases and held is not None and in_hand is not None:
            scene = _with(scene, _fallen(_placed(held, tool_pose(joints), in_hand)))
            held = in_hand = None
        if step.holds:
            held = scene.find(step.holds)
            in_hand = None if held is None else _seen_from(tool_pose(joints), held)
    for promise in plan.promises:
        if isinstance(promise, Rests):
            scene = _resting(scene, promise)
    if held is not None and in_hand is not None:
        held = _placed(held, tool_pose(joints), in_hand)
        scene = _with(scene, held)
        opening = gripper.closed
    for call in plan.calls:
        scene = _taught(scene, call, tool_pose(joints))
    return Situation(scene, joints, opening, held)


def _taught(scene: Scene, call: SkillCall, tool: Pose) -> Scene:
    """With what "remember this as the tray" will have added."""
    if not isinstance(call.arguments, RememberPlace) or not (name := place_name(call.arguments.name)):
        return scene
    x, y, z = (float(value) for value in tool.position)
    yaw = float(np.arctan2(tool.rotation[1, 0], tool.rotation[0, 0]))
    place = Place(name=name, position=(x, y, z), yaw=yaw).scene_object()
    return replace(scene, places=(*(other for other in scene.places if other.name != name), place))


def _seen_from(tool: Pose, thing: SceneObject) -> Pose:
    """Where a thing is in the tool's frame."""
    back = tool.rotation.T
    return Pose(back @ (np.array(thing.position) - tool.position), back @ upright(yaw_of(thing)))


def _placed(thing: SceneObject, tool: Pose, in_hand: Pose) -> SceneObject:
    """A thing that hangs in the hand; only its turn about the vertical is kept, as everywhere."""
    turned = tool.rotation @ in_hand.rotation
    yaw = float(np.arctan2(turned[1, 0], turned[0, 0]))
    position = tool.position + tool.rotation @ in_hand.position
    return _moved(replace(thing, orientation=(0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2))), position)


def _moved(thing: SceneObject, position: Vector) -> SceneObject:
    x, y, z = (float(value) for value in position)
    return replace(thing, position=(x, y, z))


def _fallen(thing: SceneObject) -> SceneObject:
    """A thing that was let go in the air, over nothing that is known of."""
    x, y, _ = thing.position
    return replace(thing, position=(x, y, thing.size[2] / 2))


def _resting(scene: Scene, promise: Rests) -> Scene:
    """A thing that was let go falls: onto the floor of a container, or the little way onto what is below."""
    thing, target = scene.find(promise.object), scene.find(promise.target)
    if thing is None:
        return scene
    x, y, z = promise.left_at
    if promise.relation == "in" and target is not None and target.source != "taught":
        z = target.position[2] - target.size[2] / 2 + FLOOR_M + thing.size[2] / 2
    elif promise.is_seen:
        z -= STACK_GAP_M
    return _with(scene, replace(thing, position=(x, y, z)))


def _with(scene: Scene, thing: SceneObject) -> Scene:
    objects = tuple(thing if other.name == thing.name else other for other in scene.objects)
    return replace(scene, objects=objects)
