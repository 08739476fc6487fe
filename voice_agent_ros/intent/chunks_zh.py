# SPDX-License-Identifier: Apache-2.0
"""Cuts a Chinese sentence, which has no spaces, into chunks of meaning, each character in exactly one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import Any

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.chunks import Chunk, cuts
from voice_agent_ros.intent.lexicon import load_words
from voice_agent_ros.intent.names import pose_references, references
from voice_agent_ros.intent.relations import BETWEEN_ZH, SUFFIXES_ZH
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.vocabulary import COLOURS_ZH
from voice_agent_ros.intent.wordings import bare

_WAYS = {"上": "up", "下": "down", "左": "left", "右": "right", "前": "forward", "后": "back"}
_PLAIN = (
    *("move", "gripper", "arm", "open", "close", "let_go", "go_to", "pose_nouns", "it", "held", "take_hand", "want", "ought", "ba", "and", "adverb"),
    *("resume", "bit", "about", "home_alone", "ready_alone", "open_alone", "close_alone"),
)  # fmt: skip
_TABLE = {"桌子": "table", "桌面": "table"}
_WHOSE = ("你的", "它的", "那个", "这个", "机械臂的", "手臂的", "名为", "最初的", "一开始的")
_COLOUR = re.compile(rf"(?P<colour>[{''.join(COLOURS_ZH.values())}])色?")
_ANOTHER = re.compile(r"(?:另(?:外)?一?|别的|其他的?)[个块](?:方块|积木)?")
_FIRST_TOKEN = 0xE000  # private characters stand for quantities
_LONGEST = 9


@lru_cache(maxsize=1)
def words() -> Mapping[str, Any]:
    """The word classes.

    Raises:
        ConfigurationError: the file is missing, or does not fit.
    """
    try:
        data = load_words("words_zh")
        return {
            name: {key: _listed(one) for key, one in value.items()}
            if isinstance(value, dict)
            else _listed(value)
            for name, value in data.items()
        }
    except (AttributeError, TypeError) as error:
        raise ConfigurationError(
            f"The words of 'zh' do not fit: {error}.", "Each class is words with commas between them."
        ) from error


@lru_cache(maxsize=1)
def _phrases() -> Mapping[str, tuple[tuple[str, Any], ...]]:
    """Every phrase with the kinds it can be and their values."""
    data = words()
    found: dict[str, list[tuple[str, Any]]] = {}

    def add(phrase: str, kind: str, value: Any = None) -> None:
        found.setdefault(phrase, []).append((kind, value or phrase))

    for name in _PLAIN:
        for phrase in data[name]:
            add(phrase, name)
    for stem, end in product(data["take"]["stems"], ("", *data["take"]["ends"])):
        add(stem + end, "take")
    for stem, end in product(data["put"]["stems"], data["put"]["preps"]):
        add(stem + end, "put_to")
    for phrase in data["put"]["alone"]:
        add(phrase, "put")
    for way in _WAYS.values():
        for phrase in data[f"{way}_verb"]:
            add(phrase, "directed", (way, phrase))
    for before, character, side in product(("", *data["to_direction"]), _WAYS, ("", *data["sides"])):
        if not side and not before:
            add(character, "bare_direction", _WAYS[character])
        elif side or before not in ("到", "在", "从", "沿", "顺着"):
            add(before + character + side, "direction", _WAYS[character])
    return {phrase: tuple(dict.fromkeys(kinds)) for phrase, kinds in found.items()}


def _listed(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(","))


class ChineseChunker:
    """Cuts one sentence.

    Args:
        text: no spaces, no punctuation, quantities as tokens ("distance0").
        distances: token → metres.
    """

    def __init__(self, text: str, scene: Scene, distances: Mapping[str, float]) -> None:
        self._metres: dict[str, float] = {}
        for index, (token, metres) in enumerate(distances.items()):
            mark = chr(_FIRST_TOKEN + index)
            text, self._metres[mark] = text.replace(token, mark), metres
        self._text = text
        names, taught = tuple(dict.fromkeys(scene.names)), tuple(place.name for place in scene.places)
        self._things, self._names = _things(names, taught), names
        self._poses = _poses(scene.poses, taught)
        self._data = words()

    def cuts(self) -> Iterator[tuple[Chunk, ...]]:
        """Every way to cut the sentence without a rest, the longest chunks first."""
        return cuts([self._at(start) for start in range(len(self._text))])

    def _at(self, start: int) -> list[Chunk]:
        found = [*self._goals(start), *self.nouns(start), *self._plain(start)]
        return sorted(found, key=lambda chunk: -chunk.end)

    def _plain(self, start: int) -> Iterator[Chunk]:
        mark = self._text[start]
        if mark in self._metres:
            yield Chunk("distance", start, start + 1, self._metres[mark])
        for length in range(min(_LONGEST, len(self._text) - start), 0, -1):
            phrase = self._text[start : start + length]
            for kind, value in _phrases().get(phrase, ()):
                yield Chunk(kind, start, start + length, value)
            if pose := self._poses.get(phrase.lower()):
                yield Chunk("pose", start, start + length, pose)
            if phrase in _WHOSE:
                for more in range(min(_LONGEST, len(self._text) - start - length), 0, -1):
                    end = start + length + more
                    if pose := self._poses.get(self._text[start + length : end].lower()):
                        yield Chunk("pose", start, end, pose)

    def nouns(self, start: int) -> Iterator[Chunk]:
        """Every noun phrase that begins at a character."""
        for end, value, kind in self._noun(start):
            yield Chunk(kind, start, end, value)
        yield from self._beside_another(start)
        for length in range(min(_LONGEST, len(self._text) - start), 0, -1):
            if self._text[start : start + length] in self._data["holding"]:
                for end, value, kind in self._noun(start + length):
                    if kind == "object":  # "手里的方块" is the one in the hand, whichever that is
                        yield Chunk("held_object" if len(value) == 1 else "held", start, end, value)
        if self._text[start] == "从" or self._text[start] in "桌台地":
            at = start + (self._text[start] == "从")
            for end in self._ends(at, "table"):
                for last in (0, 1, 2):
                    if end + last <= len(self._text) and self._text[end : end + last] in ("", "上", "上面"):
                        yield Chunk("from", start, end + last)

    def _beside_another(self, start: int) -> Iterator[Chunk]:
        """ "碗旁边的蓝方块": where it is, of a thing that is known without that."""
        for length in range(min(_LONGEST, len(self._text) - start), 0, -1):
            if self._text[start : start + length] not in self._things:
                continue
            for more in range(3, 0, -1):
                end = start + length + more
                if self._text[start + length : end] in SUFFIXES_ZH and self._text[end : end + 1] == "的":
                    for stop, value, kind in self._noun(end + 1):
                        if kind == "object" and len(value) == 1:
                            yield Chunk(kind, start, stop, value)

    def _noun(self, start: int) -> Iterator[tuple[int, Any, str]]:
        """Things from `start`, with what stands before them: "桌上那个小的红色方块"."""
        for at in self._befores(start):
            for length in range(min(_LONGEST, len(self._text) - at), 0, -1):
                phrase = self._text[at : at + length]
                if names := self._things.get(phrase):
                    yield at + length, names, "object"
                elif phrase in self._data["things"] and phrase not in self._data["gripper"]:
                    yield at + length, _TABLE.get(phrase, phrase), "unknown"
            yield from self._coloured(at)

    def _coloured(self, at: int) -> Iterator[tuple[int, Any, str]]:
        """ "红色的那个小方块": a colour, then anything that a thing of it can be called."""
        match = _COLOUR.match(self._text, at)
        if match is None:
            return
        ofs = match.end() + (self._text[match.end() : match.end() + 1] == "的")
        seen = set()
        for noun_at in self._befores(ofs):
            for length in range(min(4, len(self._text) - noun_at), 0, -1):
                noun = self._text[noun_at : noun_at + length]
                if noun_at + length in seen:
                    continue
                if names := self._things.get(f"{match['colour']}{noun}"):
                    seen.add(noun_at + length)
                    yield noun_at + length, names, "object"
                elif noun in self._data["things"] or noun in self._things:
                    seen.add(noun_at + length)
                    yield noun_at + length, self._text[at : noun_at + length], "unknown"
        names = self._things.get(f"{match['colour']}的")
        if names and ofs > match.end():
            for end in self._befores(ofs):
                if end > ofs and end not in seen:
                    yield end, names, "object"

    def _befores(self, start: int) -> list[int]:
        """Where the noun may begin: after places, determiners and adjectives, any of them or none."""
        places, at = [start], start
        for _ in range(4):
            step = max(
                (end for kind in ("table", "determiners", "adjectives") for end in self._ends(at, kind)),
                default=at,
            )
            if step == at:
                break
            at = step + (self._text[step : step + 1] == "的")
            places.append(at)
        return places

    def _ends(self, start: int, kind: str) -> Iterator[int]:
        for length in range(min(_LONGEST, len(self._text) - start), 0, -1):
            if self._text[start : start + length] in self._data[kind]:
                yield start + length

    def _goals(self, start: int) -> Iterator[Chunk]:
        """Where something is to go: "放到碗里", "往碗里", "碗里面"."""
        for length in range(min(5, len(self._text) - start), 0, -1):
            phrase = self._text[start : start + length]
            if any(kind == "put_to" for kind, _ in _phrases().get(phrase, ())):
                for gap in (0, 1, 2):
                    after = self._text[start + length : start + length + gap]
                    if len(after) == gap and after in ("", "了", "那边", "去"):
                        yield from self._goal(
                            "put_goal", start, start + length + gap, phrase, needs_inside=False
                        )
            if phrase in self._data["put"]["alone"]:
                yield from self._goal("put_goal", start, start + length, phrase, needs_inside=True)
            if phrase in self._data["to_goal"]:
                yield from self._goal("goal", start, start + length, phrase, needs_inside=True)
        yield from self._goal("goal", start, start, "", needs_inside=True)

    def _goal(self, name: str, start: int, at: int, how: str, *, needs_inside: bool) -> Iterator[Chunk]:
        for end, value, _kind in (*self._noun(at), *self._another(at)):
            yield from self._beside(name, start, end, value, how)
            ends = [*self._ends(end, "inside")]
            for stop in ends:
                yield Chunk(name, start, stop, value, how)
            if not needs_inside:
                yield Chunk(name, start, end, value, how)

    def _another(self, at: int) -> Iterator[tuple[int, Any, str]]:
        """ "另一个": which is to be asked."""
        match = _ANOTHER.match(self._text, at)
        if match and len(self._names) > 1:
            yield match.end(), self._names, "object"

    def _beside(self, kind: str, start: int, at: int, value: Any, how: str) -> Iterator[Chunk]:
        """ "碗的左边", "碗和红方块中间": a place that things give."""
        if isinstance(value, tuple) and len(value) != 1:
            return
        one = value[0] if isinstance(value, tuple) else value
        begin = at + (self._text[at : at + 1] == "的")
        for length in range(min(4, len(self._text) - begin), 0, -1):
            if relation := SUFFIXES_ZH.get(self._text[begin : begin + length]):
                end = begin + length
                for stop in (end, end + (self._text[end : end + 1] == "去")):
                    yield Chunk(kind, start, stop, (f"{relation} the {one}",), how)
        if self._text[at : at + 1] in ("和", "与", "跟", "同"):
            for end, other, found in self._noun(at + 1):
                for word in BETWEEN_ZH:
                    if found == "object" and len(other) == 1 and self._text.startswith(word, end):
                        both = (f"between the {one} and the {other[0]}",)
                        yield Chunk(kind, start, end + len(word), both, how)


@lru_cache(maxsize=64)
def _things(names: tuple[str, ...], taught: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    scene = Scene(tuple(SceneObject(name, (0.0, 0.0, 0.0)) for name in names))
    found: dict[str, tuple[str, ...]] = {bare(name).replace(" ", ""): (name,) for name in taught}
    found |= {phrase.replace(" ", ""): meant for phrase, meant in references(scene, "zh").items() if phrase}
    return found


@lru_cache(maxsize=64)
def _poses(poses: tuple[str, ...], taught: tuple[str, ...]) -> Mapping[str, str]:
    found = {bare(name).replace(" ", ""): name for name in taught}
    return found | {phrase.replace(" ", ""): pose for phrase, pose in pose_references(poses, "zh").items()}
