# SPDX-License-Identifier: Apache-2.0
"""Frames of the English core grammar for the hand itself: its fingers, its moves, its poses, and motion allowed again."""

from __future__ import annotations

from typing import Any

from voice_agent_ros.intent.bag import Bag, Meaning
from voice_agent_ros.intent.chunks import Chunk, senses

_OPEN_ALONE = {
    "open",
    "open up",
    "unclench",
    "unclamp",
    "ungrip",
    "release",
    "loosen up",
    "let go",
    "let loose",
    "unfold",
}
_OF_FINGERS = {"open", "open up", "close", "close up", "shut", "unclench", "clench"}
_CLOSE_ALONE = {
    "close",
    "close up",
    "clench",
    "make a fist",
    "ball your fist",
    "clamp",
    "clamp down",
    "clamp shut",
    "squeeze",
    "squeeze together",
    "pinch",
    "tighten up",
    "tighten",
    "grip tighter",
    "grip harder",
    "squeeze harder",
    "squeeze tighter",
    "grip",
    "snap shut",
    "close in",
}
_RISE_ALONE = {"rise", "rise up", "ascend", "climb", "climb up", "descend", "retreat", "retract", "back up", "back off", "step back", "advance", "reach out", "lift up", "go lower", "reach forward", "stretch out", "pull back", "draw back", "back away", "pull away"}  # fmt: skip
_ASKS_WHERE = {
    "put",
    "place",
    "set",
    "move",
    "lay",
    "stack",
    "transfer",
    "stick",
    "bring",
    "deposit",
    "carry",
}
_MOVE_THEMSELVES = ("push", "pull", "swing", "bump", "tug", "draw")
_HAND = ("arm", "gripper", "in_hand")
_IT = ("it", "that", "held")
_LETS = ("make", "let", "have", "get", "see")
_DIRECTED = {"raise": "up", "lower": "down", "retreat": "back", "advance": "forward"}


def _gripper(skill: str, sense: str, state: str, alone: set[str], bag: Bag) -> Meaning | None:
    other = "closed_state" if state == "open_state" else "open_state"
    if (
        not bag.only(
            "verb",
            "gripper",
            "arm",
            "in_hand",
            state,
            "way",
            "direction",
            "want",
            "ought",
            "more",
            "bit",
            "it",
        )
        or bag.directions() - {"up"}
        or bag.has(other)
    ):
        return None
    if len(bag.verbs) > 1 or bag.has("bit"):
        return None
    verb = bag.verbs[0] if bag.verbs else None
    if bag.has("it") and not (
        verb and verb.value[1] in _OF_FINGERS and not bag.has("want", "ought", "direction")
    ):
        return None  # "close it": what else could
    if bag.has("gripper"):
        if len(bag.all("gripper")) > 1 or bag.has("arm", "in_hand"):
            return None
        if verb is None:
            is_after = bag.has(state) and bag.all(state)[0].start > bag.all("gripper")[0].start
            return Meaning(skill) if is_after else None
        if sense in senses(verb) and verb.value[1] not in ("get", "have"):
            return Meaning(skill)
        return Meaning(skill) if "make" in senses(verb) and bag.has(state) else None
    if bag.has("want", "ought", "arm", "in_hand") or verb is None or verb.value[0].form != "base":
        return None
    is_known = verb.value[1] in alone or (bag.has("it") and sense in senses(verb))
    return Meaning(skill) if is_known else None


def open_hand(bag: Bag) -> Meaning | None:
    """The fingers open, or what they hold is let go."""
    if found := _gripper("open_gripper", "open", "open_state", _OPEN_ALONE, bag):
        return found
    if not bag.only("verb", "it", "that", "held", "held_object", "object", "from"):
        return None
    if _lets_go(bag):
        return Meaning("open_gripper")
    if len(bag.verbs) != 1:
        return None
    verb = bag.verbs[0]
    if (
        "release" not in senses(verb)
        or not bag.has("it", "that", "held", "held_object", "object")
        or len(bag.chunks) > 3
    ):
        return None
    if bag.has("object") and (bag.has("it", "that") or verb.value[1] in ("drop", "loose", "let loose")):
        return None
    return (
        Meaning("open_gripper")
        if bag.has("held", "held_object", "it", "that") or len(bag.one("object") or ()) >= 1
        else None
    )


def _lets_go(bag: Bag) -> bool:
    """ "Let the red cube go", "set it free"."""
    said = [verb.value[1] for verb in bag.verbs]
    things = bag.all("it", "that", "held", "held_object", "object")
    return (
        len(things) == 1
        and len(bag.chunks) == 3
        and (said in (["let", "go"], ["let", "drop"], ["let", "loose"], ["set", "free"]))
        and bag.chunks[1] is things[0]
    )


def close_hand(bag: Bag) -> Meaning | None:
    """The fingers close."""
    return _gripper("close_gripper", "close", "closed_state", _CLOSE_ALONE, bag)


