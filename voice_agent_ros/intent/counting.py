# SPDX-License-Identifier: Apache-2.0
"""Several things at once: "both cubes", "all three", "the red and the blue one", "everything"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from voice_agent_ros.intent.names import references
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.vocabulary import COLOURS_ZH, NOUNS_ZH, SYNONYMS_EN, colour_of, noun_of

_NUMBERS_EN = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6}
_NUMBERS_ZH = {"两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6}
_NUMBER_EN = "|".join(_NUMBERS_EN)
_COUNT_EN = re.compile(
    rf"\b(?:(?P<both>both(?: of)?)(?: the| those| these)?|(?P<all>all|each|every(?: single)?)(?: of)?(?: the| those"
    rf"| these| your| my)?(?: (?P<allnumber>{_NUMBER_EN}))?(?: of)?(?: the| those)?"
    rf"|(?:the |those |these )?(?P<number>{_NUMBER_EN})(?: of)?(?: the)?)"
    rf"(?: (?P<colour>{'|'.join(COLOURS_ZH)}))?(?: (?P<noun>[a-z]+?))?(?=s?\b)s?\b(?: one)?"
)
_EVERYTHING_EN = re.compile(r"\b(?:everything|all the (?:things|objects|stuff|items)|all of (?:it|them))\b")
_COUNT_ZH = re.compile(
    r"(?P<all>所有|全部|每一?[个块]|各个)?的?(?:这|那)?(?:(?P<number>[两二三四五六2-6])[个块只])?(?P<colour>[红绿蓝黄橙紫粉黑白灰棕]色?的?)?"
    rf"(?P<noun>{'|'.join(sorted({word for words in NOUNS_ZH.values() for word in words}, key=len, reverse=True))}|东西)(?P<each>都|全部?)?"
)
_TOGETHER_ZH = re.compile(r"(?<![首])[都全](?=[放丢扔搁移搬装摆])")


@dataclass(frozen=True)
class Several:
    """Things that are meant together.

    Attributes:
        start, end: where they stand in the text.
        names: what of the scene is meant.
        wanted: how many were said; 0: all there are.
    """

    start: int
    end: int
    names: tuple[str, ...]
    wanted: int = 0

    @property
    def fits(self) -> bool:
        """Whether there are as many as were said."""
        return not self.wanted or len(self.names) == self.wanted


def several(text: str, scene: Scene, language: str) -> Several | None:
    """The first mention of several things in a folded text."""
    if language == "zh":
        return _several_zh(text, scene)
    if found := _listed(text, scene, language):
        return found
    if match := _EVERYTHING_EN.search(text):
        return Several(match.start(), match.end(), scene.names)
    for match in _COUNT_EN.finditer(text):
        number = 2 if match["both"] else _NUMBERS_EN.get(match["number"] or match["allnumber"] or "", 0)
        names = _of_kind(match["noun"] or "", match["colour"] or "", scene)
        if names and (match["noun"] or match["both"] or match["all"]):
            return Several(match.start(), match.end(), names, number)
    return None


def _of_kind(noun: str, colour: str, scene: Scene) -> tuple[str, ...]:
    generic = noun in ("", "one", "thing", "object", "item", "of")
    return tuple(
        name
        for name in scene.names
        if (not colour or colour in name.lower().split())
        and (generic or noun in SYNONYMS_EN.get(noun_of(name), (noun_of(name),)))
    )


def _listed(text: str, scene: Scene, language: str) -> Several | None:
    """ "the red cube and the blue one", "the red and blue cubes"."""
    if " and" not in text and " plus" not in text:
        return None  # most texts: no pattern has to be built for them
    known = {phrase: names for phrase, names in references(scene, language).items() if len(names) == 1}
    colours = {colour_of(name): name for name in scene.names if colour_of(name)}
    phrases = sorted({*known, *colours}, key=len, reverse=True)
    if not phrases:
        return None
    thing = rf"(?:the )?(?:{'|'.join(re.escape(phrase) for phrase in phrases)})"
    nouns = "(?: (?:cubes|blocks|ones|things|objects|balls|cups|boxes))?"
    listed = rf"(?<!between )(?<!middle of )\b(?:both (?:of )?)?{thing}(?:, {thing})*,? (?:and|plus)(?: also)? {thing}\b{nouns}(?: both)?"
    match = re.search(listed, text)
    if match is None:
        return None
    words = re.findall(rf"\b(?:{'|'.join(re.escape(phrase) for phrase in phrases)})\b", match.group())
    names = tuple(dict.fromkeys(known[word][0] if word in known else colours[word] for word in words))
    return Several(match.start(), match.end(), names) if len(names) > 1 else None


def _several_zh(text: str, scene: Scene) -> Several | None:
    if found := _listed_zh(text, scene):
        return found
    together = _TOGETHER_ZH.search(text) is not None
    for match in _COUNT_ZH.finditer(text):
        if not (match["all"] or match["number"] or match["each"] or together):
            continue
        colour = (match["colour"] or "")[:1]
        names = tuple(
            name
            for name in scene.names
            if (match["noun"] == "东西" or match["noun"] in NOUNS_ZH.get(noun_of(name), ()))
            and (not colour or COLOURS_ZH.get(colour_of(name)) == colour)
        )
        if len(names) > 1 or match["all"] or match["number"]:
            return Several(match.start(), match.end(), names, _NUMBERS_ZH.get(match["number"] or "", 0))
    return None


def _listed_zh(text: str, scene: Scene) -> Several | None:
    if not any(word in text for word in "和跟与都全"):
        return None
    known = {phrase: names for phrase, names in references(scene, "zh").items() if len(names) == 1}
    phrases = "|".join(re.escape(phrase) for phrase in sorted(known, key=len, reverse=True) if phrase)
    if not phrases:
        return None
    match = re.search(
        rf"(?:{phrases})(?:、(?:{phrases}))*[和跟与](?:{phrases})(?!的?(?:正?中间|之间|当中))[都全]?"
        rf"|(?:{phrases})(?:[、，,]?(?:{phrases}))+[都全](?=[放丢扔搁移搬装摆])",
        text,
    )
    if match is None:
        return None
    names = tuple(dict.fromkeys(known[word][0] for word in re.findall(phrases, match.group())))
    return Several(match.start(), match.end(), names) if len(names) > 1 else None
