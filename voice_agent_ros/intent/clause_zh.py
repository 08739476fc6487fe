# SPDX-License-Identifier: Apache-2.0
"""The Chinese core grammar: one clause, cut into chunks, is a command if every chunk has a place in one of its frames."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from voice_agent_ros.intent.bag import Bag, Meaning, names_of
from voice_agent_ros.intent.chunks import Chunk
from voice_agent_ros.intent.chunks_zh import ChineseChunker, words
from voice_agent_ros.intent.scene import Scene

_NUMERALS = re.compile(r"(?<![a-z])[零二两三四五六七八九十百半\d.]+")  # "distance0" is one
_DROPPED = {"adverb"}
_MOVES_SOMEHOW = (
    "移动",
    "移动一下",
    "移一下",
    "挪一下",
    "动一下",
    "走一下",
    "动一动",
    "挪一挪",
    "移一移",
    "走一走",
    "挪动",
    "移位",
)
_MARKS = 0xE100  # private characters stand for quantities
_BEING = ("在", "进", "到", "待在", "呆在", "留在", "躺在", "坐在", "进到", "落在", "出现在", "到达", "进入")
_SPOKEN_TO = {"机械臂", "机器臂", "手臂", "机器人", "机械手", "机器手臂", "机械手臂"}
# Compounds of 放 with a goal that also get hold of things: "拿到碗里".
_HAND = ("手里", "手上", "手中", "爪子里", "夹爪里")


def read(text: str, scene: Scene, distances: Mapping[str, float]) -> Meaning | None:
    """What a clause says, or None if any of its characters has no place in it."""
    asked: Meaning | None = None
    seen: set[tuple[tuple[str, Any], ...]] = set()
    for cut in ChineseChunker(text, scene, distances).cuts():
        bag = Bag(_spoken_to(cut), _DROPPED)
        form = tuple((chunk.kind, chunk.value) for chunk in bag.chunks)
        if form in seen:
            continue
        seen.add(form)
        for frame in _FRAMES:
            if frame is _pick and _is_for_me(text):
                continue
            meaning = frame(bag)
            if meaning is not None and not meaning.missing:
                return meaning
            asked = asked or meaning
    return asked


def units(text: str, values: Mapping[str, float]) -> tuple[list[str], dict[str, float]]:
    """The characters of a clause, each quantity as one ("joint0"), and what these stand for."""
    marks: dict[str, float] = {}
    for index, (token, _) in enumerate(values.items()):
        text = text.replace(token, chr(_MARKS + index))
    tokens = list(values)
    found = [tokens[ord(one) - _MARKS] if _MARKS <= ord(one) < _MARKS + len(tokens) else one for one in text]
    marks = {token: value for token, value in values.items() if token in found}
    return found, marks


def _is_for_me(text: str) -> bool:
    """ "拿过来给我": what is taken is wanted in somebody's hand."""
    return (
        re.search(
            r"给(?:我们?|咱们?|俺)(?:[吧啊呀哦呗嘛]|一下|好[吗么]|好不好|行[吗么]|行不行|可以[吗么]|谢谢你?)*$",
            text,
        )
        is not None
    )


def covers(text: str, scene: Scene, distances: Mapping[str, float]) -> bool:
    """Whether every character has some place in commands."""
    text = _NUMERALS.sub("", text)
    return not text or next(ChineseChunker(text, scene, distances).cuts(), None) is not None


