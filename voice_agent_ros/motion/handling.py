# SPDX-License-Identifier: Apache-2.0
"""Taking objects and putting them down: the movements that several skills share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np

from voice_agent_ros.intent.scene import SceneObject
from voice_agent_ros.motion.beside import Beside, beside, free_spots
from voice_agent_ros.motion.draft import Draft
from voice_agent_ros.motion.grasping import STACK_GAP_M, drop_positions, is_container, yaw_of
from voice_agent_ros.motion.plan import Rests
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Vector

MAX_WAYS = 48  # of letting go of a thing that are planned in vain, before the first one's problem is told


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


def put_at(draft: Draft, thing: SceneObject, target: str) -> None:
    """Put what is held where a target says: into or onto something, or beside it.

    Raises:
        Refusal: `unknown_object`, `same_object`, `beside_itself`, `no_room`, or what is in the way at the best place.
    """
    place = beside(target, draft.scene)
    if place is None:
        put_down(draft, thing, draft.find(target))
    else:
        put_beside(draft, thing, target, place)


def require_target(draft: Draft, thing: SceneObject, target: str) -> None:
    """Refuse a target that cannot be one of a thing, before the hand takes it.

    Raises:
        Refusal: `unknown_object`, `same_object` or `beside_itself`.
    """
    place = beside(target, draft.scene)
    if place is None:
        if draft.find(target).name == thing.name:
            raise Refusal("same_object", object=thing.name)
        return
    names = [draft.find(name).name for name in place.names]
    if thing.name in names:
        raise Refusal("beside_itself", object=thing.name)


def put_down(draft: Draft, thing: SceneObject, target: SceneObject) -> None:
    """Put what is held into or onto a target, let go and retreat.

    Raises:
        Refusal: `same_object`, or what is in the way at the best place.
    """
    require_target(draft, thing, target.name)
    relation = "in" if is_container(target, thing) else "on"
    yaws = [yaw_of(target) + quarter * math.pi / 2 for quarter in range(4)]
    positions = drop_positions(thing, target, draft.scene, draft.lift_of(thing))
    promise = Rests(thing.name, target.name, relation, draft.call, is_seen=thing.source == "seen")
    _let_go_at(draft, promise, ((position, [yaws]) for position in positions), [target.name])


def put_beside(draft: Draft, thing: SceneObject, target: str, place: Beside) -> None:
    """Put what is held beside something, let go and retreat. Nothing but the thing itself may be touched.

    Raises:
        Refusal: `beside_itself`, `no_room`, or what is in the way at the best spot.
    """
    require_target(draft, thing, target)
    references = [draft.find(name) for name in place.names]
    spots = free_spots(place, thing, references, draft.scene, draft.lift_of(thing) + STACK_GAP_M)
    promise = Rests(thing.name, target, place.relation, draft.call, is_seen=thing.source == "seen")

    def places() -> Iterator[tuple[Vector, list[list[float]]]]:
        for spot in spots:
            across, along = spot.away + math.pi / 2, spot.away  # fingers that open across stay clear
            yield (
                np.array([*spot.centre, spot.height]),
                [[across, across + math.pi], [along, along + math.pi]],
            )

    _let_go_at(draft, promise, places(), [], turns=1)


def _let_go_at(
    draft: Draft,
    promise: Rests,
    places: Iterable[tuple[Vector, list[list[float]]]],
    handled: list[str],
    turns: int = 4,
) -> None:
    """Plan the first place that nothing forbids; each has groups of the hand's directions, the best group first.

    Args:
        turns: how many of a group are tried, those of the least travel.
    """

    def at(position: Vector, above: Vector, q: Vector) -> None:
        draft.move_joints(q, handled=handled)
        draft.move_line(position, handled=handled)
        draft.open()
        draft.move_line(above, handled=[promise.object, *handled])
        draft.move_joints(draft.pose("home"), handled=[promise.object, *handled])
        x, y, z = (float(value) for value in position)
        draft.promises.append(replace(promise, left_at=(x, y, z)))

    def ways() -> Iterator[Callable[[], None]]:
        for position, groups in places:
            above = position + np.array([0.0, 0.0, draft.gripper.retreat])
            for yaws in groups:
                try:
                    reached = draft.reaches(above, yaws)
                except Refusal as refusal:
                    unreachable.append(refusal)
                    continue
                yield from (partial(at, position, above, q) for q, _ in reached[:turns])

    unreachable: list[Refusal] = []
    try:
        first_that_works(draft, islice(ways(), MAX_WAYS))
    except Refusal as refusal:
        raise (unreachable[0] if refusal.rule == "unreachable" and unreachable else refusal) from None
