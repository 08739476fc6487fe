# SPDX-License-Identifier: Apache-2.0
"""Commands with a gap: what is to be asked, and what an answer that is no sentence makes of it.

An answer counts only if the sentence it belongs into is understood with it: config/sentences/skills_<language>.yaml has
such sentences for every slot ("turn {} by ten degrees"). What is more than an answer fits into none of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from voice_agent_ros.intent.lexicon import load_words
from voice_agent_ros.intent.mood import judge_mood
from voice_agent_ros.intent.names import resolve
from voice_agent_ros.intent.quantities import find_distances
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SKILLS, SkillError, parse_call
from voice_agent_ros.intent.utterance import GrammarResult
from voice_agent_ros.intent.wordings import bare, folded

Parse = Callable[[str], GrammarResult]

NOT_SAID = "not said"
_MAX_ANSWER = 60  # characters
_END = re.compile(r"[\s.,!?;。，！？；…]+$")

# "it's the red one", "yes, the blue one", "是红色的"
_ABOUT_THINGS = re.compile(
    r"^(?:(?:yes|yeah|well|oh|ok|okay|u+m+|u+h+|er+m?|hm+|(?:it's|it is)(?= the\b)|i said|i'd say|obviously)\b[, ]*)+|^(?:嗯|哦|啊|应该|就)*是?[，, ]*"
)


def gap(skill: str, slot: str, arguments: Mapping[str, Any], choices: Sequence[str] = ()) -> GrammarResult:
    """A command that lacks a slot, of which so much is known; choices: names to choose among."""
    known = tuple((key, value) for key, value in arguments.items() if not isinstance(value, tuple))
    return GrammarResult(
        ambiguous=tuple(choices),
        problem="" if choices else f"{slot}: {NOT_SAID}",
        skill=skill,
        arguments=known,
        slot=slot,
    )


def is_gap(result: GrammarResult) -> bool:
    """Whether one answer, or a few, make a whole command of this."""
    if result.calls or not result.slot or any(key == "steps" for key, _ in result.arguments):
        return False
    return bool(result.ambiguous) or result.problem.endswith(NOT_SAID)


def could_answer(skill: str) -> tuple[str, ...]:
    """Skills that the words of an answer may be by themselves: "into the bowl" would put down what is held."""
    return (skill, "place") if skill == "pick_and_place" else (skill,)


def completed(
    asked: GrammarResult, text: str, language: str, scene: Scene, parse: Parse
) -> GrammarResult | None:
    """The command with this answer in its gap, or with the next gap; None if this is no answer."""
    text = _ABOUT_THINGS.sub("", folded(text)) if asked.slot in ("object", "target") else folded(text)
    answer = _END.sub("", text)
    if not is_gap(asked) or not answer or len(answer) > _MAX_ANSWER:
        return None
    if asked.slot != "name" and not judge_mood(text, language).is_command:
        return None  # "the red one?", "红的是我的"; a place may be called anything
    given = _chosen(asked, answer, language, scene) if asked.ambiguous else {}
    given = given or _said(asked, answer, language, parse)
    if not given:
        return None
    arguments = {**dict(asked.arguments), **given}
    for slot in _wanted(asked.skill):
        if slot not in arguments:
            return replace(gap(asked.skill, slot, arguments), elapsed_s=0.0)
    for slot, value in SKILLS[asked.skill].defaults.items():
        arguments.setdefault(slot, value)
    if arguments.get("object") is not None and arguments.get("object") == arguments.get("target"):
        return None
    try:
        return GrammarResult((parse_call(asked.skill, arguments, "0"),))
    except SkillError as error:
        return GrammarResult(problem=error.message, skill=asked.skill)


def completed_by_all(texts: Sequence[str], language: str, scene: Scene, parse: Parse) -> GrammarResult | None:
    """What several utterances come to, of which the first has a gap and each of the others answers."""
    first, *answers = texts
    result: GrammarResult | None = parse(first)
    for answer in answers:
        if result is None or not is_gap(result):
            return None
        result = completed(result, answer, language, scene, parse)
    return result


def _wanted(skill: str) -> list[str]:
    """The slots a call of it must have, those first that are asked for first."""
    fields = SKILLS[skill].arguments.model_fields
    return [
        name for name, field in fields.items() if field.is_required() and name not in SKILLS[skill].defaults
    ]


def _chosen(asked: GrammarResult, answer: str, language: str, scene: Scene) -> dict[str, Any]:
    names = resolve(answer, scene, language)
    return {asked.slot: names[0]} if len(names) == 1 and names[0] in asked.ambiguous else {}


def _said(asked: GrammarResult, answer: str, language: str, parse: Parse) -> dict[str, Any]:
    """Slots of the command that an answer names."""
    for sentence in _sentences(language).get(asked.slot, ()):
        result = parse(sentence.replace("{}", bare(answer)))
        if len(result.calls) != 1:
            continue
        said = result.calls[0].arguments.model_dump(exclude_none=True)
        if asked.slot not in said:
            continue
        found = {asked.slot: said[asked.slot]}
        if asked.slot == "direction" and find_distances(bare(answer)):
            found["distance"] = said["distance"]
        if "{}" in sentence and asked.slot == "joint" and sentence.endswith("{}"):
            found["angle"] = said["angle"]
        return found
    return {}


@lru_cache(maxsize=2)
def _sentences(language: str) -> Mapping[str, tuple[str, ...]]:
    data = load_words(f"skills_{language}")["answers"]
    return {slot: tuple(one.strip() for one in text.split("/")) for slot, text in data.items()}
