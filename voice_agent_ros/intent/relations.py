# SPDX-License-Identifier: Apache-2.0
"""Where something is to go in relation to something else: "beside the bowl", "碗的左边" → "next to the bowl", "left of the bowl"."""

from __future__ import annotations

_ENGLISH = {
    "next to": "next to|beside|by the side of|alongside|right next to|near|near to|close to|adjacent to|right beside|at the side of|just next to|over next to|over beside|down next to|nearby|over by|by|to the side of|right by|side by side with|directly next to",
    "left of": "left of|to the left of|on the left of|on the left side of|to the left side of|at the left of|on the left hand side of|to the left hand side of|just left of|just to the left of|left from|over to the left of|directly left of",
    "right of": "right of|to the right of|on the right of|on the right side of|to the right side of|at the right of|on the right hand side of|to the right hand side of|just right of|just to the right of|right from|over to the right of|directly right of",
    "in front of": "in front of|right in front of|before|to the front of|at the front of|directly in front of|just in front of|out in front of",
    "behind": "behind|in back of|at the back of|to the back of|right behind|to the rear of|at the rear of|directly behind|just behind|in the back of",
    "between": "between|in between|right between|midway between|halfway between|in the middle between|exactly between|in the middle of",
}
_CHINESE = {
    "next to": "旁边|边上|旁|附近|身边|跟前|边儿上|一旁|近旁|侧面|旁侧|隔壁",
    "left of": "左边|左面|左侧|左手边|左方|左边儿|左",
    "right of": "右边|右面|右侧|右手边|右方|右边儿|右",
    "in front of": "前面|前边|前方|前头|正前方",
    "behind": "后面|后边|后方|后头|正后方|背后|后侧",
}
_PHRASES = {
    tuple(phrase.split()): relation for relation, phrases in _ENGLISH.items() for phrase in phrases.split("|")
}
RELATIONS = tuple(_ENGLISH)
_LONGEST = max(len(phrase) for phrase in _PHRASES)
SUFFIXES_ZH = {phrase: relation for relation, phrases in _CHINESE.items() for phrase in phrases.split("|")}
BETWEEN_ZH = ("之间", "中间", "当中", "的中间", "的之间", "正中间", "的正中间")


def relation_at(words: list[str], start: int) -> tuple[str, int] | None:
    """The relation that a preposition at `start` names, and where it ends."""
    for length in range(min(_LONGEST, len(words) - start), 0, -1):
        relation = _PHRASES.get(tuple(words[start : start + length]))
        if relation is not None:
            return relation, start + length
    return None
