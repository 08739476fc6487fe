# SPDX-License-Identifier: Apache-2.0
"""Reads one clause with the frames of skills: cut into words or characters, with what is seen and what was counted."""

from __future__ import annotations

from collections.abc import Iterable

from voice_agent_ros.intent import clause_en, clause_zh, skill_frames
from voice_agent_ros.intent.bag import Meaning
from voice_agent_ros.intent.chunks_zh import ChineseChunker
from voice_agent_ros.intent.requests import without_frame
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.slots import Tokens

_QUANTITY = "\ue000"  # one character in place of a token


def read(plain: str, prepared: str, tokens: Tokens, scene: Scene, language: str) -> Meaning | None:
    """What a clause asks of one of the skills that frames describe, or None.

    Args:
        plain: bare words, quantities as tokens.
        prepared: the same without fillers.
        tokens: slot → token and value.
    """
    values = {token: value for slot in skill_frames.SLOTS for token, value in tokens.get(slot, ())}
    taught = [place.name for place in scene.places]
    if language == "en":
        return _english(plain, values, scene, taught)
    for way in dict.fromkeys((plain.replace(" ", ""), prepared.replace(" ", ""))):
        units, marks = clause_zh.units(way, values)
        text = "".join(one if len(one) == 1 else _QUANTITY for one in units)
        chunker = ChineseChunker(text, scene, {})
        if meaning := skill_frames.read(units, "zh", marks, chunker.nouns, taught):
            return meaning
    return None


def _english(plain: str, values: dict[str, float], scene: Scene, taught: Iterable[str]) -> Meaning | None:
    request, nouns = without_frame(plain), clause_en.nouns(scene)
    asked: Meaning | None = None
    for way in dict.fromkeys((request.core, plain)):
        units = way.split()

        def named(start: int, units: list[str] = units) -> Iterable[skill_frames.NounPhrase]:
            return nouns.at(units, start)

        meaning = skill_frames.read(units, "en", values, named, taught, gerunds=request.gerunds)
        if meaning is not None and not meaning.missing:
            return meaning
        asked = asked or meaning
    return asked
