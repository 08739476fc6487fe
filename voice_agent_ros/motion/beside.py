# SPDX-License-Identifier: Apache-2.0
"""Targets that are no things but places beside them: "left of the bowl", "between the bowl and the red cube".

Where that is depends on how the arm's user stands; whether there is room, on everything else that is known to be there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from voice_agent_ros.intent.relations import relation_at
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.motion.grasping import yaw_of
from voice_agent_ros.motion.refusal import Refusal
from voice_agent_ros.motion.robot_model import Vector

SIDES = {  # unit vectors in the user's frame, x away from the user and y to the left
    "left of": (0.0, 1.0),
    "right of": (0.0, -1.0),
    "in front of": (-1.0, 0.0),
    "behind": (1.0, 0.0),
}
NEXT_TO = "next to"
BETWEEN = "between"
GAPS_M = (0.03, 0.05, 0.08)  # between the two things, the first that works
NEIGHBOUR_GAP_M = 0.012  # from anything else, at least
ASIDE = (0.0, 0.5, -0.5)  # shifts along a side, in half widths of the thing beside which it goes
ARTICLES = ("the", "a", "an")
SUPPORT_GAP_M = 0.01  # between a thing and what it stands on, at most


@dataclass(frozen=True)
class Beside:
    """A target in relation to one thing, or to two.

    Attributes:
        relation: a key of SIDES, NEXT_TO or BETWEEN.
        names: of the things.
    """

    relation: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Spot:
    """Where a thing may stand.

    Attributes:
        centre: x and y, m.
        height: of the tool when it lets go, m.
        away: direction from the reference, rad; fingers that open across it stay clear.
    """

    centre: Vector
    height: float
    away: float


def readings(target: str) -> list[Beside]:
    """What a target may mean as a relation; several if names may contain "and". Empty if it names a thing."""
    words = target.split()
    found = relation_at([word.lower() for word in words], 0)
    if found is None or found[1] >= len(words):
        return []
    relation, end = found
    if relation != BETWEEN:
        return [Beside(relation, (_name(words[end:]),))]
    ands = [at for at in range(end + 1, len(words) - 1) if words[at].lower() == "and"]
    return [Beside(relation, (_name(words[end:at]), _name(words[at + 1 :]))) for at in ands]


def beside(target: str, scene: Scene) -> Beside | None:
    """The relation that a target names, or None if it is the name of something."""
    if scene.find(target) is not None:
        return None
    found = readings(target)
    return next((one for one in found if all(map(scene.find, one.names))), found[0] if found else None)


def _name(words: Sequence[str]) -> str:
    has_article = len(words) > 1 and words[0].lower() in ARTICLES
    return " ".join(words[1:] if has_article else words)


def free_spots(
    place: Beside, thing: SceneObject, references: Sequence[SceneObject], scene: Scene, lift: float
) -> list[Spot]:
    """Where a thing can stand in that relation without touching anything, the best spot first.

    Args:
        lift: of the tool above what the thing stands on, when it lets go, m.

    Raises:
        Refusal: `no_room`, with what is there.
    """
    others = [other for other in scene.objects if other.name != thing.name]
    height, supports = _height(references, others, lift)
    free: list[Spot] = []
    blocker: SceneObject | None = None
    for centre, away in _candidates(place, thing, references, scene.user_frame_yaw):
        in_the_way = next((o for o in others if o not in supports and _is_too_near(centre, thing, o)), None)
        falls = next((s for s in supports if not _carries(s, centre, thing)), None)
        if in_the_way is None and falls is None:
            free.append(Spot(centre, height, away))
        blocker = blocker or in_the_way
    if free:
        return free
    raise Refusal("no_room", object=thing.name, beside=place, blocker=blocker.name if blocker else "")


def _candidates(
    place: Beside, thing: SceneObject, references: Sequence[SceneObject], user_yaw: float
) -> Iterator[tuple[Vector, float]]:
    if place.relation == BETWEEN:
        yield from _between(thing, *references)
        return
    (reference,) = references
    sides = list(SIDES.values()) if place.relation == NEXT_TO else [SIDES[place.relation]]
    turn = np.array([[math.cos(user_yaw), -math.sin(user_yaw)], [math.sin(user_yaw), math.cos(user_yaw)]])
    centre, half = np.array(reference.position[:2]), radius_of(thing)
    for shift, gap, side in product(ASIDE, GAPS_M, sides):
        away = turn @ np.array(side)
        along = np.array([-away[1], away[0]])
        distance = extent(reference, away) + gap + half
        aside = shift * extent(reference, along)
        yield centre + distance * away + aside * along, math.atan2(away[1], away[0])


def _between(thing: SceneObject, one: SceneObject, other: SceneObject) -> Iterator[tuple[Vector, float]]:
    """In the middle of the room between two things, where that is wide enough."""
    first, second = np.array(one.position[:2]), np.array(other.position[:2])
    distance = float(np.linalg.norm(second - first))
    if distance < 1e-6:
        return
    away = (second - first) / distance
    near, far = extent(one, away), distance - extent(other, away)
    if far - near < 2 * (radius_of(thing) + NEIGHBOUR_GAP_M):
        return
    middle = first + (near + far) / 2 * away
    along = np.array([-away[1], away[0]])
    for shift in (0.0, 0.02, -0.02):
        yield middle + shift * along, math.atan2(away[1], away[0])


def radius_of(thing: SceneObject) -> float:
    """Of the circle about a thing seen from above, m: however it is turned when it is let go."""
    return math.hypot(*thing.size[:2]) / 2


def extent(thing: SceneObject, direction: Vector) -> float:
    """How far a thing reaches from its centre in a horizontal direction, m."""
    yaw = yaw_of(thing)
    x, y = np.array([math.cos(yaw), math.sin(yaw)]), np.array([-math.sin(yaw), math.cos(yaw)])
    return float(abs(direction @ x) * thing.size[0] + abs(direction @ y) * thing.size[1]) / 2


def _in_frame_of(thing: SceneObject, point: Vector) -> Vector:
    yaw = yaw_of(thing)
    x, y = point - np.array(thing.position[:2])
    return np.array([math.cos(yaw) * x + math.sin(yaw) * y, math.cos(yaw) * y - math.sin(yaw) * x])


def _is_too_near(centre: Vector, thing: SceneObject, other: SceneObject) -> bool:
    out = np.maximum(np.abs(_in_frame_of(other, centre)) - np.array(other.size[:2]) / 2, 0.0)
    return float(np.linalg.norm(out)) < radius_of(thing) + NEIGHBOUR_GAP_M


def _carries(support: SceneObject, centre: Vector, thing: SceneObject) -> bool:
    """Whether all of a thing would stand on it."""
    room = np.array(support.size[:2]) / 2 - np.abs(_in_frame_of(support, centre))
    return bool(np.all(room >= radius_of(thing)))


def _height(
    references: Sequence[SceneObject], others: Sequence[SceneObject], lift: float
) -> tuple[float, list[SceneObject]]:
    """Of the tool when it lets go, and what the things stand on if it is not the table."""
    taught = [one.position[2] for one in references if one.source == "taught"]
    if taught:  # the hand was there: how high the ground is nobody knows
        return max(*taught, lift), []
    bottoms = [one.position[2] - one.size[2] / 2 for one in references]
    supports = [
        other
        for other in others
        if other not in references
        and all(_is_under(other, one, bottom) for one, bottom in zip(references, bottoms, strict=True))
    ]
    return max((other.position[2] + other.size[2] / 2 for other in supports), default=0.0) + lift, supports


def _is_under(support: SceneObject, thing: SceneObject, bottom: float) -> bool:
    top = support.position[2] + support.size[2] / 2
    inside = np.abs(_in_frame_of(support, np.array(thing.position[:2]))) < np.array(support.size[:2]) / 2
    return bool(inside.all()) and abs(bottom - top) < SUPPORT_GAP_M