def move_by(bag: Bag) -> Meaning | None:
    """The hand goes some way in a direction."""
    kinds = (
        "verb",
        "direction",
        "distance",
        "bit",
        "more",
        "distance_of",
        "want",
        "ought",
        "give",
        *_HAND,
        *_IT,
    )
    if not bag.only(*kinds) or len(bag.all("distance")) > 1 or len(bag.all(*_HAND, *_IT)) > 1:
        return None
    verb = _moving_verb(bag)
    means = senses(verb) if verb else frozenset()
    if bag.verbs and verb is None:
        return None
    way = _way(bag, means)
    how_far = bag.has("distance", "bit")
    has_hand, has_it = bag.has(*_HAND), bag.has(*_IT)
    if bag.has("give") and (verb or not how_far):
        return None
    if way is None:
        # "Move ten centimetres": which way is to be asked.
        is_open = "go" in means and not bag.directions() and not bag.has("want", "ought")
        is_open = is_open and (how_far or not has_it)  # "move it" may be anything
        given = {"distance": bag.one("distance")} if bag.has("distance") else {}
        return Meaning("move_by", given, missing="direction") if is_open else None
    if verb is None:
        says = how_far or bag.has("more") or (has_hand and bag.has("direction")) or _is_bare_way(bag)
        if not says or (has_it and not bag.is_wish):
            return None
    elif not bag.has("direction"):  # raise, lower, retreat …
        if not (how_far or has_hand or verb.value[1] in _RISE_ALONE) or (has_it and not how_far):
            return None
    elif "go" not in means and not means & _DIRECTED.keys():
        moves_itself = verb.value[1] in _MOVE_THEMSELVES and not has_it
        if not ("carry" in means and (has_hand or (has_it and how_far) or moves_itself)):
            return None
    elif has_it and "go" not in means and not how_far:
        return None
    arguments: dict[str, Any] = {"direction": way}
    if bag.has("distance"):
        arguments["distance"] = bag.one("distance")
    return Meaning("move_by", arguments)


def _is_bare_way(bag: Bag) -> bool:
    """ "Up.", "to the left": a way and nothing else. "Right" alone agrees, and moves nothing."""
    if len(bag.chunks) != 1:
        return False
    (way,) = bag.chunks
    return way.kind == "direction" and (way.end - way.start > 1 or way.value not in ("right", "back"))


def _moving_verb(bag: Bag) -> Chunk | None:
    """The one verb that moves; "make the arm go up" has another before it."""
    verbs = bag.verbs
    if bag.has("want") and not bag.has(*_HAND, "it"):
        return None  # "I want to go up": who wants to
    if len(verbs) == 2 and verbs[0].value[1] in _LETS and bag.has(*_HAND, "it"):
        verbs = verbs[1:]
    return verbs[0] if len(verbs) == 1 else None


def _way(bag: Bag, means: frozenset[str]) -> str | None:
    """The one direction that is said, by a word for it or by the verb."""
    said = [chunk for chunk in bag.chunks if chunk.kind == "direction"]
    ways = bag.directions()
    if len(ways) > 1 and "back" in ways:
        # "back up a bit": on the way back
        kept = [
            one
            for at, one in enumerate(said)
            if not (one.value == "back" and at + 1 < len(said) and said[at + 1].start == one.end)
        ]
        ways = {one.value for one in kept}
    if len(ways) > 1:
        return None
    of_verb = {_DIRECTED[name] for name in means & _DIRECTED.keys()}
    if not ways:
        return of_verb.pop() if len(of_verb) == 1 else None
    way = ways.pop()
    return way if not of_verb or way in of_verb or "go" in means or "carry" in means else None


def move_to(bag: Bag) -> Meaning | None:
    """The arm goes to a pose."""
    if not bag.only(
        "verb",
        "arm",
        "gripper",
        "in_hand",
        "pose",
        "to_pose",
        "direction",
        "want",
        "ought",
        "more",
        "off",
        "there",
        "it",
    ):
        return None
    pose = bag.one("pose", "to_pose")
    if (
        pose is None
        or (bag.has("there") and bag.chunks[0].kind != "pose")
        or bag.directions() - {"back", "up", "down"}
        or len(bag.verbs) > 1
        or len(bag.all("pose", "to_pose")) > 1
    ):
        return None
    has_arm = bag.has("arm", "gripper", "in_hand")
    if bag.verbs:
        verb = bag.verbs[0]
        if bag.has("want") and not has_arm:
            return None  # "I want to go home"
        if "pose" not in senses(verb):
            return None
        if verb.value[1] in ("have", "let", "want") and not has_arm:
            return None
        if bag.has("it") and verb.value[1] not in ("bring", "take", "send", "move", "get", "return"):
            return None
        return Meaning("move_to", {"pose": pose})
    noun = bag.all("pose", "to_pose")[0]
    alone = noun.kind == "to_pose" or noun.end - noun.start > 1 or pose == "home"
    return (
        Meaning("move_to", {"pose": pose})
        if (has_arm or alone) and not (bag.has("want") and not has_arm)
        else None
    )


def resume(bag: Bag) -> Meaning | None:
    """Motion is allowed again."""
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
