# SPDX-License-Identifier: Apache-2.0
"""Parts of people: "my finger", "peter's hand", "他的手". What is to be done with them is nothing for an arm's own hand."""

from __future__ import annotations

import re

# What these do with "the hand" they do with the robot's. To hand over, to look and to wave are for people.
OF_THE_ARM = frozenset(
    (
        "open_gripper",
        "close_gripper",
        "rotate_gripper",
        "move_by",
        "move_joint",
        "pick",
        "pick_and_place",
        "place",
    )
)
_PARTS_EN = (
    r"(?:hands?|fingers?|fingertips?|thumbs?|arms?|wrists?|fists?|palms?|elbows?|shoulders?|hair|nose|ears?|face|head"
    r"|legs?|foot|feet|toes?|knees?|mouth|neck|eyes?|body)"
)
_OWN = r"(?:let|it|that|what|here|there|who|where|how|he|she|today|one|robot|arm|machine|gripper|claw|tool)"
_PERSONS = (
    # "my hand is out of the way" says that nobody is in danger.
    rf"\b(?:my|his|her|their|(?!{_OWN}'s)\w+'s) (?:own |left |right |other |little |index |middle |ring )*{_PARTS_EN}\b"
    r"(?! (?:is|are|was|were)\b|'s\b)"
)
_PERSONS_ZH = (
    r"(?:(?<!给)我们?|咱们?|俺|[他她]们?|人家?|别人|大家|小?孩子?|宝宝|妈妈|爸爸|同学|老师)的?(?:[左右小]|食|中|无名)?"
    r"(?:手指头?|手腕|手掌|手臂|手心|手背|手(?![里上中边动势机爪套表册法段续])|胳膊|指头?|拇指|脸|头(?![上顶])|鼻子|耳朵|脚|腿|肩膀?|眼睛|嘴|脖子|身体)"
)
_A_PERSONS = re.compile(rf"{_PERSONS}|{_PERSONS_ZH}")


def is_a_persons(words: str) -> bool:
    """Whether words that `bare` has prepared name a part of somebody's body."""
    return _A_PERSONS.search(words) is not None
