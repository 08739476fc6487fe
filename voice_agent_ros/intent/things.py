# SPDX-License-Identifier: Apache-2.0
"""Whether words that name nothing seen name a thing at all: "the purple elephant" does, "a break" does not."""

from __future__ import annotations

import re

from voice_agent_ros.intent.chunks_zh import words as words_zh
from voice_agent_ros.intent.lexicon import lexicon
from voice_agent_ros.intent.vocabulary import COLOURS_ZH

_COLOURED_ZH = re.compile(rf"[{''.join(COLOURS_ZH.values())}]色?的?[那这]?[个块只]?")


def is_thing(name: str, language: str) -> bool:
    """Whether a name ends in a word for something that can be taken, or put something into."""
    if language == "zh" and not name.isascii():
        known = words_zh()["things"]
        at = next((start for start in range(len(name)) if name[start:] in known), None)
        return _COLOURED_ZH.fullmatch(name) is not None or (at is not None and at <= 6)
    *modifiers, noun = name.split() or [""]
    classes = lexicon("en").classes
    singular = noun[:-1] if noun.endswith("s") else noun
    if (
        any((word,) in classes["things"] for word in (noun, singular))
        or tuple(name.split()) in classes["things"]
    ):
        return True
    return (noun,) in classes["generic"] and bool(modifiers)
