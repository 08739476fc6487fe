# SPDX-License-Identifier: Apache-2.0
"""Things named by where they are: "the cube on the left", "the one next to the bowl", "离碗最近的方块"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from voice_agent_ros.intent.names import references, resolve
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.vocabulary import NOUNS_ZH, SYNONYMS_EN, noun_of, spoken_name

CLEARLY_M = 0.02  # nearer together than this, nobody can tell which is meant
_SIDES = {"left": (0.0, 1.0), "right": (0.0, -1.0), "front": (-1.0, 0.0), "back": (1.0, 0.0)}
_WORDS_EN = {
    "left": "left",
    "leftmost": "left",
    "right": "right",
    "rightmost": "right",
    "front": "front",
    "closest to me": "front",
    "nearest to me": "front",
    "nearest": "near",
    "closest": "near",
    "back": "back",
    "rear": "back",
    "furthest": "far",
    "farthest": "far",
    "middle": "middle",
    "centre": "middle",
    "center": "middle",
}
_NOUNS = "|".join(sorted({word for words in SYNONYMS_EN.values() for word in words}, key=len, reverse=True))
_NOUN = rf"(?P<colour>\w+ )?(?P<noun>{_NOUNS}|one|thing|object|item|bottle|tray|plate|basket|bin)"
_SIDE = r"(?:far |very |extreme )?(?P<side>left|right|front|back|rear|middle|cent(?:re|er))(?:[- ]?hand side|[- ]side)?"
_EN = (
    re.compile(
        rf"\bthe (?:far )?(?P<side>left|right|front|back|rear|middle|cent(?:re|er))(?:[- ]?hand|[- ]?most)? {_NOUN}\b"
    ),
    re.compile(rf"\bthe (?P<side>leftmost|rightmost|nearest|closest|furthest|farthest) {_NOUN}\b(?! to\b)"),
    re.compile(
        rf"\bthe {_NOUN} (?:that is |that's |which is )?(?:over |all the way |furthest |most )?"
        rf"(?:on|to|at|in|towards) (?:the|your) {_SIDE}\b(?! of\b)"
    ),
    re.compile(
        rf"\bthe {_NOUN} (?:that is |that's |which is )?(?:the )?(?P<side>nearest|closest|furthest|farthest)\b(?! to\b)"
    ),
)
_NEXT_EN = re.compile(
    rf"\bthe (?:nearest |closest )?{_NOUN} (?:that is |that's |which is |right |just |the )?"
    r"(?P<relation>next to|beside|by|near|nearest to|nearest|closest to|left of|right of|to the left of|to the right of"
    r"|on the left of|on the right of|in front of|behind) (?:the |that )?(?P<other>[a-z]+(?: [a-z]+)?)\b"
)
_NOUNS_OF_ZH = "|".join(
    sorted({word for words in NOUNS_ZH.values() for word in words}, key=len, reverse=True)
)
_SIDES_ZH = {
    "左": "left",
    "右": "right",
    "前": "front",
    "后": "back",
    "近": "near",
    "远": "far",
    "中": "middle",
}
_THING_ZH = rf"(?P<noun>(?:那个|那块)?(?:{_NOUNS_OF_ZH})|那个|那块|一个)"
_ZH = (
    re.compile(rf"(?:最|靠)?(?P<side>[左右前后中])(?:边|面|侧|间)?(?:儿)?的?{_THING_ZH}"),
    re.compile(rf"最(?P<side>[近远])的?{_THING_ZH}"),
)
_NEXT_ZH = rf"(?P<relation>旁边|边上|左边|右边|左面|右面|前面|后面|最近)的?{_THING_ZH}"


@dataclass(frozen=True)
class Pointed:
    """A text in which such a name is replaced.

    Attributes:
        text: with the name of what is meant, or of the first that may be.
        choices: names of which nobody can tell which is meant; empty if it is clear.
    """

    text: str
    choices: tuple[str, ...] = ()


def pointed_out(text: str, scene: Scene, language: str) -> Pointed:
    """Replace every thing that is named by its place, as seen by the arm's user."""
    choices: tuple[str, ...] = ()
    for _ in range(2):  # an object and a target
        found = _relative(text, scene, language) or _absolute(text, scene, language)
        if found is None:
            break
        match, names = found
        choices = choices or (names if len(names) > 1 else ())
        name = spoken_name(names[0], language)
        text = f"{text[: match.start()]}{name if language == 'zh' else f'the {name}'}{text[match.end() :]}"
    return Pointed(text, choices)


