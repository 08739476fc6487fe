# SPDX-License-Identifier: Apache-2.0
"""Which things seen a person can mean: "the red one", "the block", "红色的方块" → names in the scene."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.vocabulary import (
    COLOURS_ZH,
    NOUNS_ZH,
    POSES_EN,
    POSES_ZH,
    SYNONYMS_EN,
    chinese_names,
)
from voice_agent_ros.intent.wordings import bare

_DETERMINERS = re.compile(r"^(?:(?:the|a|an|that|this|my|your|our|those|these|some)\b ?)+")
_ANY_EN = ("one", "thing", "object", "piece", "item", "guy")
_ENDS_ZH = (
    *("色的", "的", "色", "色那个", "色的那个", "的那个", "那个", "色的东西", "色那块", "色的那块", "的那块"),
    *("那块", "色的那只", "色这个", "的这个"),
)
# Other words for the same kinds of things; the robot itself does not say them.
_MORE_NOUNS_ZH = {
    "cube": (
        "物块",
        "木块",
        "正方体",
        "块块",
        "积木块",
        "方块块",
        "立方块",
        "方木块",
        "方砖",
        "小块",
        "方块积木",
    ),
    "bowl": ("碗碗", "饭碗", "碗儿", "汤碗", "小碗"),
    "ball": ("皮球", "圆球", "球球"),
    "cup": ("茶杯", "水杯", "杯杯"),
}
_DETERMINERS_ZH = re.compile(r"^(?:那个|这个|那块|这块|那|这|一个|一块)")


def references(scene: Scene, language: str) -> Mapping[str, tuple[str, ...]]:
    """Every phrase (no article) that refers to something seen, with the names of what it can mean."""
    return _references(tuple(dict.fromkeys(scene.names)), language)


def resolve(phrase: str, scene: Scene, language: str) -> tuple[str, ...]:
    """Names of the objects that a phrase can mean; more than one if it is ambiguous, none if unknown."""
    if found := scene.find(phrase):
        return (found.name,)
    return references(scene, language).get(without_determiner(phrase, language), ())


def without_determiner(phrase: str, language: str) -> str:
    """ "the Purple elephant." → "purple elephant"."""
    words = bare(phrase)
    if language == "zh":
        return _DETERMINERS_ZH.sub("", words.replace(" ", "") if not words.isascii() else words)
    return _DETERMINERS.sub("", words)


def pose_references(poses: tuple[str, ...], language: str) -> dict[str, str]:
    """Every phrase for a named pose, with its name."""
    found = {pose.replace("_", " ").lower(): pose for pose in poses}
    if language != "zh":
        found = {phrase: pose for pose in poses for phrase in POSES_EN.get(pose, ())} | found
    else:
        found |= {phrase: pose for pose in poses for phrase in POSES_ZH.get(pose, ())}
    return found


@lru_cache(maxsize=64)
def _references(names: tuple[str, ...], language: str) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name in names:
        phrases = _english_phrases(name) if language != "zh" else (bare(name), *_chinese_phrases(name))
        for phrase in dict.fromkeys(phrases):
            found.setdefault(phrase, []).append(name)
    # A thing's own name always means that thing.
    return {phrase: tuple(meant) for phrase, meant in found.items()} | {bare(name): (name,) for name in names}


def _english_phrases(name: str) -> tuple[str, ...]:
    *modifiers, noun = bare(name).split() or [""]
    nouns = SYNONYMS_EN.get(noun, (noun,))
    colours = [word for word in modifiers if word in COLOURS_ZH]
    phrases = [
        bare(name),
        *nouns,
        *(" ".join((*modifiers, word)) for word in (*nouns, *_ANY_EN) if modifiers),
    ]
    for colour in colours:
        phrases += [f"{colour} {word}" for word in (*nouns, *_ANY_EN)]
        phrases += [f"{word} that is {colour}" for word in (*nouns, *_ANY_EN)]
    return tuple(phrases)


def _chinese_phrases(name: str) -> tuple[str, ...]:
    *modifiers, noun = bare(name).split() or [""]
    more = _MORE_NOUNS_ZH.get(noun, ())
    phrases = [*chinese_names(name), *NOUNS_ZH.get(noun, ()), *more]
    if len(modifiers) == 1 and (colour := COLOURS_ZH.get(modifiers[0])):
        phrases += [f"{colour}{link}{word}" for word in more for link in ("色", "色的", "", "的")]
    for word in modifiers:
        if colour := COLOURS_ZH.get(word):
            phrases += [f"{colour}{end}" for end in _ENDS_ZH]
    return tuple(phrases)
