# SPDX-License-Identifier: Apache-2.0
"""The English core grammar: one clause, cut into chunks, is a command if every chunk has a place in one of its frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from voice_agent_ros.intent.bag import Bag, Meaning, names_of
from voice_agent_ros.intent.chunks import Chunk, Chunker, senses
from voice_agent_ros.intent.hand_frames import close_hand, move_by, move_to, open_hand, resume
from voice_agent_ros.intent.noun_phrases import NounPhrases
from voice_agent_ros.intent.relations import RELATIONS
from voice_agent_ros.intent.scene import Scene

_DROPPED = {"adverb", "topic"}
# Prepositions that name a goal even beside a verb that does not: "pick up the red cube in the bowl" says where it is.
_CLEAR_GOAL = (
    "into",
    "onto",
    "on to",
    "to",
    "in to",
    "on top of",
    "over to",
    "back into",
    "back onto",
    "atop",
    "down onto",
    "down into",
)
_INTO = ("into", "onto", "on to", "in to", "down into", "down onto", "over to", "on top of")
_PUT_ALONE = {
    "put", "put down", "place", "place down", "drop", "drop down", "set", "set down", "lay", "lay down", "deposit", "release", "stack", "throw", "toss", "pop",
    "stick", "dump", "insert", "let go", "put back", "plop", "plonk", "chuck", "store",
}  # fmt: skip

_ASKS_WHERE = {
    *("put", "place", "set", "move", "lay", "stack", "transfer", "stick", "bring", "deposit", "carry")
}


def read(
    words: list[str], scene: Scene, distances: dict[str, float], *, gerunds: bool = False
) -> Meaning | None:
    """What a clause says, or None if any of its words has no place in it.

    Args:
        gerunds: a verb may end in "-ing": what was left out before it asks for that ("would you mind …").
    """
    asked: Meaning | None = None
    for cut in Chunker(words, nouns(scene), distances).cuts():
        bag = Bag(cut, _DROPPED)
        if not _well_formed(bag, gerunds):
            continue
        for frame in _FRAMES:
            meaning = frame(bag)
            if meaning is not None and not meaning.missing:
                return meaning
            asked = asked or meaning
    return asked


def covers(words: list[str], scene: Scene, distances: dict[str, float]) -> bool:
    """Whether every word has some place in commands."""
    return not words or next(Chunker(words, nouns(scene), distances).cuts(), None) is not None


@lru_cache(maxsize=32)
def nouns(scene: Scene) -> NounPhrases:
    """What can be named in a scene."""
    return NounPhrases(scene)


def _well_formed(bag: Bag, gerunds: bool) -> bool:
    """Whether the verbs have forms that order: "moved up" reports, unless it is wished for."""
    for verb in bag.verbs:
        form = verb.value[0].form
        if form == "done" and not (
            bag.is_wish or any("make" in senses(one) for one in bag.verbs if one is not verb)
        ):
            return False
        if form == "ing" and not gerunds and not bag.has("ought"):
            return False
    return bool(bag.chunks) and bag.chunks[-1].kind != "and"


def _pick(bag: Bag) -> Meaning | None:
    kinds = (
        "verb",
        "object",
        "unknown",
        "it",
        "that",
        "direction",
        "from",
        "in_hand_of",
        "want",
        "ought",
        "and",
        "hold",
        "off",
        "goal",
    )
    if not bag.only(*kinds):
        return None
    thing = bag.thing()
    ends = {chunk.end for chunk in bag.all("off")}
    if any(chunk.start in ends for chunk in bag.all("object", "unknown")):
        return None  # "off the table" is where it is taken from
    if bag.has("goal") and not _is_beside(bag, thing):
        return _go_and_pick(bag)
    if bag.directions() - {"up"} or thing is None:
        return _pick_what(bag)
    if any(chunk.value == thing for chunk in bag.all("from")):
        return None
    held = bag.has("in_hand_of")
    if not bag.verbs:
        is_said = (held and bag.is_wish) or (bag.has("from") and not bag.has("it", "that", "and"))
        return _naming("pick", bag) if is_said and not bag.has("hold") else None
    if not all(_takes(verb, bag, held) for verb in bag.verbs):
        return None
    hands_on = len(bag.verbs) + len(bag.all("hold"))
    if hands_on > 1 and not bag.has("and", "it", "that") and not _is_make(bag.verbs[0]):
        return None
    if bag.has("and") and hands_on < 2 and not bag.has("it", "that"):
        return None
    if bag.is_wish and all(verb.value[0].form == "base" for verb in bag.verbs) and not bag.has("ought"):
        return None
    return _naming("pick", bag)


def _is_beside(bag: Bag, thing: Any) -> bool:
    """ "That blue cube next to the bowl": where it is, of a thing that is known without that."""
    things = bag.all("object")
    return (
        isinstance(thing, tuple)
        and len(thing) == len(things) == 1
        and all(goal.preposition in RELATIONS and goal.start == things[0].end for goal in bag.all("goal"))
    )


def _takes(verb: Chunk, bag: Bag, held: bool) -> bool:
    """Whether a verb can mean to get hold of something here."""
    means, said = senses(verb), verb.value[1]
    if said == "have" and verb.value[0].form == "base":
        return bag.has("from") or held or len(bag.verbs) > 1
    return "take" in means or (held and bool(means & {"put", "make"}))


def _go_and_pick(bag: Bag) -> Meaning | None:
    """ "Go over to the bowl and pick it up"."""
    if (
        not bag.only("verb", "goal", "it", "and", "direction")
        or len(bag.verbs) != 2
        or bag.directions() - {"up"}
    ):
        return None
    going, taking = bag.verbs
    goal = bag.all("goal")[0]
    is_in_order = going.start < goal.start < taking.start and bag.has("it") and len(bag.all("goal")) == 1
    if (
        not is_in_order
        or "go" not in senses(going)
        or "take" not in senses(taking)
        or "to" not in goal.preposition
    ):
        return None
    return Meaning("pick", {"object": goal.value})


def _pick_what(bag: Bag) -> Meaning | None:
    """ "Take that one", "pick it up" where nobody knows what: which is to be asked."""
    if (
        bag.has("object", "unknown", "in_hand_of", "want", "ought", "and", "hold", "off", "goal")
        or any(chunk.value is not None for chunk in bag.all("from"))
        or len(bag.verbs) != 1
    ):
        return None
    verb = bag.verbs[0]
    if (
        bag.has("that", "it")
        and not bag.directions() - {"up"}
        and "take" in senses(verb)
        and verb.value[1] not in ("hold", "have", "get", "catch", "secure")
        and not (bag.has("it") and verb.value[1] == "take")  # "take it easy"
    ):
        return Meaning("pick", missing="object")
    return None


def _naming(skill: str, bag: Bag, **more: Any) -> Meaning:
    thing = bag.thing()
    return Meaning(skill, {"object": thing if isinstance(thing, tuple) else (thing,), **more})


def _pick_and_place(bag: Bag) -> Meaning | None:
    if not bag.only(
        "verb",
        "object",
        "unknown",
        "it",
        "that",
        "direction",
        "from",
        "want",
        "ought",
        "belong",
        "and",
        "off",
        "goal",
        "goal_unknown",
        "goal_table",
        "there",
        "hold",
        "tower",
    ):
        return None
    if bag.directions() - {"up", "down", "back"}:
        return None
    if bag.has("it", "that") and _is_preposition(bag):
        return None
    things = bag.values("object", "unknown")
    if len(things) > 1 and not bag.has("there") and (thing := bag.thing()):
        things = [thing]
    goals = list(
        dict.fromkeys(chunk.value or "table" for chunk in bag.all("goal", "goal_unknown", "goal_table"))
    )
    if not goals and len(things) == 2 and bag.has("there") and bag.verbs:
        # "the bowl, put the red cube in it"; of "blue cube bowl put it in" nobody knows which goes where
        first, second = bag.all("object", "unknown")[:2]
        if not first.start < bag.verbs[0].start < second.start:
            return None
        goals, things = [things[0]], [things[1]]
    if len(things) != 1 or len(goals) != 1:
        return None
    if not _verbs_bring(bag) or _is_one_thing(bag):
        return None
    if names_of(things[0]) == names_of(goals[0]) and bag.has("it", "that"):
        return Meaning("place", {"target": names_of(goals[0])})  # "the bowl, put it in the bowl"
    if (
        not bag.has("and", "it", "that")
        and len(bag.verbs) > 1
        and not bag.is_wish
        and not _is_make(bag.verbs[0])
    ):
        return None
    return Meaning("pick_and_place", {"object": names_of(things[0]), "target": names_of(goals[0])})


def _is_preposition(bag: Bag) -> bool:
    """Whether a little word that stands for a place, or for nothing, stands before a name that follows the verb.

    "Put it on the red cube in the bowl" names two places and no other thing.
    """
    named = [chunk.start for chunk in bag.all("object", "unknown") if chunk.start > bag.chunks[0].start]
    ends = {chunk.end for chunk in bag.chunks if chunk.kind != "there"}
    return any(start not in ends for start in named)


def _is_one_thing(bag: Bag) -> bool:
    """ "To the red" and "cube" are one thing that was cut in two."""
    for goal in bag.all("goal"):
        for thing in bag.all("object"):
            if (
                thing.start == goal.end
                and len(thing.value) > 1
                and set(names_of(goal.value)) < set(thing.value)
            ):
                return True
    return False


def _is_make(verb: Chunk) -> bool:
    return verb.value[1] in ("make", "let", "have", "get", "see")


def _contains(bag: Bag) -> Meaning | None:
    """ "The bowl should have the red cube in it"."""
    if not bag.only("object", "unknown", "has", "there", "want") or len(bag.all("has")) != 1:
        return None
    things = bag.all("object", "unknown")
    has = bag.all("has")[0]
    if len(things) != 2 or not things[0].start < has.start < things[1].start:
        return None
    target, thing = names_of(things[0].value), names_of(things[1].value)
    if target == thing:
        return None
    return Meaning("pick_and_place", {"object": thing, "target": target})


def _verbs_bring(bag: Bag) -> bool:
    """Whether the verbs, in their order, bring a thing somewhere."""
    goals = bag.all("goal", "goal_unknown", "goal_table", "there")
    named = bag.all("goal", "goal_unknown", "goal_table")
    first_goal = goals[0].start if goals else 0
    first_named = named[0] if named else None
    if not bag.verbs:
        if bag.is_wish or bag.has("tower"):
            return True
        thing = bag.all("object", "unknown")
        is_after = first_named is not None and bool(thing) and thing[0].start > first_named.start
        return (
            first_named is not None
            and (first_named.preposition in _CLEAR_GOAL or is_after)
            and not bag.has("it", "that", "hold")
        )
    before = [verb for verb in bag.verbs if verb.start < first_goal]
    after = [verb for verb in bag.verbs if verb.start > first_goal]
    if any(not senses(verb) & {"take", "put", "release", "make"} for verb in bag.verbs):
        return False
    if before and after and any(not senses(verb) & {"put", "release"} for verb in after):
        return False
    if bag.is_wish and not bag.has("and"):
        return True
    if not any(senses(verb) & {"put", "release", "make"} for verb in bag.verbs):
        return len(bag.verbs) == 1 and first_named is not None and first_named.preposition in _CLEAR_GOAL
    last = bag.verbs[-1]
    return bool(senses(last) & {"put", "release"})


def _place(bag: Bag) -> Meaning | None:
    if not bag.only(
        "verb",
        "it",
        "that",
        "held",
        "held_object",
        "direction",
        "want",
        "ought",
        "belong",
        "and",
        "off",
        "goal",
        "goal_unknown",
        "goal_table",
        "there",
        "with",
    ):
        return None
    goals = list(
        dict.fromkeys(chunk.value or "table" for chunk in bag.all("goal", "goal_unknown", "goal_table"))
    )
    if len(goals) != 1 or bag.directions() - {"up", "down", "back"}:
        return None
    meaning = Meaning("place", {"target": names_of(goals[0])})
    if bag.has("held_object"):
        thing = bag.one("held_object")
        if thing is None or thing == goals[0]:
            return None
        meaning = Meaning("place", {"object": thing, "target": names_of(goals[0])})
    has_thing = bag.has("it", "that", "held", "held_object")
    if not bag.verbs:
        first = bag.chunks[0]
        if has_thing:
            return meaning if bag.is_wish or first.kind.startswith("goal") else None
        return (
            meaning if len(bag.chunks) == 1 and first.preposition in _INTO and first.kind == "goal" else None
        )
    if any(not senses(verb) & {"put", "release"} for verb in bag.verbs):
        return None
    if not has_thing and any(verb.value[1] not in _PUT_ALONE for verb in bag.verbs):
        return None
    return meaning if has_thing or bag.verbs[0].value[0].form != "done" else None


def _put_where(bag: Bag) -> Meaning | None:
    """ "Put the green cube", "move it over there": where to is to be asked."""
    if (
        not bag.only(
            "verb", "object", "unknown", "it", "that", "held", "there", "somewhere", "and", "direction"
        )
        or bag.directions() - {"down", "back"}
        or len(bag.verbs) != 1
        or bag.has("and")
    ):
        return None
    verb, things = bag.verbs[0], bag.all("object", "unknown", "it", "that", "held")
    if (
        len(things) != 1
        or not (verb.value[1] in _ASKS_WHERE or (bag.has("somewhere") and "put" in senses(verb)))
        or verb.value[0].form != "base"
    ):
        return None
    if things[0].kind in ("it", "that", "held"):
        return Meaning("place", missing="target") if bag.has("there", "somewhere") else None
    return Meaning("pick_and_place", {"object": names_of(things[0].value)}, missing="target")


_FRAMES: tuple[Callable[[Bag], Meaning | None], ...] = (
    resume,
    move_to,
    open_hand,
    close_hand,
    move_by,
    _place,
    _pick_and_place,
    _contains,
    _pick,
    _put_where,
)