def _spoken_to(cut: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """Without the arm that is only spoken to: "机械臂，拾起蓝方块"."""
    acts = any(chunk.kind in ("take", "put", "put_goal", "open", "close", "let_go") for chunk in cut)
    return cut[1:] if acts and len(cut) > 1 and cut[0].kind == "arm" and cut[0].value in _SPOKEN_TO else cut


def _pick(bag: Bag) -> Meaning | None:
    if not bag.only(
        "take", "object", "unknown", "it", "ba", "and", "from", "take_hand", "ought", "want", "put"
    ):
        return None
    things = bag.values("object", "unknown")
    if len(things) != 1 or len(bag.all("object", "unknown")) > 2:
        return None
    takes = bag.all("take")
    if (
        not takes
        or (bag.has("put"))
        or (bag.has("it") and len(takes) + len(bag.all("object", "unknown")) < 2)
    ):
        return None
    if bag.has("and") and len(takes) < 2 and not bag.has("it"):
        return None
    return Meaning("pick", {"object": names_of(things[0])})


def _pick_and_place(bag: Bag) -> Meaning | None:
    if not bag.only(
        "take",
        "object",
        "unknown",
        "it",
        "ba",
        "and",
        "from",
        "take_hand",
        "ought",
        "want",
        "put",
        "put_goal",
        "goal",
        "put_to",
    ):
        return None
    things, goals = bag.values("object", "unknown"), bag.values("put_goal", "goal")
    if not goals and len(things) == 2 and bag.has("put") and bag.chunks[0].kind in ("object", "unknown"):
        # "碗，把红方块放进去"
        into = bag.all("put")[0].value.endswith(("进去", "上去", "进", "上"))
        return (
            Meaning("pick_and_place", {"object": names_of(things[1]), "target": names_of(things[0])})
            if into
            else None
        )
    if len(things) != 1 or len(goals) != 1:
        return None
    goal, thing = bag.all("put_goal", "goal")[0], bag.all("object", "unknown")[0]
    if any(take.start > goal.start for take in bag.all("take")):
        return None
    if not bag.has("put_goal"):
        # "往碗里放红方块", "我要蓝方块在绿方块上面"
        if not (
            bag.has("put") or (bag.has("want") and thing.start < goal.start and goal.preposition in _BEING)
        ):
            return None
        if bag.has("take") and not bag.has("and", "it"):
            return None
        if goal.preposition == "" and not (
            bag.has("put") and goal.start == bag.chunks[0].start and thing.start > goal.start
        ):
            return None
    return Meaning("pick_and_place", {"object": names_of(things[0]), "target": names_of(goals[0])})


def _place(bag: Bag) -> Meaning | None:
    if not bag.only("it", "held", "held_object", "ba", "and", "ought", "want", "put", "put_goal", "goal"):
        return None
    goals, held = bag.values("put_goal", "goal"), bag.values("held_object")
    if len(goals) != 1 or len(held) > 1:
        return None
    is_wished = (
        bag.has("want", "ought")
        and bag.has("it", "held")
        and bag.all("goal")[:1]
        and bag.all("goal")[0].preposition in _BEING
    )
    if not bag.has("put_goal") and not is_wished and not (bag.has("put") and bag.all("goal")[0].preposition):
        return None
    if held and names_of(held[0]) == names_of(goals[0]):
        return None
    arguments: dict[str, Any] = {"target": names_of(goals[0])}
    if held:
        arguments["object"] = names_of(held[0])
    return Meaning("place", arguments)


def _gripper(bag: Bag, skill: str, sense: str) -> Meaning | None:
    alone = f"{sense}_alone"
    if bag.only(alone) and len(bag.chunks) == 1:
        return Meaning(skill)
    if not bag.only(alone, sense, "gripper", "ba", "ought", "want", "bit"):
        return None
    if bag.has("bit"):  # the fingers open and close all the way; tighter is as tight as they can
        is_tighter = all(str(verb.value).endswith("紧") for verb in bag.all(alone, sense))
        if not is_tighter:
            return None
        if bag.only(alone, "bit") and len(bag.all(alone)) == 1:
            return Meaning(skill)
    if bag.has(alone):
        return None
    if any(want.value in ("我想", "想", "我想要", "想要", "我要", "要") for want in bag.all("want")):
        return None  # "我想张开夹爪": who wants to
    grippers, verbs = bag.all("gripper"), bag.all(sense)
    if len(grippers) != 1 or not 1 <= len(verbs) <= 2:
        return None
    is_after = verbs[-1].start > grippers[0].start
    if bag.has("ba") and not is_after:
        return None
    return Meaning(skill)


def _open(bag: Bag) -> Meaning | None:
    if (
        bag.only("let_go", "ba", "it", "held", "held_object", "object", "ought")
        and len(bag.all("let_go")) == 1
    ):
        plain = bag.has("it", "held", "held_object") or bag.all("let_go")[0].value in (
            "松开",
            "放开",
            "释放",
            "松手放开",
        )
        return Meaning("open_gripper") if plain and bag.has("it", "held", "held_object", "object") else None
    return _gripper(bag, "open_gripper", "open")


def _close(bag: Bag) -> Meaning | None:
    return _gripper(bag, "close_gripper", "close")


def _move_by(bag: Bag) -> Meaning | None:
    kinds = ("arm", "ba", "direction", "bare_direction", "directed", "move", "distance", "bit", "about")
    if not bag.only(*kinds, "ought", "want", "it"):
        return None
    if bag.has("bare_direction") and not bag.has("bit", "distance"):
        return None  # "上一点" is a way, "上" alone is anything
    ways = {chunk.value for chunk in bag.all("direction", "bare_direction")} | {
        chunk.value[0] for chunk in bag.all("directed")
    }
    distances = bag.values("distance")
    how_far = bool(distances) or bag.has("bit")
    if (
        len(distances) > 1
        or len(bag.all("distance")) > 1
        or len(bag.all("arm", "it")) > 2
        or len(bag.all("move")) > 2
    ):
        return None
    if not ways and bag.has("move") and not bag.has("it", "want", "ought"):
        given = {"distance": distances[0]} if distances else {}
        return Meaning("move_by", given, missing="direction") if _asks_way(bag, how_far) else None
    if len(ways) != 1 or (bag.has("it") and not how_far):
        return None
    directed = [chunk.value[1] for chunk in bag.all("directed")]
    last = bag.chunks[-1]
    if bag.has("it") and not bag.has("ba") and bag.all("it")[-1].start > bag.chunks[0].start:
        return None  # "上一点的那个" is a thing
    if len(bag.chunks) == 2 and last.kind == "directed" and last.value[1] in ("高", "低", "矮") and distances:
        return None  # "十厘米高" says how high something is
    vague = directed and all(word in words()["wants_amount"] for word in directed)
    if vague and not how_far and not (bag.has("arm") and directed[-1] not in ("高", "低", "矮")):
        return None
    if not directed and not how_far and not bag.has("move") and not _is_bare_way(bag):
        return None
    arguments: dict[str, Any] = {"direction": ways.pop()}
    if distances:
        arguments["distance"] = distances[0]
    return Meaning("move_by", arguments)


def _asks_way(bag: Bag, how_far: bool) -> bool:
    """ "移动十厘米", "动一下", "过去一点": which way is to be asked."""
    says = how_far or bag.has("arm") or any(move.value in _MOVES_SOMEHOW for move in bag.all("move"))
    return says and not any(move.value in ("让", "调", "推", "拉", "摆") for move in bag.all("move"))


def _is_bare_way(bag: Bag) -> bool:
    """ "往上", "左边": a way and nothing else."""
    return len(bag.chunks) == 1 and bag.has("direction")


def _move_to(bag: Bag) -> Meaning | None:
    if bag.only("arm", "ba", "home_alone", "ought") and len(bag.all("home_alone")) == 1:
        return Meaning("move_to", {"pose": "home"})
    if bag.only("arm", "ba", "ready_alone", "ought") and len(bag.all("ready_alone")) == 1:
        return Meaning("move_to", {"pose": "ready"})
    if not bag.only("arm", "ba", "go_to", "pose", "pose_nouns", "ought", "want", "move"):
        return None
    poses = bag.values("pose")
    if (
        len(poses) != 1
        or len(bag.all("pose")) != 1
        or len(bag.all("go_to")) > 2
        or len(bag.all("pose_nouns")) > 2
    ):
        return None
    pose = bag.all("pose")[0]
    if not bag.has("go_to"):
        alone = bag.has("arm", "pose_nouns") or pose.end - pose.start >= 3
        return (
            Meaning("move_to", {"pose": poses[0]})
            if alone and not bag.has("want", "ought", "move", "ba")
            else None
        )
    if bag.all("go_to")[0].start > pose.start or (bag.has("want") and not bag.has("arm")):
        return None
    return Meaning("move_to", {"pose": poses[0]})


def _resume(bag: Bag) -> Meaning | None:
    return (
        Meaning("resume")
        if bag.only("resume", "ought", "arm", "ba")
        and 1 <= len(bag.all("resume")) <= 2
        and len(bag.chunks) <= 3
        else None
    )


def _put_where(bag: Bag) -> Meaning | None:
    """ "把红方块放上去", "把那个放那边": where to is to be asked."""
    if not bag.only("ba", "object", "unknown", "it", "put", "ought") or len(bag.all("put")) != 1:
        return None
    if len(bag.all("object", "unknown", "it")) != 1:
        return None
    thing = bag.one("object", "unknown")
    if thing is None:
        return Meaning("place", missing="target")
    return Meaning("pick_and_place", {"object": names_of(thing)}, missing="target")


def _pick_what(bag: Bag) -> Meaning | None:
    """ "拿那个": which is to be asked."""
    is_that = bag.only("take", "it", "ba") and len(bag.all("take")) == 1 and len(bag.all("it")) == 1
    return Meaning("pick", missing="object") if is_that and bag.all("it")[0].value[0] in "这那" else None


_FRAMES: tuple[Callable[[Bag], Meaning | None], ...] = (
    _resume,
    _move_to,
    _open,
    _close,
    _move_by,
    _place,
    _pick_and_place,
    _pick,
    _put_where,
    _pick_what,
)
