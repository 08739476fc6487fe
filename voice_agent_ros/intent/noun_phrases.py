# SPDX-License-Identifier: Apache-2.0
"""English noun phrases at a place in a sentence: "the little red cube over there", "what you're holding", "your claw"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from voice_agent_ros.intent.lexicon import Lexicon, Phrase, lexicon
from voice_agent_ros.intent.names import pose_references, references
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.vocabulary import COLOURS_ZH
from voice_agent_ros.intent.wordings import bare

_BARE_POSES = ("home", "ready")  # "start" alone is no place to go to
_THAT = {
    tuple(words.split())
    for words in [
        "that",
        "that one",
        "this",
        "this one",
        "these",
        "those",
        "the other one",
        "another one",
        "the other",
        "one of those",
        "one of them",
        "one of these",
        "any of them",
        "any one",
        "either one",
        "one",
        "something",
        "some thing",
        "another",
        "the others",
        "the other block",
        "the other cube",
        "the other thing",
        "that thing",
        "this thing",
        "the thing",
        "thingy",
        "the thingy",
        "that thingy",
        "thingamajig",
        "the thingamajig",
        "whatsit",
        "the whatsit",
        "the doodah",
        "the gizmo",
        "that one there",
        "this one here",
        "that one over there",
        "that thing there",
        "that thing over there",
        "the thing over there",
        "the thing there",
        "that stuff",
    ]
}
_MAX_UNKNOWN = 3
_RELATIVES: tuple[Phrase, ...] = (
    *(("that", "is"), ("that's",), ("which", "is"), ("which's",), ("that", "are"), ("with", "the", "colour"), ("with", "the", "color")),
    *(("coloured",), ("colored",), ("of", "colour"), ("of",), ("of", "color"), ("in",), ("painted",), ("that", "has", "the", "colour"), ("with",), ()),
)  # fmt: skip
_COLOUR_ENDS: tuple[Phrase, ...] = (
    ("in", "colour"),
    ("in", "color"),
    ("coloured",),
    ("colored",),
    ("colour",),
    ("color",),
    ("one",),
    (),
)
_PLACED = ("sitting", "lying", "standing", "located", "placed", "resting", "positioned", "found", "left")
_ON = ("on", "from", "off", "at", "upon")


@dataclass(frozen=True)
class Noun:
    """A noun phrase.

    Attributes:
        kind: "object", "unknown", "it", "that", "held", "arm", "gripper", "in_hand", "pose", "table".
        end: where it ends, in words.
        value: names of what it can mean; a pose's or an unknown thing's name.
    """

    kind: str
    end: int
    value: Any = None


class NounPhrases:
    """Reads noun phrases about one scene."""

    def __init__(self, scene: Scene) -> None:
        self._words: Lexicon = lexicon("en")
        names, taught = tuple(dict.fromkeys(scene.names)), tuple(place.name for place in scene.places)
        self._things = _things(names)
        self._longest = max((len(phrase) for phrase in self._things), default=0)
        self._poses = _poses(scene.poses, taught)
        self._places = {tuple(bare(name).split()): name for name in taught}

    def at(self, words: list[str], start: int) -> Iterator[Noun]:
        """Every noun phrase that begins at `start`."""
        yield from self._fixed(words, start)
        after, has_determiner = self._before(words, start)
        seen = set()
        for noun in self._cores(words, after, has_determiner):
            if (noun.kind, noun.end) not in seen:
                seen.add((noun.kind, noun.end))
                yield noun

    def _fixed(self, words: list[str], start: int) -> Iterator[Noun]:
        for phrase in _at(words, start, self._words.classes["held"]):
            yield Noun("held", start + len(phrase))
        if (end := _held(words, start)) is not None:
            yield Noun("held", end)
        for phrase in _at(words, start, self._words.classes["pronouns"]):
            yield Noun("that" if phrase in _THAT else "it", start + len(phrase))

    def _before(self, words: list[str], start: int) -> tuple[list[int], bool]:
        """Where the noun may begin: after the determiners, and after each adjective."""
        at = start
        determiners = self._words.classes["determiners"]
        while phrase := next(iter(_at(words, at, determiners)), None):
            at += len(phrase)
        places = [at]
        while phrase := next(iter(_at(words, at, self._words.classes["adjectives"])), None):
            at += len(phrase)
            places.append(at)
        return places, places[0] > start

    def _cores(self, words: list[str], places: list[int], has_determiner: bool) -> Iterator[Noun]:
        for at in reversed(places):
            for end, names in self._thing(words, at):
                for phrase in _at(words, end, self._words.classes["holding"]):
                    # "the cube you're holding" is the one in the hand, whichever that is
                    yield Noun("held_object" if len(names) == 1 else "held", end + len(phrase), names)
                for stop in self._after(words, end):
                    yield Noun("object", stop, names)
        for kind, place in product(("arm", "gripper", "in_hand", "table"), places):
            for phrase in _at(words, place, self._words.classes[kind]):
                yield Noun(kind, place + len(phrase))
        at = places[0]
        yield from self._pose(words, at, has_determiner)
        yield from self._named_pose(words, at)
        for phrase, name in self._places.items():
            if tuple(words[at : at + len(phrase)]) == phrase:
                yield Noun("object", at + len(phrase), (name,))
        yield from self._unknown(words, at, has_determiner)

    def _pose(self, words: list[str], at: int, has_determiner: bool) -> Iterator[Noun]:
        for phrase, (pose, needs_noun) in self._poses.items():
            if tuple(words[at : at + len(phrase)]) == phrase:
                end = at + len(phrase)
                nouns = next(iter(_at(words, end, self._words.classes["pose_nouns"])), None)
                if nouns:
                    yield Noun("pose", end + len(nouns), pose)
                if not needs_noun or has_determiner:
                    yield Noun("pose", end, pose)

    def _named_pose(self, words: list[str], at: int) -> Iterator[Noun]:
        """ "named pose ready", "position home"."""
        before = at + (words[at : at + 1] == ["named"])
        nouns = next(iter(_at(words, before, self._words.classes["pose_nouns"])), None)
        if nouns is None:
            return
        end = before + len(nouns)
        end += words[end : end + 1] in (["called"], ["named"])
        for phrase, (pose, _) in self._poses.items():
            if tuple(words[end : end + len(phrase)]) == phrase:
                yield Noun("pose", end + len(phrase), pose)

    def _thing(self, words: list[str], at: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Things seen, by name or by kind and colour: "red cube", "cube that is red", "the one in red"."""
        for length in range(min(self._longest, len(words) - at), 0, -1):
            phrase = tuple(words[at : at + length])
            if names := self._things.get(phrase):
                yield at + length, names
                noun = phrase[-1:]
                if words[at + length : at + length + 1] == ["one"] and phrase[0] in COLOURS_ZH:
                    yield at + length + 1, names
                if length == 1 and phrase[0] not in COLOURS_ZH:
                    yield from self._coloured(words, at + length, noun)
        if tuple(words[at : at + 1]) in self._words.classes["generic"]:
            yield from self._coloured(words, at + 1, tuple(words[at : at + 1]))
        # "red toy", "blue little fellow": any word for a thing, of a colour
        if words[at : at + 1] and words[at] in COLOURS_ZH:
            after, _ = self._before(words, at + 1)
            if tuple(words[after[-1] : after[-1] + 1]) in self._words.classes["generic"]:
                noun = tuple(words[after[-1] : after[-1] + 1])
                names = self._things.get((words[at], *noun)) or self._things.get((words[at], "one"))
                # "green ball" is no green cube
                if names and (noun in _VAGUE or (words[at], *noun) in self._things):
                    yield after[-1] + 1, names

    def _coloured(self, words: list[str], at: int, noun: Phrase) -> Iterator[tuple[int, tuple[str, ...]]]:
        for relative in _RELATIVES:
            end = at + len(relative)
            if tuple(words[at:end]) != relative:
                continue
            for article in ((), ("the",)):
                stop = end + len(article)
                if tuple(words[end:stop]) != article:
                    continue
                if (
                    stop < len(words)
                    and words[stop] in COLOURS_ZH
                    and (noun in _VAGUE or (words[stop], *noun) in self._things)
                ):
                    names = self._things.get((words[stop], *noun)) or self._things.get((words[stop], "one"))
                    for last in _COLOUR_ENDS:
                        if names and tuple(words[stop + 1 : stop + 1 + len(last)]) == last:
                            yield stop + 1 + len(last), names

    def _after(self, words: list[str], end: int) -> Iterator[int]:
        """Where a noun phrase may end: with what says where it is, which adds nothing."""
        ends = [end]
        at = end + (words[end : end + 2] in (["that", "is"], ["which", "is"])) * 2
        at += words[end : end + 1] in (["that's"], ["which's"])
        at += bool(words[at : at + 1]) and words[at] in _PLACED
        for stop in {at, end}:
            for phrase in _at(words, stop, self._words.classes["post"]):
                ends.append(stop + len(phrase))
        if at < len(words) and words[at] in _ON:
            after, _ = self._before(words, at + 1)
            for phrase in _at(words, after[0], self._words.classes["table"]):
                ends.append(after[0] + len(phrase))
        elif at > end and words[at - 1] in _PLACED:
            ends.append(at)
        yield from sorted(set(ends), reverse=True)

    def _unknown(self, words: list[str], at: int, has_determiner: bool) -> Iterator[Noun]:
        """A thing that nobody sees, if it is a thing: "the purple elephant", but not "a break"."""
        for length in range(min(_MAX_UNKNOWN, len(words) - at), 0, -1):
            *modifiers, noun = words[at : at + length]
            singular = noun[:-1] if noun.endswith("s") else noun
            things = self._words.classes["things"] | self._words.classes["generic"]
            is_thing = (noun,) in things or (singular,) in things or tuple(words[at : at + length]) in things
            plain = all(
                self._is_plain(word) and (has_determiner or self._describes(word)) for word in modifiers
            )
            # "tower blue cube": more than a name is said
            plain = plain and not any(
                tuple(words[at + skip : at + length]) in self._things for skip in range(1, length - 1)
            )
            vague = (noun,) in _VAGUE and not any(word in COLOURS_ZH for word in modifiers)
            seen = not modifiers and (noun,) in self._things
            if is_thing and plain and not vague and not seen:
                name = " ".join([*modifiers, noun])
                for stop in self._after(words, at + length):
                    yield Noun("unknown", stop, name)

    def _describes(self, word: str) -> bool:
        classes = self._words.classes
        return word in COLOURS_ZH or (word,) in classes["things"] or (word,) in classes["adjectives"]

    def _is_plain(self, word: str) -> bool:
        """Whether a word may describe a thing that nobody sees: it is none that has a place in the grammar."""
        if self._describes(word):
            return True
        return (
            word.isalpha()
            and len(word) > 2
            and (word,) not in self._words.verbs
            and (word,) not in self._words.phrases
            and word not in _NO_NAME
        )


