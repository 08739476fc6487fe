# SPDX-License-Identifier: Apache-2.0
"""Fractions in what people say: "a quarter of a", "two thirds", "3/4", "四分之三"; and what makes a number no amount."""

from __future__ import annotations

import re

_PARTS_EN = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "twentieth": 20, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
_COUNTS_EN = {
    "a": 1, "an": 1, "another": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
}  # fmt: skip
_PART = rf"(?:{'|'.join(_PARTS_EN)})s?"
_COUNT = rf"(?:{'|'.join(_COUNTS_EN)}|\d{{1,3}})"
_SLASH = r"\d{1,3} ?[/\u2044] ?\d{1,4}"
_OF = r"(?: of)?(?: (?:an?|the|one))?"
FRACTION_EN = (
    rf"(?:{_COUNT} and )?(?:{_COUNT}[ -])?{_PART}{_OF}(?= )|(?:\d{{1,3}}(?: and)? )?{_SLASH}{_OF}(?= |[a-z])"
)
_DIGITS_ZH = r"[零〇一二两三四五六七八九十百]{1,4}|\d{1,4}"
FRACTION_ZH = rf"(?:(?:{_DIGITS_ZH})又)?(?:{_DIGITS_ZH})\s*分之\s*(?:{_DIGITS_ZH})|(?:\d{{1,3}}又)?{_SLASH}"
_READ_EN = re.compile(rf"(?:(?P<whole>{_COUNT}) and )?(?:(?P<count>{_COUNT})[ -])?(?P<part>{_PART}){_OF}")
_READ_SLASH = re.compile(rf"(?:(?P<whole>\d{{1,3}})(?: and)? )?(?P<count>\d+) ?[/\u2044] ?(?P<part>\d+){_OF}")
_READ_ZH = re.compile(
    rf"(?:(?P<whole>{_DIGITS_ZH})又)?(?:(?P<part>{_DIGITS_ZH})\s*分之\s*(?P<count>{_DIGITS_ZH})"
    r"|(?P<above>\d+) ?[/\u2044] ?(?P<below>\d+))"
)
_FIRST_END = "|".join(word for word in _COUNTS_EN if word not in ("a", "an", "another", "one"))
# What stands before a number that is only one end of a range. "The red one to 5 cm left of it" is none.
_RANGE = re.compile(
    rf"(?:\d|\b(?:{_FIRST_END}|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred"
    r"|(?:from|by|about|up|down|left|right|forwards?|back) one))"
    r"(?: (?:to|or|till|until|through) | ?[-\u2013\u2014~] ?)$"
    r"|[零〇一二两三四五六七八九十\d]\s*(?:到|至|或者?|[-~\u2013\u2014、，])\s*$|[一二两三四五六七八九]\s+$"
)
# What stands before a number of which a part is meant, or a multiple.
_PART_OF = re.compile(
    rf"(?:\d|\b(?:{_FIRST_END})) (?:times|x) $|\d ?[\u00d7x*] ?$"
    rf"|\b(?:{_PART}|twice|double|triple|thrice|root|percent) (?:of )?$|[/\u2044]\s*$|分之\s*$|分之[零〇一二两三四五六七八九十\d]+的\s*$"
    r"|(?:\d|\b(?:zero|one|two|three|four|five|six|seven|eight|nine)) of $|的平?方?根\s*$|[半倍]的?\s*$"
)
# What stands behind an amount of which only a part, or a multiple, is meant.
_SPOILED_BY = re.compile(
    r"\s*(?:的(?:一半|[零〇一二两三四五六七八九十百]+分之|[零〇一二两三四五六七八九十\d]+倍)|(?:squared|cubed)\b)"
    r"|(?<=met[er][er]) (?:ten|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -]\w+)?$"
)


def fraction_en(text: str) -> float | None:
    """The number of "three quarters of a" or "3/4"; None: it is none."""
    if match := _READ_SLASH.fullmatch(text):
        return _ratio(match["whole"], match["count"], match["part"])
    match = _READ_EN.fullmatch(text)
    if match is None:
        return None
    part = match["part"] if match["part"] in _PARTS_EN else match["part"].removesuffix("s")
    whole = _count(match["whole"]) if match["whole"] else 0
    return whole + _count(match["count"] or "a") / _PARTS_EN[part]


def fraction_zh(text: str, numbers: dict[str, float]) -> float | None:
    """The number of "四分之三" or "一又二分之一"; None: it is none."""
    match = _READ_ZH.fullmatch(text)
    if match is None:
        return None
    if match["below"]:
        return _ratio(match["whole"], match["above"], match["below"])
    whole, count, part = (_number_zh(match[name], numbers) for name in ("whole", "count", "part"))
    return whole + count / part if part else None


def is_spoiled(text: str, start: int, end: int, *, may_range: bool = False) -> bool:
    """Whether the amount at text[start:end] is an end of a range, a part, or a multiple of what is meant.

    Args:
        may_range: "joint 1 to 30 degrees" is no range.
    """
    before = text[:start]
    if _PART_OF.search(before) or _SPOILED_BY.match(text, end):
        return True
    return not may_range and _RANGE.search(before) is not None


def _ratio(whole: str | None, above: str, below: str) -> float | None:
    return int(whole or 0) + int(above) / int(below) if int(below) else None


def _count(word: str) -> float:
    return _COUNTS_EN.get(word) or float(word)


def _number_zh(text: str | None, numbers: dict[str, float]) -> float:
    """A whole number; 0.0 if it is none."""
    if not text:
        return 0.0
    return float(text) if text.isdecimal() else 100.0 if text == "百" else numbers.get(text, 0.0)
