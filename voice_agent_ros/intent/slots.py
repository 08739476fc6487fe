# SPDX-License-Identifier: Apache-2.0
"""Quantities in what people say become words of their own: "joint two by 30 degrees" → "joint0 by angle0"."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from voice_agent_ros.intent.quantities import find_angles, find_distances, find_percentages, number_of

Found = tuple[int, int, float | int]  # start, end, value
Tokens = dict[str, list[tuple[str, Any]]]  # slot → word and value

_ORDINALS_EN = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
)
_CARDINALS_EN = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_HAN_DIGITS = "[零〇一二两三四五六七八九十]+"
_JOINT_EN = re.compile(
    rf"\b(?:the )?(?:(?P<ordinal>{'|'.join(_ORDINALS_EN)}|\d+(?:st|nd|rd|th)) (?:joint|axis)"
    rf"|(?:joint|axis)(?: number| no)? ?#?(?P<number>\d{{1,2}}|{'|'.join(_CARDINALS_EN)})"
    r"|j ?(?P<short>\d{1,2}))\b(?!\.\d)"
)
_JOINT_ZH = re.compile(
    rf"第?(?P<before>\d{{1,2}}|{_HAN_DIGITS})[号个]?(?:关节|轴)"
    rf"|(?:关节|轴)(?P<after>\d{{1,2}}(?!\.)|[一二三四五六七八九十])|j(?P<short>\d{{1,2}})"
)
_SPEED = re.compile(r"\b(?:speed|pace|velocity|slow|slower|faster|throttle)\b|速|慢|快")
_PARTS = re.compile(
    r"\b(?:one |a )?(?P<en>half|quarter|third|tenth|fifth)\b(?: of)?"
    r"|\b(?P<many>two thirds|three quarters)\b(?: of)?"
    r"|(?P<zh>一半|四分之一|四分之三|三分之一|三分之二)|(?P<tenths>[一二三四五六七八九])成"
)
_BARE_PARTS = re.compile(
    rf"(?<![\w.])(?P<en>0?\.\d+|1\.0+|(?:(?:zero|oh) )?point(?: (?:zero|{'|'.join(_CARDINALS_EN[:9])}))+)(?![\w.%])"
    r"|(?P<zh>零点[零一二三四五六七八九]+)"
)
_PART = {
    "half": 1 / 2,
    "quarter": 1 / 4,
    "third": 1 / 3,
    "tenth": 1 / 10,
    "fifth": 1 / 5,
    "two thirds": 2 / 3,
    "three quarters": 3 / 4,
    "一半": 1 / 2,
    "四分之一": 1 / 4,
    "四分之三": 3 / 4,
    "三分之一": 1 / 3,
    "三分之二": 2 / 3,
}
_TURNS = re.compile(
    r"\b(?:(?:a|one) )?(?P<part>three quarters?|quarter|half|full|complete|whole)(?: of)?(?: an?)?[ -]"
    r"(?:turn|rotation|revolution|circle)\b|(?P<zh>四分之一|四分之三|半|一|两)圈"
)
_TURN = {
    "three quarter": 3 / 4,
    "three quarters": 3 / 4,
    "quarter": 1 / 4,
    "half": 1 / 2,
    "full": 1.0,
    "complete": 1.0,
    "whole": 1.0,
    "四分之一": 1 / 4,
    "四分之三": 3 / 4,
    "半": 1 / 2,
    "一": 1.0,
    "两": 2.0,
}
# Seen from above; "turn the gripper to the left" goes the way a screw is undone.
_SENSES = {
    "clockwise": ("clockwise|to the right|right|rightwards|a bit clockwise", "顺时针|顺时针方向|向右|往右"),
    "counter_clockwise": (
        "counterclockwise|counter clockwise|counter-clockwise|anticlockwise|anti clockwise|anti-clockwise"
        "|to the left|left|leftwards",
        "逆时针|逆时针方向|向左|往左|反时针",
    ),
}


def tokenised(words: str) -> tuple[str, Tokens]:
    """The words with every quantity replaced by a token, and what the tokens mean."""
    tokens: Tokens = {}
    finders: tuple[tuple[str, Callable[[str], Iterable[Found]]], ...] = (
        ("joint", _joints),
        ("distance", lambda text: ((one.start, one.end, one.metres) for one in find_distances(text))),
        ("angle", _angles),
        ("factor", _factors),
    )
    for slot, find in finders:
        for index, (start, end, value) in enumerate(reversed(list(find(words)))):
            token = f"{slot}{index}"
            tokens.setdefault(slot, []).append((token, value))
            words = f"{words[:start]} {token} {words[end:]}"
    return " ".join(words.split()), tokens


@lru_cache(maxsize=2)
def senses(language: str) -> tuple[tuple[str, str], ...]:
    """Words for the sense of a rotation, each with its value."""
    column = 1 if language == "zh" else 0
    return tuple((word, sense) for sense, words in _SENSES.items() for word in words[column].split("|"))


def signed(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with the sense of a rotation, if one was said, in the sign of the angle."""
    sense = arguments.pop("turn", None)
    if sense and "angle" in arguments:
        arguments["angle"] = abs(arguments["angle"]) * (-1.0 if sense == "clockwise" else 1.0)
    return arguments


def _joints(text: str) -> list[Found]:
    found: list[Found] = []
    for match in _JOINT_EN.finditer(text):
        if match["ordinal"]:
            word = match["ordinal"]
            number = _ORDINALS_EN.index(word) + 1 if word in _ORDINALS_EN else int(re.sub(r"\D", "", word))
        else:
            word = match["number"] or match["short"]
            number = _CARDINALS_EN.index(word) + 1 if word in _CARDINALS_EN else int(word)
        found.append((match.start(), match.end(), number))
    for match in _JOINT_ZH.finditer(text):
        value = number_of(match["before"] or match["after"] or match["short"])
        if value is not None and not any(start <= match.start() < end for start, end, _ in found):
            found.append((match.start(), match.end(), int(value)))
    return sorted(found)


def _angles(text: str) -> list[Found]:
    found: list[Found] = [(one.start, one.end, one.radians) for one in find_angles(text)]
    for match in _TURNS.finditer(text):
        part = _TURN[match["part"] or match["zh"]]
        found.append((match.start(), match.end(), round(part * 2.0 * math.pi, 6)))
    return sorted(found)


def _factors(text: str) -> list[Found]:
    found: list[Found] = list(find_percentages(text))
    if _SPEED.search(text):  # "half" alone is a part of anything
        for match in _PARTS.finditer(text):
            said = match["en"] or match["many"] or match["zh"]
            tenths = number_of(match["tenths"]) if match["tenths"] else None
            value = _PART[said] if said else (tenths or 0.0) / 10.0
            found.append((match.start(), match.end(), round(value, 6)))
        for match in _BARE_PARTS.finditer(text):  # "speed 0.6", "zero point six of your speed"
            part = number_of(match["zh"]) if match["zh"] else _decimal(match["en"])
            if part is not None and 0.0 < part <= 1.0:
                found.append((match.start(), match.end(), part))
    return sorted(found)


def _decimal(text: str) -> float:
    if re.fullmatch(r"[\d.]+", text):
        return float(text)
    digits = [("zero", *_CARDINALS_EN).index(word) for word in text.split("point")[1].split()]
    return float("0." + "".join(str(digit) for digit in digits))