_VAGUE = {
    ("one",),
    ("thing",),
    ("object",),
    ("item",),
    ("piece",),
    ("guy",),
    ("fellow",),
    ("fella",),
    ("chap",),
    ("toy",),
    ("part",),
    ("element",),
    ("workpiece",),
    ("shape",),
    ("unit",),
    ("buddy",),
    ("lad",),
    ("baby",),
    ("sucker",),
    ("friend",),
}
_NO_NAME = frozenset(
    [
        *("and", "or", "but", "not", "no", "it", "this", "them", "him", "her", "me", "you", "we", "us"),
        *("they", "he", "she", "if", "when", "while", "until", "unless", "except", "without", "is", "are", "was", "were"),
        *("do", "does", "did", "said", "says", "what", "who", "where", "how", "why", "that", "which", "because", "since"),
        *("after", "before", "under", "near", "next", "beside", "behind", "between", "other", "others", "another", "all", "both", "every"),
        *("each", "half", "less", "same", "last", "second", "third", "only", "never", "always", "nothing", "something", "anything", "everything"),
    ]
)  # fmt: skip


_HELD = re.compile(
    r"(?:(?:that|this|the|whatever|what|those|these|your|all)(?: (?:little|small|same|silly))?(?: (?:one|ones|thing|thingy|object|item|piece|part|stuff|cube|block|bit))?)"
    r"(?: that| which| what)? (?:(?:you(?:'re| are)|ya're)(?: currently| now| still| just)? (?:holding|carrying|gripping|clutching|grasping)"
    r"|you(?: currently| now| just| still)? (?:hold|have|carry|grip|picked up|grabbed|took|lifted|got)"
    r"|you(?:'ve| have)(?: just| now)? (?:got|picked up|grabbed|taken|lifted)"
    r"|(?:is|'s|that's|that is) (?:currently |now )?(?:in|between) (?:your|the) (?:hand|gripper|claw|grip|fingers|hands|jaws))"
    r"(?: (?:there|now|right now|at the moment|here))?(?: in (?:your|the) (?:hand|gripper|claw|grip|fingers|hands|jaws))?(?= |$)"
)


