# SPDX-License-Identifier: Apache-2.0
"""Templates of sentences (hassil) for skills that bring their own, and for what a sentence file adds to the others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from voice_agent_ros.intent.names import pose_references, references, resolve, without_determiner
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.skills import SKILLS
from voice_agent_ros.intent.slots import Tokens, senses, signed
from voice_agent_ros.intent.things import is_thing
from voice_agent_ros.intent.vocabulary import colour_of
from voice_agent_ros.intent.wordings import bare

_MAX_UNKNOWN = {"en": 4, "zh": 8}  # words or characters of a name that nobody knows
_NAMED = {"object", "target"}
_NAMING = re.compile(
    r"\b(?:remember|save|store|memori[sz]e|mark|call|called|name|named|label|learn|forget|delete|remove|erase|known)\b"
    r"|记|存|叫|忘|删|设|命名|标"
)
_OPEN_NAME = re.compile(r"\{(?:object|target|pose)\}")
_FREE = {"name"}  # people call a place what they like
_NEVER_FREE = re.compile(r"\b(?:and|it|that|this|then|not|don't|here|there)\b|然后|[它吗呢？?]|这里")


@dataclass(frozen=True)
class Reading:
    """One way to match a sentence."""

    skill: str
    arguments: Mapping[str, Any]
    meant: Mapping[str, tuple[str, ...]]  # slot → names of what its words can mean
    unknown_words: int


class Templates:
    """The templates of one language.

    Args:
        data: of the sentence file: expansion rules, lists, `intents` that are added to those of the skills.
        no_name: what no unknown name contains.

    Raises:
        ValueError: sentences for what is no skill.
    """

    def __init__(self, language: str, data: Mapping[str, Any], no_name: re.Pattern[str]) -> None:
        self.language, self._no_name = language, no_name
        intents = _sentences(language, data.get("intents"))
        self._ways: list[tuple[Any, bool]] = []
        if not intents:
            return
        from hassil import Intents

        for some, is_open in ((intents, False), (_with_open_names(intents), True)):
            known = Intents.from_dict({**data, "intents": some})
            for intent in known.intents.values():
                for block in intent.data:
                    _ = block.sentences  # parsed now: the first sentence must not wait for it
            self._ways.append((known, is_open))

    def read(self, words: str, tokens: Tokens, scene: Scene) -> list[Reading]:
        """Every way in which a template fits the words."""
        if not self._ways:
            return []
        from hassil import recognize_all

        said = _said_lists(words, tokens, self.language)
        taught = tuple(place.name for place in scene.places)
        known = _known_lists(tuple(dict.fromkeys(scene.names)), scene.poses, taught, self.language)
        for intents, is_open in self._ways:
            lists = {**known, **_open_lists()} if is_open else known
            matches = recognize_all(words, intents, slot_lists={**lists, **said})
            readings = [reading for match in matches if (reading := self._reading(match, scene))]
            if readings:
                return readings
        return []

    def _reading(self, match: Any, scene: Scene) -> Reading | None:
        """What a match says; None if one of its names cannot be a name."""
        arguments: dict[str, Any] = {}
        meant: dict[str, tuple[str, ...]] = {}
        unknown = 0
        for slot, entity in match.entities.items():
            if not entity.is_wildcard:
                value = entity.value
                arguments[slot] = value
                if slot in _NAMED and isinstance(value, tuple):
                    meant[slot], arguments[slot] = value, value[0]
                continue
            name = without_determiner(entity.text, self.language)
            names = resolve(name, scene, self.language) if slot in _NAMED else ()
            arguments[slot] = names[0] if names else name
            if names:
                meant[slot] = names
                continue
            size = len(name.split()) if self.language == "en" else len(name)
            if not name or size > _MAX_UNKNOWN[self.language]:
                return None
            if slot in _FREE:
                if _NEVER_FREE.search(name):
                    return None
                unknown += size  # the shortest name that leaves nothing over
                continue
            if self._no_name.search(name) or self._says_more(name, scene):
                return None
            if slot in _NAMED and not is_thing(name, self.language):
                return None
            unknown += size
        for slot, value in SKILLS[match.intent.name].defaults.items():
            arguments.setdefault(slot, value)
        return Reading(match.intent.name, signed(arguments), meant, unknown)

    def _says_more(self, name: str, scene: Scene) -> bool:
        """Whether an unknown name goes on after a known one: "red cube sitting" is more than a name."""
        known = [*references(scene, self.language), *pose_references(scene.poses, self.language)]
        if self.language == "zh":
            return any(name.startswith(phrase) for phrase in known if phrase)
        return any(
            name == phrase or re.search(rf"\b{re.escape(phrase)} \w", name) for phrase in known if phrase
        )


def _sentences(language: str, added: Mapping[str, Any] | None) -> dict[str, Any]:
    """The templates of all skills, and those that the sentence file adds to them."""
    intents = {name: {"data": list(skill.sentences.get(language, ()))} for name, skill in SKILLS.items()}
    for name, intent in (added or {}).items():
        if name not in intents:
            raise ValueError(f"there are sentences for {name!r}, which is no skill")
        intents[name]["data"] += intent["data"]
    return {name: intent for name, intent in intents.items() if intent["data"]}


def _with_open_names(intents: Mapping[str, Any]) -> dict[str, Any]:
    """Only the templates that can take a name nobody knows: trying them is slow."""
    found: dict[str, Any] = {}
    for name, intent in intents.items():
        blocks = [
            {**block, "sentences": kept}
            for block in intent["data"]
            if (kept := [text for text in block["sentences"] if _OPEN_NAME.search(text)])
        ]
        if blocks:
            found[name] = {"data": blocks}
    return found


@lru_cache(maxsize=64)
def _known_lists(
    names: tuple[str, ...], poses: tuple[str, ...], taught: tuple[str, ...], language: str
) -> dict[str, Any]:
    from hassil.intents import TextSlotList

    scene = Scene(tuple(SceneObject(name, (0.0, 0.0, 0.0)) for name in names), poses)
    things = dict(references(scene, language))
    if language == "en":  # "stack red on blue"
        for colour in {colour_of(name) for name in names} - {"", *things}:
            things[colour] = tuple(name for name in names if colour_of(name) == colour)
    # A thing's name, and a pose's, comes before that of a taught place.
    places = list({**{bare(name): name for name in taught}, **pose_references(poses, language)}.items())
    targets = {**{bare(name): (name,) for name in taught}, **things}
    lists = {
        "object": TextSlotList.from_tuples(list(things.items()), allow_template=False, name="object"),
        "target": TextSlotList.from_tuples(list(targets.items()), allow_template=False, name="target"),
        "pose": TextSlotList.from_tuples(places, allow_template=False, name="pose"),
    }
    # A template that would fit anything asks for what is known.
    return {**lists, **{f"known_{name}": values for name, values in lists.items()}}


def _said_lists(words: str, tokens: Tokens, language: str) -> dict[str, Any]:
    from hassil.intents import TextSlotList

    lists = {
        slot: TextSlotList.from_tuples(tokens.get(slot, ()), allow_template=False, name=slot)
        for slot in ("distance", "angle", "factor", "joint")
    }
    return {**lists, **_fixed_lists(language, _NAMING.search(words) is not None)}


@lru_cache(maxsize=4)
def _fixed_lists(language: str, is_naming: bool) -> dict[str, Any]:
    from hassil.intents import TextSlotList, WildcardSlotList

    turn = TextSlotList.from_tuples(list(senses(language)), allow_template=False, name="turn")
    # Trying names that may be anything takes time; only few words announce one.
    return {"turn": turn, "name": WildcardSlotList("name") if is_naming else TextSlotList("name", [])}


@lru_cache(maxsize=1)
def _open_lists() -> dict[str, Any]:
    from hassil.intents import WildcardSlotList

    return {name: WildcardSlotList(name) for name in ("object", "target", "pose")}
