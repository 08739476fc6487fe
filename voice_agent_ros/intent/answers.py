# SPDX-License-Identifier: Apache-2.0
"""The usual questions about robot and scene, answered from facts without a model.

Each kind of question is a pattern and a function of what is known. A question that fits none is for the model.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from voice_agent_ros.intent.answer_sentences import SENTENCES, reason_in_words
from voice_agent_ros.intent.facts import Knowledge, container_of, said_name
from voice_agent_ros.intent.names import references, resolve, without_determiner
from voice_agent_ros.intent.questions import questions
from voice_agent_ros.intent.scene import Scene, SceneObject
from voice_agent_ros.intent.vocabulary import NOUNS_ZH, SYNONYMS_EN, noun_of, spoken_name
from voice_agent_ros.motion.sentences import intention

_BETWEEN = {"en": " ", "zh": ""}  # sentences
STRAIGHT_M = 0.03  # so far to a side counts as straight ahead
About = Mapping[str, str]
_PLURAL = re.compile(r"(?<=[a-rt-z])s$")


def answer(text: str, language: str, knowledge: Knowledge) -> str | None:
    """The answer to a question about robot or scene; None if this is no such question."""
    language = "zh" if language.startswith("zh") else "en"
    for question in questions(text, language):
        found = _ANSWERS[question.topic](question.about, knowledge, language)
        if found is not None:
            return found[:1].upper() + found[1:]
    return None


def _say(key: str, language: str, **words: object) -> str:
    return SENTENCES[language][key].format(**words)


def _names(names: Sequence[str], language: str) -> str:
    said = [said_name(name, language) for name in names]
    if language == "zh":
        return "、".join(said)
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


# Scene.


def _where(about: About, known: Knowledge, language: str) -> str | None:
    phrase = about["thing"]
    names = resolve(phrase, known.scene, language) or resolve(_PLURAL.sub("", phrase), known.scene, language)
    if not names:
        place = known.scene.place(without_determiner(phrase, language))
        if place is not None:
            return _say(
                "where",
                language,
                thing=said_name(place.name, language),
                place=_spot(place, known.scene, language),
            )
        return _unseen(phrase, known, language)
    things = [thing for name in names if (thing := known.scene.find(name))]
    return _BETWEEN[language].join(
        _say("where", language, thing=said_name(one.name, language), place=_place(one, known, language))
        for one in things
    )


def _place(thing: SceneObject, known: Knowledge, language: str) -> str:
    if known.robot.held and known.robot.held == thing.name:
        return _say("in_hand", language)
    container = container_of(thing, known.scene)
    if container is not None:
        return _say("inside", language, container=said_name(container.name, language))
    return _spot(thing, known.scene, language)


def _spot(thing: SceneObject, scene: Scene, language: str) -> str:
    """How far from the base, and to which side as the user sees it."""
    x, y, _ = thing.position
    aside = y * math.cos(scene.user_frame_yaw) - x * math.sin(scene.user_frame_yaw)
    side = "ahead" if abs(aside) < STRAIGHT_M else "left" if aside > 0.0 else "right"
    return _say("spot", language, far=round(100 * math.hypot(x, y)), side=SENTENCES[language][side])


def _unseen(phrase: str, known: Knowledge, language: str) -> str | None:
    """Only for what may be the name of a thing: "where is Paris" is for the model."""
    name = without_determiner(phrase, language)
    nouns = (
        {noun_of(n) for n in known.scene.names}
        | set(SYNONYMS_EN)
        | {w for v in SYNONYMS_EN.values() for w in v}
    )
    is_thing = noun_of(name) in {*nouns, "one", "thing", "object"}
    if language == "zh":
        is_thing = any(name.endswith(word) for words in NOUNS_ZH.values() for word in words)
    if not is_thing:
        return None
    if not known.scene.names:
        return _say("unseen_nothing", language, thing=name)
    return _say("unseen", language, thing=name, seen=_names(known.scene.names, language))


def _is_there(about: About, known: Knowledge, language: str) -> str | None:
    names = resolve(about["thing"], known.scene, language)
    if names:
        return _say("see_yes", language, seen=_names(names, language))
    return _unseen(about["thing"], known, language)


def _is_in(about: About, known: Knowledge, language: str) -> str | None:
    things = resolve(about["thing"], known.scene, language)
    where = resolve(about["where"], known.scene, language)
    if len(things) != 1 or len(where) != 1 or things == where:
        return None
    thing = known.scene.find(things[0])
    assert thing is not None
    container = container_of(thing, known.scene)
    sentence = _say(
        "where", language, thing=said_name(thing.name, language), place=_place(thing, known, language)
    )
    yes = container is not None and container.name == where[0]
    return _say("yes" if yes else "no", language, sentence=sentence)


def _what_is_in(about: About, known: Knowledge, language: str) -> str | None:
    names = resolve(about["where"], known.scene, language)
    if len(names) != 1:
        return None
    inside = [
        t.name for t in known.scene.objects if (c := container_of(t, known.scene)) and c.name == names[0]
    ]
    place = _say("inside", language, container=said_name(names[0], language))
    if not inside:
        return _say("inside_nothing", language, place=place)
    return _say("inside_what", language, seen=_names(inside, language), place=place)


def _how_many(about: About, known: Knowledge, language: str) -> str | None:
    phrase = about["thing"]
    if language == "zh":
        names = references(known.scene, "zh").get(phrase, ())
        if phrase in ("东西", "物体", "物品"):
            names = known.scene.names
        return (
            _say("count", language, count=len(names), thing=phrase) if names or _is_noun_zh(phrase) else None
        )
    singular = _PLURAL.sub("", phrase)
    names = known.scene.names if singular in ("thing", "object", "item") else ()
    names = names or references(known.scene, "en").get(singular, ())
    if not names and _unseen(singular, known, "en") is None:
        return None
    return _say("count", "en", count=len(names) or "no", thing=singular + ("" if len(names) == 1 else "s"))


def _is_noun_zh(phrase: str) -> bool:
    return any(phrase.endswith(word) for words in NOUNS_ZH.values() for word in words)


# Robot.


def _holding(about: About, known: Knowledge, language: str) -> str | None:  # noqa: ARG001
    held = known.robot.held
    if held is None:
        return _say("hand_unknown", language)
    return (
        _say("holding", language, thing=said_name(held, language))
        if held
        else _say("holding_nothing", language)
    )


def _gripper(about: About, known: Knowledge, language: str) -> str | None:  # noqa: ARG001
    grip = known.robot.grip
    return (
        _say("gripper", language, grip=SENTENCES[language][f"grip_{grip}"])
        if grip
        else _say("hand_unknown", language)
    )


def _arm(about: About, known: Knowledge, language: str) -> str | None:  # noqa: ARG001
    robot = known.robot
    if robot.is_moving:
        return _say("moving", language)
    if robot.pose:
        return _say("arm_pose", language, pose=robot.pose.replace("_", " "))
    if not robot.joints:
        return _say("arm_unknown", language)
    degrees = [f"{math.degrees(joint):.0f}" for joint in robot.joints]
    return _say("arm_at", language, joints=("、" if language == "zh" else ", ").join(degrees))


def _why(about: About, known: Knowledge, language: str) -> str | None:  # noqa: ARG001
    """Why nothing moves, or why it ended as it did."""
    robot, deed = known.robot, known.deed
    if robot.is_latched:
        return _say("latched", language, reason=reason_in_words(robot.latch_reason, language))
    if deed is None:
        return _say("nothing_done", language)
    if deed.outcome in ("refused", "failed") and deed.language == language and deed.message:
        return _say("because", language, message=deed.message)
    return _say(f"ended_{deed.outcome}", language, wish=intention(deed.calls, language, known.scene))


def _last(about: About, known: Knowledge, language: str) -> str | None:  # noqa: ARG001
    deed = known.deed
    if deed is None:
        return _say("nothing_done", language)
    return _say(f"ended_{deed.outcome}", language, wish=intention(deed.calls, language, known.scene))


def _may_move(about: About, known: Knowledge, language: str) -> str | None:  # noqa: ARG001
    robot = known.robot
    if robot.is_latched is None:
        return _say("bridge_silent", language)
    if robot.is_latched:
        return _say("latched", language, reason=reason_in_words(robot.latch_reason, language))
    return _say("moving" if robot.is_moving else "free", language)


def _health(about: About, known: Knowledge, language: str) -> str | None:
    if known.robot.problems:
        return _say("problems", language, problems="; ".join(known.robot.problems[:2]))
    return (
        _may_move(about, known, language) if known.robot.is_latched is not False else _say("well", language)
    )


def _abilities(about: About, known: Knowledge, language: str) -> str | None:  # noqa: ARG001
    return _say("abilities", language)


def _poses(about: About, known: Knowledge, language: str) -> str | None:  # noqa: ARG001
    known_poses = [pose.replace("_", " ") for pose in known.scene.poses]
    places = [spoken_name(place.name, language) for place in known.scene.places]
    if not known_poses and not places:
        return _say("no_poses", language)
    between = "、" if language == "zh" else ", "
    return _say("poses", language, poses=between.join([*known_poses, *places]))


_ANSWERS: dict[str, Callable[[About, Knowledge, str], str | None]] = {
    "arm": _arm,
    "holding": _holding,
    "gripper": _gripper,
    "is_in": _is_in,
    "what_is_in": _what_is_in,
    "how_many": _how_many,
    "is_there": _is_there,
    "where": _where,
    "why": _why,
    "last": _last,
    "may_move": _may_move,
    "health": _health,
    "abilities": _abilities,
    "poses": _poses,
}
