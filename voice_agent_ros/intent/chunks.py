# SPDX-License-Identifier: Apache-2.0
"""Cuts a sentence into chunks of meaning, each word in exactly one: verbs, things, places, directions, amounts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from voice_agent_ros.intent.lexicon import Verb, lexicon
from voice_agent_ros.intent.noun_phrases import Noun, NounPhrases
from voice_agent_ros.intent.relations import relation_at

DIRECTIONS = ("up", "down", "left", "right", "forward", "back")
_MAX_CUTS = 160  # ways to cut one sentence; commands have few
_OF_A_SIDE = ("direction", "side", "hand", "hand side", "-hand side")
_ARTICLES = ((), ("the",), ("your",), ("my",), ("its",), ("an",), ("a",), ("our",))
_TO_SIDE = (
    ("to",), ("towards",), ("toward",), ("on",), ("over", "to"), ("off", "to"), ("out", "to"), ("in",), ("in", "direction"), ("in", "the", "direction", "of"),
    ("in", "direction", "of"), ("along",), ("out",), ("a", "bit", "to"), ("into",), ("at",), ("further", "to"), ("more", "to"), ("more", "towards"), ("facing",),
)  # fmt: skip
_NOUN_OF = {"in_hand": "in_hand", "gripper": "in_hand"}


@dataclass(frozen=True)
class Chunk:
    """Some words and what they are.

    Attributes:
        kind: a class of the lexicon, a kind of noun, or "verb", "direction", "distance", "goal", "from", "to_pose".
        value: names, a direction, metres, a pose or a `Verb`, as the kind has it.
        preposition: of a goal.
    """

    kind: str
    start: int
    end: int
    value: Any = None
    preposition: str = ""


class Chunker:
    """Cuts the words of one sentence.

    Args:
        words: lower case, no punctuation, quantities as tokens.
        distances: token → metres.
    """

    def __init__(self, words: list[str], nouns: NounPhrases, distances: dict[str, float]) -> None:
        self._words, self._nouns, self._distances = words, nouns, distances
        self._lexicon = lexicon("en")

    def cuts(self) -> Iterator[tuple[Chunk, ...]]:
        """Every way to cut the sentence without a rest, the longest chunks first."""
        return cuts([self._at(start) for start in range(len(self._words))])

    def _at(self, start: int) -> list[Chunk]:
        found = [*self._plain(start), *self._sides(start), *self._phrases(start), *self._beside(start)]
        return sorted(found, key=lambda chunk: -chunk.end)  # stable: nouns and phrases in the order made

    def _plain(self, start: int) -> Iterator[Chunk]:
        word = self._words[start]
        if word in self._distances:
            yield Chunk("distance", start, start + 1, self._distances[word])
        for length in range(min(self._lexicon.longest, len(self._words) - start), 0, -1):
            phrase = tuple(self._words[start : start + length])
            for verb in self._lexicon.verbs.get(phrase, ()):
                yield Chunk("verb", start, start + length, (verb, " ".join(phrase)))
            for kind in sorted(self._lexicon.phrases.get(phrase, ())):
                if kind in DIRECTIONS:
                    yield Chunk("direction", start, start + length, kind)
                else:
                    yield Chunk(kind, start, start + length)
        yield from (self._noun(noun, start) for noun in self._nouns.at(self._words, start))

    @staticmethod
    def _noun(noun: Noun, start: int) -> Chunk:
        return Chunk(noun.kind, start, noun.end, noun.value)

    def _sides(self, start: int) -> Iterator[Chunk]:
        """ "to the left", "in the up direction", "on your right-hand side"."""
        for before in ((), *_TO_SIDE):
            at = start + len(before)
            if tuple(self._words[start:at]) != before:
                continue
            for article in _ARTICLES:
                begin = at + len(article)
                if tuple(self._words[at:begin]) != article or not (before or article):
                    continue
                for length in range(min(3, len(self._words) - begin), 0, -1):
                    phrase = tuple(self._words[begin : begin + length])
                    for kind in self._lexicon.phrases.get(phrase, frozenset()) & set(DIRECTIONS):
                        after = self._words[begin + length : begin + length + 1]
                        if kind in ("up", "down") and after != ["direction"]:
                            continue
                        end = begin + length
                        yield Chunk("direction", start, end, kind)
                        if self._words[end : end + 1] in (["direction"], ["side"], ["hand"]):
                            yield Chunk("direction", start, end + 1, kind)
                        if self._words[end : end + 2] == ["hand", "side"]:
                            yield Chunk("direction", start, end + 2, kind)

    def _phrases(self, start: int) -> Iterator[Chunk]:
        """Prepositions with what follows them."""
        for name in ("into", "from", "to_pose"):
            for length in range(min(5, len(self._words) - start), 0, -1):
                phrase = tuple(self._words[start : start + length])
                if phrase not in self._lexicon.classes[name] or start + length >= len(self._words):
                    continue
                for noun in self._nouns.at(self._words, start + length):
                    yield from self._phrase(name, " ".join(phrase), noun, start)
                if name == "from" and self._words[start + length] in ("there", "here"):
                    yield Chunk("from", start, start + length + 1)

    def _beside(self, start: int) -> Iterator[Chunk]:
        """ "to the left of the bowl", "between the bowl and the red cube": a place that things give."""
        found = relation_at(self._words, start)
        if found is None:
            return
        relation, end = found
        for noun in self._nouns.at(self._words, end):
            if noun.kind not in ("object", "unknown") or (
                isinstance(noun.value, tuple) and len(noun.value) != 1
            ):
                continue
            name = noun.value[0] if isinstance(noun.value, tuple) else noun.value
            if relation != "between":
                yield Chunk("goal", start, noun.end, (f"{relation} the {name}",), relation)
                continue
            if self._words[noun.end : noun.end + 1] != ["and"]:
                continue
            for other in self._nouns.at(self._words, noun.end + 1):
                if other.kind == "object" and len(other.value) == 1:
                    both = (f"between the {name} and the {other.value[0]}",)
                    yield Chunk("goal", start, other.end, both, relation)

    @staticmethod
    def _phrase(name: str, preposition: str, noun: Noun, start: int) -> Iterator[Chunk]:
        if name == "from" and noun.kind in ("table", "object", "unknown", "it"):
            yield Chunk("from", start, noun.end, noun.value)
        elif name == "to_pose" and noun.kind == "pose":
            yield Chunk("to_pose", start, noun.end, noun.value)
        elif name == "into" and noun.kind in ("object", "unknown", "it", "that", "in_hand", "table"):
            kind = {
                "object": "goal",
                "unknown": "goal_unknown",
                "in_hand": "in_hand_of",
                "table": "goal_table",
            }.get(noun.kind, "there")
            yield Chunk(kind, start, noun.end, noun.value, preposition)


def senses(chunk: Chunk) -> frozenset[str]:
    """What a verb can mean."""
    verb: Verb = chunk.value[0]
    return verb.senses


def cuts(options: list[list[Chunk]]) -> Iterator[tuple[Chunk, ...]]:
    """Every way through the chunks that begin at each place, those that come first in their lists first."""
    count = len(options)
    # Only what leads to the end: dead ends cost nothing.
    leads = [False] * count + [True]
    for start in range(count - 1, -1, -1):
        options[start] = [chunk for chunk in options[start] if chunk.end <= count and leads[chunk.end]]
        leads[start] = bool(options[start])
    if not leads[0]:
        return
    budget = _MAX_CUTS
    stack: list[tuple[int, tuple[Chunk, ...]]] = [(0, ())]
    while stack and budget:
        start, done = stack.pop()
        if start == count:
            budget -= 1
            yield done
            continue
        stack.extend((chunk.end, (*done, chunk)) for chunk in reversed(options[start]))