def _absolute(text: str, scene: Scene, language: str) -> tuple[re.Match[str], tuple[str, ...]] | None:
    for pattern in _ZH if language == "zh" else _EN:
        for match in pattern.finditer(text):
            things = _candidates(match, scene, language)
            side = _SIDES_ZH[match["side"]] if language == "zh" else _WORDS_EN[match["side"]]
            if len(things) > 1:
                return match, _extreme(things, side, scene)
            if things and len(scene.objects) > 1:
                return match, (things[0].name,)
    return None


def _relative(text: str, scene: Scene, language: str) -> tuple[re.Match[str], tuple[str, ...]] | None:
    pattern = _next_zh(tuple(references(scene, "zh"))) if language == "zh" else _NEXT_EN
    for match in pattern.finditer(text):
        others = resolve(match["other"], scene, language) or resolve(
            match["other"].split()[0], scene, language
        )
        if len(others) != 1:
            continue
        other = scene.find(others[0])
        things = [thing for thing in _candidates(match, scene, language) if thing.name != others[0]]
        if other is None or not things:
            continue
        things = _on_side(things, other, _side_of(match["relation"]), scene)
        if things:
            return match, _least(things, lambda thing, other=other: _distance(thing, other))  # type: ignore[misc]
    return None


@lru_cache(maxsize=16)
def _next_zh(phrases: tuple[str, ...]) -> re.Pattern[str]:
    known = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True) if phrase)
    return re.compile(rf"(?:离|靠近|在|距离?)?(?P<other>{known or '(?!)'}){_NEXT_ZH}")


def _candidates(match: re.Match[str], scene: Scene, language: str) -> list[SceneObject]:
    noun = match["noun"]
    if language == "zh":
        noun = re.sub(r"^那[个块]", "", noun)
        names = references(scene, "zh").get(noun, ()) if noun and noun != "一个" else scene.names
        return [thing for thing in scene.objects if thing.name in names]
    colour = (match["colour"] or "").strip()
    things = [
        thing
        for thing in scene.objects
        if noun in ("one", "thing", "object", "item")
        or noun in SYNONYMS_EN.get(noun_of(thing.name), (noun_of(thing.name),))
    ]
    return [thing for thing in things if not colour or colour in thing.name.lower().split()]


def _extreme(things: list[SceneObject], side: str, scene: Scene) -> tuple[str, ...]:
    if side in ("near", "far"):
        sign = 1.0 if side == "near" else -1.0
        return _least(things, lambda thing: sign * math.hypot(thing.position[0], thing.position[1]))
    if side == "middle":
        along = sorted(things, key=lambda thing: _along(thing, "left", scene))
        if len(along) % 2 == 0:
            return tuple(thing.name for thing in along)
        return (along[len(along) // 2].name,)
    return _least(things, lambda thing: -_along(thing, side, scene))


def _least(things: list[SceneObject], cost: Callable[[SceneObject], float]) -> tuple[str, ...]:
    """Names of what has the least cost; more than one if another is as good."""
    least = min(cost(thing) for thing in things)
    return tuple(thing.name for thing in sorted(things, key=cost) if cost(thing) - least < CLEARLY_M)


def _along(thing: SceneObject, side: str, scene: Scene) -> float:
    """How far a thing is to a side of the arm's user."""
    x, y = _SIDES[side]
    cos, sin = math.cos(scene.user_frame_yaw), math.sin(scene.user_frame_yaw)
    return thing.position[0] * (x * cos - y * sin) + thing.position[1] * (x * sin + y * cos)


def _side_of(relation: str) -> str:
    sides = {"left": "left", "right": "right", "front": "front", "behind": "back"}
    sides |= {"左": "left", "右": "right", "前": "front", "后": "back"}
    return next((side for word, side in sides.items() if word in relation), "")


def _on_side(things: list[SceneObject], other: SceneObject, side: str, scene: Scene) -> list[SceneObject]:
    if not side:
        return things
    edge = _along(other, side, scene) + CLEARLY_M
    return [thing for thing in things if _along(thing, side, scene) > edge]


def _distance(one: SceneObject, other: SceneObject) -> float:
    return math.dist(one.position[:2], other.position[:2])
