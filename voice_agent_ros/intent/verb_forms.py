# SPDX-License-Identifier: Apache-2.0
"""Steps named by what will have been done: "opening the gripper", "you have gone home" → "open the gripper", "go home"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from voice_agent_ros.intent.lexicon import load_words, verb_forms

_WHO = re.compile(
    r"^(?:you(?:'ve| have|'re| are|'d| had)?|that(?:'s| is| has)?|the arm(?: is| has)?)? ?(?:just |already |finally |safely |finished |done )*"
)
_AT_HOME = re.compile(
    r"^(?:you(?:'re| are| have|'ve)?)? ?(?:safely |back )*(?:get|are|arrive|arrived|reach|reached|come|been|got|be)? ?(?:back )?(?:at |to )?(?:the |your )?(?P<place>home|ready)(?: (?:position|pose))?$"
)
_MORE = {"went": "go", "took": "take", "brought": "bring", "got": "get", "let": "let", "let go": "let go"}


def as_order(text: str) -> str:
    """A step as somebody would order it; the text itself if it is no form of a known verb."""
    if match := _AT_HOME.match(text):
        return f"go to the {match['place']} position"
    rest = text[_WHO.match(text).end() :] if _WHO.match(text) else text  # type: ignore[union-attr]
    first, _, more = rest.partition(" ")
    base = _bases().get(first)
    return f"{base} {more}".strip() if base else text


def first_verb(words: list[str], start: int) -> int:
    """Where an order begins at or after a word; the number of words if nowhere."""
    bases = _infinitives()
    return next(
        (
            at
            for at in range(start, len(words))
            if words[at] in bases and words[at - 1 : at] not in (["to"], ["the"], ["a"])
        ),
        len(words),
    )


@lru_cache(maxsize=1)
def _bases() -> Mapping[str, str]:
    """Every form of every verb → its infinitive."""
    data = load_words("words_en")
    irregular = data.get("irregular") or {}
    found = dict(_MORE)
    for first in _infinitives():
        for _, words in verb_forms(first, irregular):
            found.setdefault(words[0], first)
    return found


@lru_cache(maxsize=1)
def _infinitives() -> frozenset[str]:
    texts = (load_words("words_en").get("verbs") or {}).values()
    return frozenset(phrase.split()[0] for text in texts for phrase in text.split(",") if phrase.split())
