# SPDX-License-Identifier: Apache-2.0
"""Quantities in what people say: "ten centimetres", "5cm", "十厘米", "30 degrees". Nothing without a unit."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from voice_agent_ros.intent.fractions import FRACTION_EN, FRACTION_ZH, fraction_en, fraction_zh, is_spoiled

# "a little", "a bit" and a direction without any distance mean this much, m.
DEFAULT_DISTANCE_M = 0.05

_UNITS_EN = {
    r"mm|mils?|milli(?:met(?:er|re)s?)?": 0.001,
    r"cms?|centi(?:met(?:er|re)s?)?|centimes": 0.01,
    r"dm|decimet(?:er|re)s?": 0.1,
    r"m|met(?:er|re)s?": 1.0,
    r"inch(?:es)?|(?:(?<=\d)|\A)in": 0.0254,
    r"ft|foot|feet": 0.3048,
}
_UNITS_ZH = {
    "毫米": 0.001,
    "厘米": 0.01,
    "公分": 0.01,
    "分米": 0.1,
    "米": 1.0,
    "英寸": 0.0254,
    "英尺": 0.3048,
}
_ANGLES_EN = {r"degrees?|degs?|°": math.pi / 180.0, r"rad|radians?": 1.0}
_ANGLES_ZH = {"度": math.pi / 180.0, "°": math.pi / 180.0, "弧度": 1.0}
_PERCENT_EN = {r"percent|per cents?|percents?|%": 0.01}
_PERCENT_ZH = {"%": 0.01}
_LARGEST_WORD = 999


@dataclass(frozen=True)
class Distance:
    """A distance that was said, at text[start:end]."""

    start: int
    end: int
    metres: float


@dataclass(frozen=True)
class Angle:
    """An angle that was said, at text[start:end]."""

    start: int
    end: int
    radians: float


def find_distances(text: str) -> list[Distance]:
    """All distances in a text that `bare` has prepared, in order. A negative number is none."""
    found = [*_scan(text, _rules("en", "length")), *_scan(text, _rules("zh", "length"))]
    return [Distance(*one) for one in sorted(found) if not is_spoiled(text, one[0], one[1])]


def find_angles(text: str) -> list[Angle]:
    """All angles in a text that `bare` has prepared, in order; they may be negative."""
    found = {*_scan(text, _rules("en", "angle")), *_scan(text, _rules("zh", "angle"))}  # both know "°"
    return [Angle(*one) for one in sorted(found) if not is_spoiled(text, one[0], one[1], may_range=True)]


def find_percentages(text: str) -> list[tuple[int, int, float]]:
    """All percentages in a text that `bare` has prepared, as start, end and part of one."""
    found = [*{*_scan(text, _rules("en", "percent")), *_scan(text, _rules("zh", "percent"))}]
    for match in re.finditer(r"百分之(?P<number>\d+(?:\.\d+)?|[零〇一二两三四五六七八九十百点]+)", text):
        value = 100.0 if match["number"] == "百" else number_of(match["number"])
        if value is not None:
            found.append((match.start(), match.end(), value / 100.0))
    return sorted(found)


def number_of(text: str) -> float | None:
    """The number that digits or Chinese numerals say."""
    return _number(text, _rules("zh", "length"))


@dataclass(frozen=True)
class _Rules:
    pattern: re.Pattern[str]
    numbers: dict[str, float]
    units: tuple[tuple[re.Pattern[str], float], ...]
    point: str


def _scan(text: str, rules: _Rules) -> list[tuple[int, int, float]]:
    found = []
    for match in rules.pattern.finditer(text):
        unit = next(factor for pattern, factor in rules.units if pattern.fullmatch(match["unit"]))
        value = _number(match["number"], rules)
        if value is None:
            continue
        half = 0.5 if match["half"] or match["half_after"] else 0.0
        if tenth := match.groupdict().get("tenth"):  # "一米二" is 1.2
            half = (_number(tenth, rules) or 0.0) / 10.0
        sign = -1.0 if (match.groupdict().get("sign") or "+").strip() in _NEGATIVE else 1.0
        found.append((match.start(), match.end(), round(sign * (value + half) * unit, 6)))
    return found


def _number(text: str, rules: _Rules) -> float | None:
    text = text.strip().replace("-", " ")
    if re.fullmatch(r"\d{1,3},\d{3}", text):
        return float(text.replace(",", ""))
    if re.fullmatch(r"\d+(?:[.,]\d+)?|[.,]\d+", text):
        return float(text.replace(",", "."))
    if (
        part := fraction_en(text) if rules.point == "point" else fraction_zh(text, rules.numbers)
    ) is not None:
        return part
    if text in rules.numbers:
        return rules.numbers[text]
    first, _, rest = text.partition(" ")
    if first in rules.numbers and rest in rules.numbers:  # "one eighty", "two seventy five"
        return rules.numbers[first] * 100 + rules.numbers[rest]
    whole, point, decimals = text.partition(rules.point)
    if not point:
        return None
    digits = [
        rules.numbers.get(digit)
        for digit in (decimals.split() if rules.point == "point" else decimals.strip())
    ]
    before = rules.numbers.get(whole.strip(), 0.0) if whole.strip() else 0.0
    if not digits or any(digit is None or digit > 9 for digit in digits):
        return None
    return float(f"{int(before)}." + "".join(str(int(digit)) for digit in digits if digit is not None))


_NEGATIVE = ("minus", "negative", "-", "负", "减")
_UNITS = {
    ("en", "length"): _UNITS_EN,
    ("zh", "length"): _UNITS_ZH,
    ("en", "angle"): _ANGLES_EN,
    ("zh", "angle"): _ANGLES_ZH,
    ("en", "percent"): _PERCENT_EN,
    ("zh", "percent"): _PERCENT_ZH,
}


@lru_cache(maxsize=len(_UNITS))
def _rules(language: str, kind: str) -> _Rules:
    units = _UNITS[language, kind]
    return _chinese(units, kind == "angle") if language == "zh" else _english(units, kind == "angle")


@lru_cache(maxsize=1)
def _numbers_en() -> dict[str, float]:
    numbers = _below_thousand_en()
    for words in [w for w in numbers if w.startswith("one hundred")]:
        numbers["a" + words[3:]] = numbers[words]
    halves = {"half a": 0.5, "half an": 0.5, "half": 0.5, "a half": 0.5, "another half a": 0.5}
    quarters = {"a quarter of a": 0.25, "quarter of a": 0.25, "a quarter of an": 0.25}
    tenths = {"a tenth of a": 0.1, "a tenth of an": 0.1, "a hundredth of a": 0.01}
    return (
        numbers
        | {"a": 1, "an": 1, "a couple of": 2, "a couple": 2, "oh": 0, "another": 1}
        | halves
        | quarters
        | tenths
    )


def _below_thousand_en() -> dict[str, float]:
    """Every whole number in words, made of the few that are words of their own: asking for all of them takes 80 ms."""
    from unicode_rbnf import RbnfEngine

    engine = RbnfEngine.for_language("en")
    own = {value: engine.format_number(value).text for value in (*range(20), *range(20, 100, 10))}
    for value in range(21, 100):
        own.setdefault(value, f"{own[value - value % 10]} {own[value % 10]}")
    numbers: dict[str, float] = {words: value for value, words in sorted(own.items())}
    for hundreds in range(1, 10):
        numbers[f"{own[hundreds]} hundred"] = hundreds * 100
        for rest in range(1, 100):
            for between in (" ", " and "):
                numbers[f"{own[hundreds]} hundred{between}{own[rest]}"] = hundreds * 100 + rest
    return numbers


def _spelled_en() -> str:
    """A pattern of all the numbers in words; by their parts, because a list of them all is slow to compile."""
    numbers = _numbers_en()
    words = {
        value: word
        for word, value in reversed(numbers.items())
        if " " not in word and word.isalpha() and value == int(value)
    }
    ones = "|".join(words[value] for value in range(1, 10))
    teens = "|".join(words[value] for value in range(10, 20))
    tens = "|".join(words[value] for value in range(20, 100, 10))
    below = rf"(?:{tens})[ -](?:{ones})|{tens}|{teens}|{ones}"
    hundreds = rf"(?:{ones}|a)[ -]hundred(?:(?:[ -]and)?[ -](?:{below}))?"
    hundreds += rf"|(?<!joint )(?<!axis )(?<!number )(?:one|two|three)[ -](?:(?:{tens})(?:[ -](?:{ones}))?)"
    others = [word for word in numbers if not re.fullmatch(rf"{hundreds}|{below}", word)]
    listed = "|".join(
        re.escape(word).replace(r"\ ", "[ -]") for word in sorted(others, key=len, reverse=True)
    )
    return rf"{hundreds}|{listed}|{below}"


def _english(units_of: dict[str, float], is_signed: bool) -> _Rules:
    numbers = _numbers_en()
    spelled = _spelled_en()
    point = rf"(?:(?:{spelled}) )?point(?: (?:oh|zero|one|two|three|four|five|six|seven|eight|nine))+"
    units = "|".join(units_of)
    before = (
        r"(?<![\w.])(?P<sign>(?:(?:minus|negative|plus) |[-+])?)"
        if is_signed
        else r"(?<![\w.])(?<!minus )(?<!negative )(?<!-)"
    )
    pattern = re.compile(
        rf"{before}(?P<number>{FRACTION_EN}|\d+(?:[.,]\d+)?|[.,]\d+|{point}"
        rf"|\b(?:{spelled})(?= |-))"
        rf"(?P<half> and a half)?[ -]?(?P<unit>{units})(?!\w)(?P<half_after> and a half\b)?"
    )
    return _Rules(pattern, numbers, tuple((re.compile(u), f) for u, f in units_of.items()), "point")


@lru_cache(maxsize=1)
def _numbers_zh() -> dict[str, float]:
    numbers: dict[str, float] = {"半": 0.5, "〇": 0}
    for value in range(_LARGEST_WORD + 1):
        words = _in_chinese(value)
        numbers[words] = numbers[words.replace("零", "〇")] = value
        if words.startswith("二") and value not in range(20, 30):
            numbers["两" + words[1:]] = value
        if value >= 110 and value % 10 == 0 and value % 100:
            numbers[words.removesuffix("十")] = value  # 一百五 is 150
    return numbers


def _in_chinese(value: int) -> str:
    """A number below a thousand in characters."""
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = value // 100, value // 10 % 10, value % 10
    last = digits[ones] if ones or not value else ""
    if not hundreds:
        return f"{digits[tens] if tens > 1 else ''}{'十' if tens else ''}{last}"
    middle = f"{digits[tens]}十" if tens else ("零" if ones else "")
    return f"{digits[hundreds]}百{middle}{last}"


def _chinese(units_of: dict[str, float], is_signed: bool) -> _Rules:
    units = "|".join(units_of)
    before = (
        r"(?P<sign>负|正|加|减(?!到|至)|-|\+)?(?<!\d)(?<!\.)" if is_signed else r"(?<!负)(?<!\d)(?<![.-])"
    )
    pattern = re.compile(
        rf"{before}(?P<number>{FRACTION_ZH}|\d+(?:\.\d+)?|半"
        r"|[零〇一二两三四五六七八九十百点]+)(?P<half>(?!x)x)?\s*"
        rf"个?(?P<unit>{units})(?P<half_after>半)?"
        r"(?P<tenth>(?<=[米尺])[一二三四五六七八九\d](?![零〇一二两三四五六七八九十百\d毫厘分公米度次下个秒块号遍点半]))?"
    )
    return _Rules(pattern, _numbers_zh(), tuple((re.compile(u), f) for u, f in units_of.items()), "点")
