# SPDX-License-Identifier: Apache-2.0
"""Several steps that a model proposes in one reply: where the sentence comes apart, and whether each step was said.

A model may declare a sequence only of a sentence that has as many parts, and each of its steps is traced to the words of
its own part: nothing that was said of one thing can become an order about another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from voice_agent_ros.intent.grounding import suggested_skills, ungrounded
from voice_agent_ros.intent.mood import Mood, judge_mood
from voice_agent_ros.intent.names import resolve
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall, SkillError, parse_call
from voice_agent_ros.intent.steps import MAX_STEPS, joined, strong_parts, weak_pieces
from voice_agent_ros.intent.wordings import MAX_LENGTH

SEQUENCE = "sequence"
# Under these names a model gives the steps, so that each can have a schema of its own.
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_TAKING, _PUTTING = {"pick"}, {"place", "pick_and_place"}
_IT = re.compile(r"\b(?:it|that|this|that thing)\b|它")
# "手再抬高": who is to do it, and no step; "go and …" neither.
_NO_STEP = re.compile(r"(?:手|爪子?|夹爪|胳膊|手臂|机械臂|你|请)|(?:go|come|please|now|ok(?:ay)?|try)")


@dataclass(frozen=True)
class Part:
    """The words of one step.

    Attributes:
        skills: those that it can mean.
    """

    words: str
    skills: tuple[str, ...]


def meant_steps(text: str, scene: Scene, language: str) -> tuple[Part, ...]:
    """The steps of a sentence, in the order of doing; empty: it is one command, or some part of it can mean nothing."""
    whole = _whole(strong_parts(text, language))
    if len(whole) > len(ORDINALS):
        return ()
    parts = [piece for part in whole for piece in _split(part, scene, language)]
    steps = tuple(Part(part, tuple(suggested_skills(part, scene, language))) for part in parts)
    if not 2 <= len(steps) <= min(MAX_STEPS, len(ORDINALS)) or not all(step.skills for step in steps):
        return ()
    return steps


def mood_of(text: str, language: str) -> Mood:
    """The mood of a sentence of one or more steps; words that only say what comes first are no condition."""
    parts = _whole(strong_parts(text, language))
    if len(parts) < 2 or len(text) > MAX_LENGTH:
        return judge_mood(text, language)
    moods = [judge_mood(part, language) for part in (joined(parts, language), *parts)]
    return next((mood for mood in moods if not mood.is_command), moods[0])


def sequence_of(arguments: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The steps that a model declared, as names and arguments: `{"first": {"pick": {…}}, "second": …}`, or a list.

    Raises:
        SkillError: this is no list of steps.
    """
    listed = arguments.get("steps") if set(arguments) == {"steps"} else None
    steps: Iterable[Any]
    if isinstance(listed, list):
        steps = listed
    elif arguments and list(arguments) == list(ORDINALS[: len(arguments)]):
        steps = arguments.values()
    else:
        raise SkillError(f"{json.dumps(arguments)[:80]} are no steps.", "Name them first, second, ….")
    return [_step(step) for step in steps]


def ungrounded_steps(call: SkillCall, text: str, scene: Scene, language: str) -> list[str]:
    """Reasons why a call, a sequence or not, is not what the sentence says; empty if all of it is supported."""
    parts = meant_steps(text, scene, language)
    if call.skill != SEQUENCE:
        if len(parts) > 1 and not _is_brought(call, parts):
            return ["several steps were said"]
        whole = _whole(strong_parts(text, language))
        return ungrounded(
            call, "".join(whole) if language == "zh" and len(whole) == 1 else text, scene, language
        )
    steps = call.arguments.model_dump()["steps"]
    if len(steps) != len(parts):
        return [f"{len(parts) or 1} steps were said, not {len(steps)}"]
    reasons: list[str] = []
    thing = ""
    for index, (step, part) in enumerate(zip(steps, parts, strict=True)):
        one = parse_call(step["skill"], step["arguments"])
        if one.skill not in part.skills:
            reasons.append(f"{ORDINALS[index]}: nobody said {one.skill}")
        elif against := _against(one, part.words, thing, scene, language):
            reasons += [f"{ORDINALS[index]}: {reason}" for reason in against]
        thing = str(step["arguments"].get("object") or thing)
    return reasons


def _against(step: SkillCall, words: str, thing: str, scene: Scene, language: str) -> list[str]:
    """Reasons against a step; "it" is what the steps before had in hand."""
    against = ungrounded(step, words, scene, language)
    if not against or not thing or not _IT.search(words):
        return against
    name = thing if language == "zh" else f"the {thing}"
    return ungrounded(step, _IT.sub(name, words, count=1), scene, language)


def _is_brought(call: SkillCall, parts: tuple[Part, ...]) -> bool:
    """ "Take the cube, then put it in the bowl" is one thing."""
    if call.skill != "pick_and_place" or len(parts) != 2:
        return False
    return "pick" in parts[0].skills and bool(_PUTTING & set(parts[1].skills))


def _whole(parts: list[str]) -> list[str]:
    """The parts; what is no step by itself belongs to the next one."""
    kept: list[str] = []
    before = ""
    for part in parts:
        if _NO_STEP.fullmatch(part):
            before += part
            continue
        kept.append(before + part if before and not before.isascii() else part)
        before = ""
    return kept or parts


def _split(part: str, scene: Scene, language: str) -> list[str]:
    """The pieces at "and" and commas, if each asks for something else; otherwise the part as it is."""
    groups: list[tuple[str, set[str]]] = []
    for joint, piece in weak_pieces(part, language):
        is_only_a_name = bool(resolve(piece, scene, language))
        skills = set() if is_only_a_name else set(suggested_skills(piece, scene, language))
        if not groups or _goes_on(groups[-1][1], skills):
            words, known = groups.pop() if groups else ("", set())
            groups.append((f"{words}{joint if words else ''}{piece}", known | skills))
        else:
            groups.append((piece, skills))
    return (
        [words for words, _ in groups] if len(groups) > 1 and all(skills for _, skills in groups) else [part]
    )


def _goes_on(before: set[str], skills: set[str]) -> bool:
    """Whether a piece belongs to the one before."""
    return (
        not skills or not before or bool(before & skills) or (before == _TAKING and bool(skills & _PUTTING))
    )


def _step(step: Any) -> tuple[str, dict[str, Any]]:
    """`{"pick": {…}}` or `{"skill": "pick", "arguments": {…}}`.

    Raises:
        SkillError: neither.
    """
    if isinstance(step, Mapping):
        name = step.get("skill") or step.get("name")
        given = step.get("arguments", {})
        if len(step) == 1 and name is None:
            ((name, given),) = step.items()
        if isinstance(name, str) and isinstance(given, Mapping):
            return name, dict(given)
    raise SkillError("A step is no call.", 'Write {"pick": {"object": "red cube"}}.')
