# SPDX-License-Identifier: Apache-2.0
"""Taking objects and putting them down: the movements that several skills share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np

from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.grasping import drop_positions, is_container, yaw_of
from voice_agent_ros.motion.plan import Rests
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Vector


def take(draft: Draft, thing: SceneObject) -> None:
    """Take hold of an object from above and lift it.

    Raises:
        Refusal: `hand_full`, `cannot_take`, or the first limit in the way.
    """
    if draft.held is not None:
        raise Refusal("hand_full", object=draft.held.name)
    if thing.is_fixed:
        raise Refusal("cannot_take", object=thing.name)
    candidates = draft.grasps_of(thing)
    above = candidates[0].position + np.array([0.0, 0.0, draft.gripper.approach])

    def by(q: Vector, yaw: float) -> None:
        grasp = next(grasp for grasp in candidates if grasp.yaw == yaw)
        draft.make_open()
        draft.move_joints(q)
        draft.move_line(grasp.position, handled=[thing.name])
        draft.close_on(thing, grasp.width)
        draft.move_line(above)

    first_that_works(
        draft, (partial(by, *reached) for reached in draft.reaches(above, [g.yaw for g in candidates]))
    )


def first_that_works(draft: Draft, ways: Iterable[Callable[[], None]]) -> None:
    """Plan the first way that nothing forbids.

    Raises:
        Refusal: what forbids the first way, if all are forbidden.
    """
    problem: Refusal | None = None
    for way in ways:
        saved = draft.saved()
        try:
            way()
        except Refusal as refusal:
            problem = problem or refusal
            draft.restore(saved)
            continue
        return
    raise problem or Refusal("unreachable")


def put_down(draft: Draft, thing: SceneObject, target: SceneObject) -> None:
    """Put what is held into or onto a target, let go and retreat.

    Raises:
        Refusal: `same_object`, or what is in the way at the best place.
    """
    if thing.name == target.name:
        raise Refusal("same_object", object=thing.name)
    relation = "in" if is_container(target, thing) else "on"
    yaws = [yaw_of(target) + quarter * math.pi / 2 for quarter in range(4)]

    def at(position: Vector, above: Vector, q: Vector) -> None:
        draft.move_joints(q, handled=[target.name])
        draft.move_line(position, handled=[target.name])
        draft.open()
        draft.move_line(above, handled=[thing.name, target.name])
        draft.move_joints(draft.pose("home"), handled=[thing.name, target.name])
        x, y, z = (float(value) for value in position)
        is_seen = thing.source == "seen"
        draft.promises.append(Rests(thing.name, target.name, relation, draft.call, (x, y, z), is_seen))  # type: ignore[arg-type]

    def ways() -> Iterator[Callable[[], None]]:
        for position in drop_positions(thing, target, draft.scene):
            above = position + np.array([0.0, 0.0, draft.gripper.retreat])
            try:
                reached = draft.reaches(above, yaws)
            except Refusal as refusal:
                unreachable.append(refusal)
                continue
            yield from (partial(at, position, above, q) for q, _ in reached)

    unreachable: list[Refusal] = []
    try:
        first_that_works(draft, ways())
    except Refusal as refusal:
        raise (unreachable[0] if refusal.rule == "unreachable" and unreachable else refusal) from None
