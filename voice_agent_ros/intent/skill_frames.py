# SPDX-License-Identifier: Apache-2.0
"""Frames of skills as data: which kinds of words a command needs, and which it may have, in any order.

config/sentences/skills_<language>.yaml names classes of words and, for each skill, its frames. A sentence fits a frame if
each of its words belongs to one of the frame's classes, every class that is needed is there, and no value is said twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from voice_agent_ros.errors import ConfigurationError
from voice_agent_ros.intent.bag import Meaning
from voice_agent_ros.intent.chunks import Chunk, cuts
from voice_agent_ros.intent.lexicon import load_words, verb_forms
from voice_agent_ros.intent.wordings import folded


class NounPhrase(Protocol):
    """A noun phrase from a place in the sentence on."""

    @property
    def kind(self) -> str:
        """What it is: "object", "it"…"""
        ...

    @property
    def end(self) -> int:
        """Where it ends."""
        ...

    @property
    def value(self) -> Any:
        """What it names."""
        ...


Nouns = Callable[[int], Iterable[NounPhrase]]

SLOTS = ("joint", "angle", "factor", "distance")  # quantities, which are tokens
_NOUN_KINDS = {"object": "thing", "unknown": "thing", "it": "it", "held": "it", "that": "that"}
_MAX_NAME = {"en": 4, "zh": 8}  # words or characters
_MAX_SOMEBODY = 3
_GROUP = re.compile(r"[(\[]")
_TWICE = 2


@dataclass(frozen=True)
class Frame:
    """One way to ask for a skill.

    Attributes:
        needs: of each of these, one class at least.
        may: the classes that may stand beside them.
        gives: arguments that go without saying.
        asks: the slot that this way leaves open; it has to be asked for.
        fills: class → slot of its value, where that has another name.
    """

    skill: str
    needs: tuple[tuple[str, ...], ...]
    may: frozenset[str]
    gives: Mapping[str, Any]
    asks: str
    fills: Mapping[str, str]


@dataclass(frozen=True)
class SkillWords:
    """What the file of one language says.

    Attributes:
        phrases: phrase → (class, value) for every class that has it; verbs have their form as value.
        verbs: the classes that are verbs.
        beside: classes of which any number may stand in any frame.
        not_meant: phrases with a negation that is none, for the mood.
    """

    phrases: Mapping[str, tuple[tuple[str, Any], ...]]
    frames: tuple[Frame, ...]
    verbs: frozenset[str]
    beside: frozenset[str]
    never_a_name: frozenset[str]
    not_meant: re.Pattern[str]
    longest: int


@lru_cache(maxsize=2)
def skill_words(language: str) -> SkillWords:
    """The words and frames of a language.

    Raises:
        ConfigurationError: the file is missing, or does not fit.
    """
    try:
        return _built(load_words(f"skills_{language}"), language)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ConfigurationError(
            f"The words of skills in {language!r} do not fit: {error!r}.",
            "Compare with config/sentences/skills_en.yaml.",
        ) from error


def read(
    units: list[str],
    language: str,
    values: Mapping[str, float],
    nouns: Nouns,
    taught: Iterable[str] = (),
    *,
    gerunds: bool = False,
) -> Meaning | None:
    """What a clause asks for, or None.

    Args:
        units: words, or characters where no spaces part words; quantities as the keys of `values`.
        values: unit → what it stands for, named by its slot ("angle0").
        nouns: what may begin at a unit.
        taught: names of places.
        gerunds: a verb may end in "-ing".
    """
    words = skill_words(language)
    options = [_at(units, start, words, language, values, nouns) for start in range(len(units))]
    said = {chunk.kind for chunks in options for chunk in chunks}
    asked: Meaning | None = None
    for frame in words.frames:
        if not all(any(one in said for one in need) for need in frame.needs):
            continue
        fitting = [[chunk for chunk in chunks if chunk.kind in frame.may] for chunks in options]
        if not all(fitting[:1]):
            continue
        for cut in cuts(fitting):
            meaning = _meaning(frame, cut, words, gerunds)
            if meaning is None:
                continue
            if not frame.asks:
                return _named(
                    meaning,
                    language,
                    set(taught),
                    words,
                    things=any(
                        chunk.kind == "thing" and isinstance(chunk.value, tuple)
                        for chunks in options
                        for chunk in chunks
                    ),
                )
            asked = asked or meaning
            break
    return asked


def plainly_meant(text: str, language: str) -> str:
    """A text without the words in it that deny, report or date nothing: "not so fast", "where you were"."""
    return skill_words(language).not_meant.sub(" ", folded(text)).strip() or text


def _at(
    units: list[str],
    start: int,
    words: SkillWords,
    language: str,
    values: Mapping[str, float],
    nouns: Nouns,
) -> list[Chunk]:
    unit = units[start]
    if unit in values:
        slot = re.sub(r"\d+$", "", unit)
        return [Chunk(slot, start, start + 1, values[unit])]
    between = "" if language == "zh" else " "
    found: list[Chunk] = []
    for length in range(min(words.longest, len(units) - start), 0, -1):
        phrase = between.join(units[start : start + length])
        for kind, value in words.phrases.get(phrase, ()):
            found.append(Chunk(kind, start, start + length, value))
    found += [
        Chunk(_NOUN_KINDS[noun.kind], start, noun.end, noun.value)
        for noun in nouns(start)
        if noun.kind in _NOUN_KINDS
    ]
    found.sort(key=lambda chunk: -chunk.end)
    free = next(
        (
            length
            for length in range(min(_MAX_NAME[language], len(units) - start) + 1)
            if length == len(units) - start
            or units[start + length] in words.never_a_name
            or units[start + length] in values
        ),
        _MAX_NAME[language],
    )
    for length in range(free, 0, -1):
        found.append(Chunk("name", start, start + length, between.join(units[start : start + length])))
        if length <= _MAX_SOMEBODY:
            found.append(Chunk("somebody", start, start + length))
    return found


def _meaning(frame: Frame, cut: tuple[Chunk, ...], words: SkillWords, gerunds: bool) -> Meaning | None:
    """What a cut says if it has all that the frame needs, and nothing twice."""
    count: dict[str, int] = {}
    for index, chunk in enumerate(cut):
        count[chunk.kind] = count.get(chunk.kind, 0) + 1
        if chunk.kind in words.verbs:
            if chunk.value == "ing" and not gerunds:
                return None
            if chunk.value == "done" and not any(one.kind == "want" for one in cut):
                return None
        if chunk.kind == "somebody" and (index == 0 or cut[index - 1].kind != "at"):
            return None
    if not all(any(one in count for one in need) for need in frame.needs):
        return None
    arguments: dict[str, Any] = dict(frame.gives)
    for chunk in cut:
        if chunk.kind in words.beside or chunk.kind == "somebody":
            continue
        has_value = chunk.value is not None and chunk.kind not in words.verbs
        if count[chunk.kind] > (1 if has_value else _TWICE):
            return None
        slot = frame.fills.get(chunk.kind, chunk.kind)
        if has_value and slot in ("thing", "it", "that"):
            return None
        if has_value and slot:
            arguments[slot] = chunk.value
    return Meaning(frame.skill, _signed(arguments), frame.asks)


def _signed(arguments: dict[str, Any]) -> dict[str, Any]:
    """The sense of a turn in the sign of its angle."""
    sense = arguments.pop("sense", None)
    if sense is not None and "angle" in arguments:
        arguments["angle"] = abs(arguments["angle"]) * sense
    return arguments


_NO_NAMES_ZH = frozenset("里儿边处掉了住下好的")  # what is left of "here" and of verbs when no name follows


def _elsewhere(meaning: Meaning, words: SkillWords, things: bool) -> Meaning | None:
    """To a pose that nobody has taught, which the bridge will say; not to a thing, nor to a word of ours."""
    pose = meaning.arguments["pose"]
    is_ours = pose != "ready" and pose in words.phrases
    return None if things or is_ours else meaning


def _named(
    meaning: Meaning, language: str, taught: set[str], words: SkillWords, *, things: bool
) -> Meaning | None:
    """With the name of a place as it was taught: of "the corner place" the corner, unless it is called so."""
    if meaning.skill == "move_to" and "pose" in meaning.arguments:
        return _elsewhere(meaning, words, things)
    name = meaning.arguments.get("name")
    if name is None or name in taught:
        return meaning
    kinds = {kind for kind, _ in words.phrases.get(name, ())}
    if kinds & {"it", "that", "beside"}:
        return None
    if language == "zh" and (name in _NO_NAMES_ZH or "place_noun" in kinds):
        return Meaning(meaning.skill, {}, "name")
    if meaning.skill == "forget_place":
        for length in range(1, len(name)):
            end = name[-length:]
            if any(kind == "place_noun" for kind, _ in words.phrases.get(end.strip(), ())) and (
                language == "zh" or end.startswith(" ")
            ):
                name = name[:-length].strip()
                break
    return Meaning(meaning.skill, {**meaning.arguments, "name": name}) if name else None


# The file.


def _built(data: Mapping[str, Any], language: str) -> SkillWords:
    phrases: dict[str, dict[tuple[str, Any], None]] = {}

    def add(kind: str, value: Any, text: str) -> None:
        for phrase in spelled(text):
            phrases.setdefault(phrase, {})[(kind, value)] = None

    for kind, text in data["classes"].items():
        for value, part in text.items() if isinstance(text, dict) else ((None, text),):
            add(kind, value, part)
    for phrase in spelled(load_words(f"words_{language}")["held"]) if language == "zh" else ():
        add("it", None, phrase)
    irregular = load_words(f"words_{language}").get("irregular") or {}
    for kind, text in (data.get("verbs") or {}).items():
        for phrase in spelled(text):
            for form, forms in verb_forms(phrase, irregular) if language == "en" else (("base", (phrase,)),):
                add(kind, form, " ".join(forms))
    beside = frozenset(data["beside"])
    frames = [_frame(skill, one, beside) for skill, frames in data["skills"].items() for one in frames]
    return SkillWords(
        {phrase: tuple(kinds) for phrase, kinds in phrases.items()},
        tuple(frames),
        frozenset(data.get("verbs") or {}),
        beside,
        frozenset(spelled(data["never_a_name"])),
        _any_of(spelled(data["no_negation"]), language),
        max(phrase.count(" ") + 1 if language == "en" else len(phrase) for phrase in phrases),
    )


def _frame(skill: str, data: Mapping[str, Any], beside: frozenset[str]) -> Frame:
    unknown = data.keys() - {"needs", "may", "gives", "asks", "fills"}
    if unknown:
        raise ValueError(f"a frame of {skill} has {', '.join(unknown)}")
    needs = tuple(tuple(one.split("|")) for one in data["needs"].split())
    may = {one for need in needs for one in need} | set((data.get("may") or "").split()) | beside
    return Frame(
        skill, needs, frozenset(may), data.get("gives") or {}, data.get("asks") or "", data.get("fills") or {}
    )


def _any_of(phrases: Iterable[str], language: str) -> re.Pattern[str]:
    listed = "|".join(re.escape(one) for one in sorted(phrases, key=len, reverse=True))
    return re.compile(listed if language == "zh" else rf"\b(?:{listed})\b")


def spelled(text: str) -> list[str]:
    """Every phrase that a list with [optional] and (one|of|several) words stands for."""
    if _GROUP.search(text) is None:
        return [" ".join(words) for part in text.split(",") if (words := part.split())]
    return [" ".join(words) for part in text.split(",") for way in _ways(part) if (words := way.split())]


def _ways(text: str) -> list[str]:
    """Each way through the brackets of one phrase, once."""
    match = _GROUP.search(text)
    if match is None:
        return [text]
    end, parts = _group(text, match.end())
    ways = [way for part in parts for way in _ways(part)]
    if match.group() == "[":
        ways.insert(0, "")
    before, rests = text[: match.start()], _ways(text[end:])
    return [f"{before}{way}{rest}" for way in ways for rest in rests]


def _group(text: str, start: int) -> tuple[int, list[str]]:
    """Where the bracket that was opened before `start` ends, and what its bars part."""
    parts: list[str] = []
    depth, begin = 0, start
    for at in range(start, len(text)):
        character = text[at]
        if character in "([":
            depth += 1
        elif character in ")]" and depth:
            depth -= 1
        elif character in ")]":
            return at + 1, [*parts, text[begin:at]]
        elif character == "|" and not depth:
            parts.append(text[begin:at])
            begin = at + 1
    raise ValueError(f"a bracket of {text!r} is not closed")
