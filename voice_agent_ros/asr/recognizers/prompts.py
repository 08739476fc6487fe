# SPDX-License-Identifier: Apache-2.0
"""What recognizers are told about what people say to a robot arm: its skills, and what is on the table now."""

from __future__ import annotations

import re
from collections.abc import Sequence

from voice_agent_ros.intent.vocabulary import chinese_names, spoken_name
from voice_agent_ros.intent.wordings import bare

# Style and vocabulary of what is said to a robot arm. No "yes" and no "stop": what is in a prompt may be
# recognized in noise.
_STYLE_EN = "Pick up the {things}. Put it in the bowl. Open the gripper. Move the arm up ten centimetres."
_STYLE_ZH = "拿起{things}。把它放到碗里。打开夹爪。机械臂向上移动十厘米。"
_USUAL_EN = ("cube", "block")
_USUAL_ZH = ("方块", "积木")
_MOST_HINTS = 40


def prompt_for(language: str, hints: Sequence[str]) -> str:
    """Sentences like those to come.

    Args:
        language: "en", "zh", or another, for which only the hints are given.
        hints: words that are likely; scene names are English and are said in Chinese in a Chinese sentence.
    """
    some = tuple(hints)[:_MOST_HINTS]
    if language == "en":
        return _STYLE_EN.format(things=", ".join(some or _USUAL_EN))
    if language == "zh":
        return _STYLE_ZH.format(things="、".join(hotwords("zh", some) or _USUAL_ZH))
    return ", ".join(some)


def repeats_prompt(text: str, language: str) -> bool:
    """Whether a text is a sentence of the prompt itself, whichever things the prompt names."""
    style = _STYLE_ZH if language == "zh" else _STYLE_EN
    fixed = {bare(sentence) for sentence in re.split(r"[.。]", style) if sentence.strip()}
    return any(bare(sentence) in fixed for sentence in re.split(r"[.。!?！？]", text) if sentence.strip())


def hotwords(language: str, hints: Sequence[str]) -> tuple[str, ...]:
    """The hints as they are said in a language."""
    some = tuple(hints)[:_MOST_HINTS]
    if language != "zh":
        return some
    return tuple(dict.fromkeys(spoken_name(hint, "zh") if chinese_names(hint) else hint for hint in some))