def _held(words: list[str], start: int) -> int | None:
    """Where "that one you're holding", "whatever you have got in your hand" ends."""
    match = _HELD.match(" ".join(words[start : start + 14]))
    return start + len(match.group().split()) if match else None


def _at(words: list[str], start: int, phrases: frozenset[Phrase]) -> Iterator[Phrase]:
    """The phrases that stand at `start`, the longest first."""
    for length in range(min(7, len(words) - start), 0, -1):
        phrase = tuple(words[start : start + length])
        if phrase in phrases:
            yield phrase


@lru_cache(maxsize=64)
def _things(names: tuple[str, ...]) -> Mapping[Phrase, tuple[str, ...]]:
    from voice_agent_ros.intent.scene import SceneObject

    scene = Scene(tuple(SceneObject(name, (0.0, 0.0, 0.0)) for name in names))
    found = {tuple(phrase.split()): meant for phrase, meant in references(scene, "en").items() if phrase}
    for colour in {word for name in names for word in bare(name).split() if word in COLOURS_ZH}:
        found.setdefault((colour,), tuple(name for name in names if colour in bare(name).split()))
    return found


@lru_cache(maxsize=64)
def _poses(poses: tuple[str, ...], taught: tuple[str, ...]) -> Mapping[Phrase, tuple[str, bool]]:
    """Phrase → pose, and whether it needs a noun or an article."""
    found = {tuple(bare(name).split()): (name, False) for name in taught}
    for phrase, pose in pose_references(poses, "en").items():
        needs_noun = phrase not in _BARE_POSES and phrase != pose.replace("_", " ").lower()
        found[tuple(phrase.split())] = (pose, needs_noun)
    return found
