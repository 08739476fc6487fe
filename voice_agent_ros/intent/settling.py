# SPDX-License-Identifier: Apache-2.0
"""What a model writes loosely and the sentence says exactly: names as seen, distances as said."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from voice_agent_ros.intent.cues import said_angle, said_joint
from voice_agent_ros.intent.names import pose_references, resolve
from voice_agent_ros.intent.quantities import find_distances
from voice_agent_ros.intent.scene import Scene
from voice_agent_ros.intent.skills import SkillCall, SkillError, parse_call
from voice_agent_ros.intent.stepwise import SEQUENCE, meant_steps, sequence_of
from voice_agent_ros.intent.wordings import bare

_IT = ("it", "that", "this", "它")  # written where a name should be
WITH_OTHERS = re.compile(
    r"\b(?:with|among|amongst|to|join|joins|beside) (?:all )?the (?:others?|rest)\b|和其[他它]的?.{0,4}(?:一起|一块)"
)


def settled(calls: Sequence[SkillCall], text: str, scene: Scene, language: str) -> tuple[SkillCall, ...]:
    """The calls with every name that refers to one thing seen replaced by its own, and the only quantity said.

    Picking something and placing it is one call of its own, and what is said twice counts once. Nothing that the
    sentence leaves open is filled in.
    """
    exact: list[SkillCall] = []
    for call in calls:
        if (one := _settled(call, text, scene, language)) not in exact:
            exact.append(one)
    return tuple(SkillCall(call.arguments, str(index)) for index, call in enumerate(_joined(exact)))


def settled_proposals(
    proposed: Sequence[tuple[str, str]], text: str, scene: Scene, language: str
) -> tuple[SkillCall, ...]:
    """The same of calls as a model wrote them, name and arguments as JSON.

    A quantity that was said takes the place of the model's before it is checked: degrees are no radians.

    Raises:
        SkillError: one of them is no valid call.
    """
    calls = []
    for name, arguments in proposed:
        try:
            given = json.loads(arguments or "{}")
        except (ValueError, RecursionError) as error:
            raise SkillError(
                f"The arguments of {name} are not JSON: {error}.", "Send a JSON object."
            ) from error
        if name == SEQUENCE and isinstance(given, dict):
            calls += _settled_steps(sequence_of(given), text, scene, language)
            continue
        calls.append(
            parse_call(
                name,
                exact_arguments(name, given, text, scene, language) if isinstance(given, dict) else arguments,
            )
        )
    return settled(calls, text, scene, language)


def _settled_steps(
    steps: Sequence[tuple[str, dict[str, Any]]], text: str, scene: Scene, language: str
) -> list[SkillCall]:
    """A sequence as one call, each step made exact by the words of its own part; of a single step that alone.

    Raises:
        SkillError: one of them is no valid call.
    """
    parts = meant_steps(text, scene, language)
    calls: list[SkillCall] = []
    thing = ""
    for index, (name, given) in enumerate(steps):
        words = parts[index].words if len(parts) == len(steps) else text
        is_it = thing and bare(str(given.get("object", ""))) in _IT
        meant = {**given, "object": thing} if is_it else given
        calls.append(parse_call(name, exact_arguments(name, meant, words, scene, language)))
        thing = str(calls[-1].arguments.model_dump().get("object") or thing)
    whole = _joined(calls)
    if len(whole) == 1:
        return list(whole)
    return [parse_call(SEQUENCE, {"steps": [call.as_dict() for call in whole]})]


def _settled(call: SkillCall, text: str, scene: Scene, language: str) -> SkillCall:
    arguments = exact_arguments(
        call.skill, call.arguments.model_dump(exclude_none=True), text, scene, language
    )
    try:
        return parse_call(call.skill, arguments)
    except SkillError:
        return call


def exact_arguments(
    skill: str, given: dict[str, Any], text: str, scene: Scene, language: str
) -> dict[str, Any]:
    """Arguments with what the sentence says exactly in the place of what was written loosely; still unchecked."""
    arguments = dict(given)
    for slot in ("object", "target"):
        if isinstance(arguments.get(slot), str):
            for tongue in ("en", language):
                names = resolve(arguments[slot], scene, tongue)
                if len(names) == 1:
                    arguments[slot] = names[0]
    if isinstance(arguments.get("target"), str) and scene.find(arguments["target"]) is None:
        arguments["target"] = _with_the_others(arguments, bare(text), scene)
    if "distance" in arguments:
        said = find_distances(bare(text))
        if len(said) == 1:
            arguments["distance"] = said[0].metres
    words = bare(text) if language != "zh" else bare(text).replace(" ", "")
    if "angle" in arguments and (angle := said_angle(words, skill, language)) is not None:
        arguments["angle"] = angle
    if "joint" in arguments and (joint := said_joint(words)) is not None:
        arguments["joint"] = joint
    if isinstance(arguments.get("pose"), str):
        arguments["pose"] = _pose(arguments["pose"], scene, language)
    return arguments


def _with_the_others(arguments: dict[str, Any], words: str, scene: Scene) -> str:
    """Where the others are, if that is where it should go and there is one such place; else what the model wrote.

    A small model puts a name of its examples there, or "the others".
    """
    target: str = arguments["target"]
    if WITH_OTHERS.search(words) is None:
        return target
    others = [thing for thing in scene.objects if thing.name != arguments.get("object")]
    holders = {place.name for thing in others for place in others if thing.is_inside(place)}
    return holders.pop() if len(holders) == 1 and bare(target) not in words else target


def _pose(written: str, scene: Scene, language: str) -> str:
    """The one pose that the words for it name: "ready position" is ready."""
    words = f" {bare(written.replace('_', ' '))} "
    meant = {
        pose
        for tongue in ("en", language)
        for phrase, pose in pose_references(scene.poses, tongue).items()
        if (phrase in words if tongue == "zh" else f" {phrase} " in words)
    }
    return meant.pop() if len(meant) == 1 else written


def _joined(calls: Sequence[SkillCall]) -> Sequence[SkillCall]:
    if [call.skill for call in calls] != ["pick", "place"]:
        return calls
    first, second = (call.arguments.model_dump(exclude_none=True) for call in calls)
    if second.get("object", first["object"]) != first["object"]:
        return calls
    return (parse_call("pick_and_place", {"object": first["object"], "target": second["target"]}),)
