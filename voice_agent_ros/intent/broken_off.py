# SPDX-License-Identifier: Apache-2.0
"""Commands that end before their end: "pick up the uh …", "put it in the …", "把红方块放到……". What is left out is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable

from voice_agent_ros.intent.bag import Meaning

Read = Callable[[str], Meaning | None]

_END_EN = re.compile(
    r"(?:(?:^| )(?:the|an?|my|your|some|um+|uh+|er+m?|like|into|in|onto|on|to|towards|at|of|from|beside|near|by|next|with|between|over"
    r"|thing|thingy|whatsit|what's it called|what was it|what do you call it|wait|red|green|blue|yellow))+$"
)
_PLACE_EN = re.compile(r"\b(?:into|in|onto|on|to|at|beside|near|by|next|over)\b")
_TAKE_EN = re.compile(
    r"(?:pick up|pick|grab|grasp|lift|lift up|fetch|snatch|collect|scoop up|snag|(?:grab|get|take|catch) hold of|go get|pick me up|(?P<vague>take|get|find|hold|grip|catch))$"
)
_PUT_EN = re.compile(r"(?:put|place|put down|set|set down|lay|stick|pop|move|bring)$")
_GO_EN = re.compile(r"(?:go|move|drive|travel|return|head|go back|come|come back)$")
_END_ZH = re.compile(
    r"(?:到|进|在|往|向|里|上|那个|这个|一个|那|这|的|呃|嗯|啊|把|和|个|红色?|绿色?|蓝色?|某个)+$"
)
_TAKE_ZH = re.compile(
    r"(?:请|帮我|麻烦你?|你|再|去)*(?:拿起来?|抓起来?|拿|抓|夹起来?|夹|捡起来?|抓住|抓取|夹住|取|拾起|举起|提起)$"
)
_PUT_ZH = re.compile(r"(?:请|帮我|麻烦你?|你|再)*(?:放到?|放进|放在|放下到|搁到?|摆到?)$")


def what_is_left_out(words: str, language: str, read: Read) -> Meaning | None:
    """The command with its gap, if words of it are there and nothing but its beginning follows; None if not.

    Args:
        words: without frame or fillers; quantities as tokens.
        read: understands a whole command.
    """
    if language == "zh":
        return _chinese(words.replace(" ", ""), read)
    end = _END_EN.search(words)
    rest, tail = (words[: end.start()].strip(), end.group()) if end else (words, "")
    if (take := _TAKE_EN.match(rest)) and (not take["vague"] or re.search(r"\b(?:the|an?|my|your)\b", tail)):
        return Meaning("pick", missing="object")
    if not rest or not tail:
        return None
    if _PUT_EN.match(rest) and not _PLACE_EN.search(tail):
        return Meaning("pick_and_place", missing="object")
    if _GO_EN.match(rest) and re.match(r" (?:to|into) (?:the|your|my|a)\b", tail):
        return Meaning("move_to", missing="pose")
    ways = [rest, f"{rest} somewhere"] if _PLACE_EN.search(tail) else [rest]
    return _asked(ways, read)


def _chinese(words: str, read: Read) -> Meaning | None:
    if _PUT_ZH.match(words):
        return Meaning("place", missing="target")
    end = _END_ZH.search(words)
    rest = words[: end.start()] if end else words
    if _TAKE_ZH.match(rest):
        return Meaning("pick", missing="object")
    return _asked([rest], read) if rest and end else None


def _asked(ways: list[str], read: Read) -> Meaning | None:
    for way in ways:
        meaning = read(way)
        if meaning is not None and meaning.missing:
            return meaning
    return None
