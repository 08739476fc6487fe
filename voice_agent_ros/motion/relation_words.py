# SPDX-License-Identifier: Apache-2.0
"""How a relation is said: "to the left of the bowl, as you see it", "在您看过去碗的左边"."""

from __future__ import annotations

from voice_agent_ros.intent.vocabulary import spoken_name
from voice_agent_ros.motion.beside import BETWEEN, NEXT_TO, SIDES, Beside

INTO = {"en": {"in": "into", "on": "onto"}, "zh": {"in": "里", "on": "上"}}
IN = {"en": {"in": "in", "on": "on"}, "zh": {"in": "里", "on": "上"}}
_BESIDE = {
    "en": {
        NEXT_TO: "next to",
        "left of": "to the left of",
        "right of": "to the right of",
        "in front of": "in front of",
        "behind": "behind",
        BETWEEN: "between",
    },
    "zh": {
        NEXT_TO: "旁边",
        "left of": "左边",
        "right of": "右边",
        "in front of": "前面",
        "behind": "后面",
        BETWEEN: "之间",
    },
}


def placed(place: Beside, language: str, *, as_seen: bool = False) -> tuple[str, str]:
    """The relation, and the things with articles, as a sentence has them around each other.

    Args:
        as_seen: say that it is meant as the user sees it: whoever faces the arm has its left to the right.
    """
    names = [spoken_name(name, language) for name in place.names]
    tells = as_seen and place.relation in SIDES
    relation = _BESIDE[language][place.relation]
    if language == "zh":
        things = "和".join(names)
        return (
            relation,
            f"{'您看过去' if tells else ''}{things}{'' if place.relation in (NEXT_TO, BETWEEN) else '的'}",
        )
    things = " and ".join(f"the {name}" for name in names)
    return relation, f"{things}{', as you see it' if tells else ''}"
