# SPDX-License-Identifier: Apache-2.0
"""The English core grammar: one clause, cut into chunks, is a command if every chunk has a place in one of its frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from voice_agent_ros.intent.chunks import Chunk, Chunker, senses
from voice_agent_ros.intent.noun_phrases import NounPhrases
from voice_agent_ros.intent.scene import Scene

_DROPPED = {"adverb", "topic"}
# Prepositions that name a goal even beside a verb that does not: "pick up the red cube in the bowl" says where it is.
_CLEAR_GOAL = ("into", "onto", "on to", "to", "in to", "on top of", "over to", "back into", "back onto", "atop", "down onto", "down into")
_PUT_ALONE = {
    "put", "put down", "place", "place down", "drop", "drop down", "set", "set down", "lay", "lay down", "deposit", "release", "stack", "throw", "toss", "pop",
    "stick", "dump", "insert", "let go", "put back", "plop", "plonk", "chuck", "store",
}  # fmt: skip
_OPEN_ALONE = {"open", "open up", "unclench", "unclamp", "ungrip", "release", "loosen up", "let go", "let loose", "unfold"}
_CLOSE_ALONE = {"close", "close up", "clench", "clamp", "clamp down", "clamp shut", "squeeze", "squeeze together", "pinch", "tighten up", "snap shut", "close in"}
_RISE_ALONE = {"rise", "rise up", "ascend", "climb", "climb up", "descend", "retreat", "retract", "back up", "back off", "step back", "advance", "reach out", "lift up", "go lower", "reach forward", "stretch out", "pull back", "draw back", "back away", "pull away"}  # fmt: skip
_AFTER_GOAL = {"put", "release", "place"}
_DIRECTED = {"raise": "up", "lower": "down", "retreat": "back", "advance": "forward"}


@dataclass(frozen=True)
class Meaning:
    """What a clause says.

    Attributes:
        skill: to be called.
        arguments: of the skill; a slot that names a thing holds the names of what its words can mean.
        missing: a slot that has to be asked for.
    """

    skill: str
    arguments: dict[str, Any] = field(default_factory=dict)
    missing: str = ""


class _Bag:
    """The chunks of one cut, by kind."""

    def __init__(self, cut: tuple[Chunk, ...]) -> None:
        self.chunks = tuple(chunk for chunk in cut if chunk.kind not in _DROPPED)
        self.kinds: dict[str, list[Chunk]] = {}
        for chunk in self.chunks:
            self.kinds.setdefault(chunk.kind, []).append(chunk)
        self.verbs = self.kinds.get("verb", [])
        self.is_wish = bool({"want", "ought", "belong"} & self.kinds.keys())

    def has(self, *kinds: str) -> bool:
        return any(kind in self.kinds for kind in kinds)

    def only(self, *kinds: str) -> bool:
        return self.kinds.keys() <= set(kinds)

    def all(self, *kinds: str) -> list[Chunk]:
        return [chunk for chunk in self.chunks if chunk.kind in kinds]

    def one(self, *kinds: str) -> Any:
        """The one value that all chunks of these kinds have, or None."""
        values = {chunk.value for chunk in self.all(*kinds)}
        return values.pop() if len(values) == 1 else None

    def directions(self) -> set[str]:
        return {chunk.value for chunk in self.kinds.get("direction", ())}


def read(words: list[str], scene: Scene, distances: dict[str, float], *, gerunds: bool = False) -> Meaning | None:
    """What a clause says, or None if any of its words has no place in it.

    Args:
        gerunds: a verb may end in "-ing": what was left out before it asks for that ("would you mind …").
    """
    asked: Meaning | None = None
    for cut in Chunker(words, _nouns(scene), distances).cuts():
        bag = _Bag(cut)
        if not _well_formed(bag, gerunds):
            continue
        for frame in _FRAMES:
            meaning = frame(bag)
            if meaning is not None and not meaning.missing:
                return meaning
            asked = asked or meaning
    return asked


@lru_cache(maxsize=32)
def _nouns(scene: Scene) -> NounPhrases:
    return NounPhrases(scene)


def _well_formed(bag: _Bag, gerunds: bool) -> bool:
    """Whether the verbs have forms that order: "moved up" reports, unless it is wished for."""
    for verb in bag.verbs:
        form = verb.value[0].form
        if form == "done" and not (bag.is_wish or any("make" in senses(one) for one in bag.verbs if one is not verb)):
            return False
        if form == "ing" and not gerunds:
            return False
    first, last = bag.chunks[0] if bag.chunks else None, bag.chunks[-1] if bag.chunks else None
    return first is not None and last is not None and last.kind != "and"


def _pick(bag: _Bag) -> Meaning | None:
    if not bag.only("verb", "object", "unknown", "it", "that", "direction", "from", "in_hand_of", "want", "ought", "and", "hold", "off"):
        return None
    thing = bag.one("object", "unknown")
    if bag.directions() - {"up"} or thing is None:
        return _pick_what(bag)
    if any(chunk.value == thing for chunk in bag.all("from")):
        return None
    held = bag.has("in_hand_of")
    if not bag.verbs and not bag.has("hold"):
        return _naming("pick", bag) if (held and bag.is_wish) or (bag.has("from") and not bag.has("it", "that", "and")) else None
    for verb in bag.verbs:
        means = senses(verb)
        if not ("take" in means or (held and means & {"put", "make"})):
            return None
        if verb.value[0].form == "base" and verb.value[1] == "have" and not (bag.has("from") or held or len(bag.verbs) > 1):
            return None
    if bag.has("hold") and not bag.verbs:
        return None
    if bag.has("and") and len(bag.verbs) + len(bag.all("hold")) < 2 and not bag.has("it", "that"):
        return None
    if bag.is_wish and all(verb.value[0].form == "base" for verb in bag.verbs) and not bag.has("ought"):
        return None
    return _naming("pick", bag)


def _pick_what(bag: _Bag) -> Meaning | None:
    """ "Take that one": which is to be asked."""
    if bag.has("object", "unknown", "from", "in_hand_of", "want", "ought", "and", "hold", "off", "it") or len(bag.verbs) != 1:
        return None
    verb = bag.verbs[0]
    if bag.has("that") and not bag.directions() - {"up"} and "take" in senses(verb) and verb.value[1] not in ("hold", "have"):
        return Meaning("pick", missing="object")
    return None


def _naming(skill: str, bag: _Bag, **more: Any) -> Meaning:
    thing = bag.one("object", "unknown")
    return Meaning(skill, {"object": thing if isinstance(thing, tuple) else (thing,), **more})


def _names(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)


def _pick_and_place(bag: _Bag) -> Meaning | None:
    if not bag.only(
        "verb", "object", "unknown", "it", "that", "direction", "from", "want", "ought", "belong", "and", "off", "goal", "goal_unknown", "goal_table", "there", "hold"
    ):
        return None
    if bag.directions() - {"up", "down", "back"}:
        return None
    things = list(dict.fromkeys(chunk.value for chunk in bag.all("object", "unknown")))
    goals = list(dict.fromkeys(chunk.value or "table" for chunk in bag.all("goal", "goal_unknown", "goal_table")))
    if not goals and len(things) == 2 and bag.has("there") and bag.verbs:
        # "the bowl, put the red cube in it"
        first = bag.all("object", "unknown")[0]
        if first.start > bag.verbs[0].start:
            return None
        goals, things = [things[0]], [things[1]]
    if len(things) != 1 or len(goals) != 1 or _names(things[0]) == _names(goals[0]):
        return None
    if not _verbs_bring(bag):
        return None
    if not bag.has("and", "it", "that") and len(bag.verbs) > 1 and not bag.is_wish and not _is_make(bag.verbs[0]):
        return None
    return Meaning("pick_and_place", {"object": _names(things[0]), "target": _names(goals[0])})


def _is_make(verb: Chunk) -> bool:
    return verb.value[1] in ("make", "let", "have", "get", "see")


def _verbs_bring(bag: _Bag) -> bool:
    """Whether the verbs, in their order, bring a thing somewhere."""
    goals = bag.all("goal", "goal_unknown", "goal_table", "there")
    named = bag.all("goal", "goal_unknown", "goal_table")
    first_goal = goals[0].start if goals else 0
    first_named = named[0] if named else None
    if not bag.verbs:
        if bag.is_wish:
            return True
        thing = bag.all("object", "unknown")
        is_after = first_named is not None and bool(thing) and thing[0].start > first_named.start
        return first_named is not None and (first_named.preposition in _CLEAR_GOAL or is_after) and not bag.has("it", "that", "hold")
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


def _place(bag: _Bag) -> Meaning | None:
    if not bag.only("verb", "it", "that", "held", "direction", "want", "ought", "belong", "and", "off", "goal", "goal_unknown", "goal_table", "there", "with"):
        return None
    goals = list(dict.fromkeys(chunk.value or "table" for chunk in bag.all("goal", "goal_unknown", "goal_table")))
    if len(goals) != 1 or bag.directions() - {"up", "down", "back"}:
        return None
    meaning = Meaning("place", {"target": _names(goals[0])})
    has_thing = bag.has("it", "that", "held")
    if not bag.verbs:
        return meaning if has_thing and (bag.is_wish or bag.chunks[0].kind.startswith("goal")) else None
    if any(not senses(verb) & {"put", "release"} for verb in bag.verbs):
        return None
    if not has_thing and any(verb.value[1] not in _PUT_ALONE for verb in bag.verbs):
        return None
    return meaning if has_thing or bag.verbs[0].value[0].form != "done" else None


def _gripper(skill: str, sense: str, state: str, alone: set[str], bag: _Bag) -> Meaning | None:
    other = "closed_state" if state == "open_state" else "open_state"
    if not bag.only("verb", "gripper", "arm", "in_hand", state, "way", "direction", "want", "ought", "more", "bit") or bag.directions() - {"up"} or bag.has(other):
        return None
    if len(bag.verbs) > 1 or bag.has("bit"):
        return None
    verb = bag.verbs[0] if bag.verbs else None
    if bag.has("gripper"):
        if len(bag.all("gripper")) > 1 or bag.has("arm", "in_hand"):
            return None
        if verb is None:
            return Meaning(skill) if bag.has(state) else None
        if sense in senses(verb) and verb.value[1] not in ("get", "have"):
            return Meaning(skill)
        return Meaning(skill) if "make" in senses(verb) and bag.has(state) else None
    if bag.has("want", "ought", "arm", "in_hand") or verb is None or verb.value[0].form != "base":
        return None
    return Meaning(skill) if verb.value[1] in alone else None


def _open(bag: _Bag) -> Meaning | None:
    if found := _gripper("open_gripper", "open", "open_state", _OPEN_ALONE, bag):
        return found
    if not bag.only("verb", "it", "that", "held", "object", "from", "adverb") or len(bag.verbs) != 1:
        return None
    verb = bag.verbs[0]
    if "release" not in senses(verb) or not bag.has("it", "that", "held", "object") or len(bag.chunks) > 3:
        return None
    if bag.has("object") and (bag.has("it", "that") or verb.value[1] in ("drop", "loose", "let loose")):
        return None
    return Meaning("open_gripper") if bag.has("held", "it", "that") or len(bag.one("object") or ()) >= 1 else None


def _close(bag: _Bag) -> Meaning | None:
    return _gripper("close_gripper", "close", "closed_state", _CLOSE_ALONE, bag)


def _move_by(bag: _Bag) -> Meaning | None:
    if not bag.only("verb", "arm", "gripper", "in_hand", "direction", "distance", "bit", "more", "distance_of", "it", "that", "held", "want", "ought"):
        return None
    if len(bag.all("distance")) > 1 or len(bag.all("arm", "gripper", "in_hand", "it", "held", "that")) > 1 or len(bag.verbs) > 1:
        return None
    verb = bag.verbs[0] if bag.verbs else None
    means = senses(verb) if verb else frozenset()
    way = _way(bag, means)
    how_far = bag.has("distance", "bit")
    has_arm = bag.has("arm", "gripper", "in_hand")
    has_it = bag.has("it", "held", "that")
    if way is None:
        # "Move ten centimetres": which way is to be asked.
        return Meaning("move_by", missing="direction") if bag.has("distance") and "go" in means and not bag.directions() and not has_it else None
    if verb is None and not (how_far or bag.has("more") or (has_arm and bag.has("direction"))):
        return None
    if verb is None and has_it and not bag.is_wish:
        return None
    directed = [name for name in _DIRECTED if name in means]
    if verb is not None and directed and not bag.has("direction") and "go" not in means or (verb is not None and directed and not bag.has("direction")):
        if not (how_far or has_arm or verb.value[1] in _RISE_ALONE) or (has_it and not how_far):
            return None
    elif verb is not None and "go" not in means and not directed and not ("carry" in means and (has_arm or (has_it and how_far))):
        return None
    elif verb is not None and has_it and "go" not in means and not how_far:
        return None
    arguments: dict[str, Any] = {"direction": way}
    if bag.has("distance"):
        arguments["distance"] = bag.one("distance")
    return Meaning("move_by", arguments)


def _way(bag: _Bag, means: frozenset[str]) -> str | None:
    """The one direction that is said, by a word for it or by the verb."""
    said = [chunk for chunk in bag.chunks if chunk.kind == "direction"]
    ways = bag.directions()
    if len(ways) > 1 and "back" in ways:
        # "back up a bit": on the way back
        kept = [one for at, one in enumerate(said) if not (one.value == "back" and at + 1 < len(said) and said[at + 1].start == one.end)]
        ways = {one.value for one in kept}
    if len(ways) > 1:
        return None
    of_verb = {_DIRECTED[name] for name in means & _DIRECTED.keys()}
    if not ways:
        return of_verb.pop() if len(of_verb) == 1 else None
    way = ways.pop()
    return way if not of_verb or way in of_verb or "go" in means or "carry" in means else None


def _move_to(bag: _Bag) -> Meaning | None:
    if not bag.only("verb", "arm", "gripper", "in_hand", "pose", "to_pose", "direction", "want", "ought", "more", "off"):
        return None
    pose = bag.one("pose", "to_pose")
    if pose is None or bag.directions() - {"back", "up", "down"} or len(bag.verbs) > 1 or len(bag.all("pose", "to_pose")) > 1:
        return None
    has_arm = bag.has("arm", "gripper", "in_hand")
    if bag.verbs:
        verb = bag.verbs[0]
        if "pose" not in senses(verb):
            return None
        if verb.value[1] in ("have", "let", "want") and not has_arm:
            return None
        return Meaning("move_to", {"pose": pose})
    noun = bag.all("pose", "to_pose")[0]
    alone = noun.kind == "to_pose" or noun.end - noun.start > 1 or pose == "home"
    return Meaning("move_to", {"pose": pose}) if (has_arm or alone) and not (bag.has("want") and not has_arm) else None


def _resume(bag: _Bag) -> Meaning | None:
    if not bag.only("resume", "resume_of", "resumed", "resume_stop", "latch", "more", "verb", "arm"):
        return None
    if len(bag.chunks) and bag.has("verb"):
        return None
    if bag.has("resume_stop"):
        return Meaning("resume") if bag.has("latch") and not bag.has("resume", "resume_of") else None
    if bag.has("latch") and not bag.has("resume_of"):
        return None
    if bag.has("resume"):
        return Meaning("resume") if len(bag.all("resume")) == 1 and not bag.has("resume_of", "arm") else None
    return Meaning("resume") if len(bag.all("resume_of")) == 1 and bag.has("resumed", "latch") else None


_FRAMES: tuple[Callable[[_Bag], Meaning | None], ...] = (_resume, _move_to, _open, _close, _move_by, _place, _pick_and_place, _pick)
