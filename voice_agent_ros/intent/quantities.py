# SPDX-License-Identifier: Apache-2.0
"""Distances in what people say: "ten centimetres", "5cm", "half a metre", "十厘米". Nothing without a unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# "a little", "a bit" and a direction without any distance mean this much, m.
DEFAULT_DISTANCE_M = 0.05

_UNITS_EN = {
    r"mm|milli(?:met(?:er|re)s?)?": 0.001,
    r"cms?|centi(?:met(?:er|re)s?)?|centimes": 0.01,
    r"dm|decimet(?:er|re)s?": 0.1,
    r"m|met(?:er|re)s?": 1.0,
    r"inch(?:es)?": 0.0254,
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
_LARGEST_WORD = 999


@dataclass(frozen=True)
class Distance:
    """A distance that was said, at text[start:end]."""

    start: int
    end: int
    metres: float


def find_distances(text: str) -> list[Distance]:
    """All distances in a text that `bare` has prepared, in order. A negative number is none."""
    found = [*_scan(text, _english()), *_scan(text, _chinese())]
    return sorted(found, key=lambda distance: distance.start)


@dataclass(frozen=True)
class _Rules:
    pattern: re.Pattern[str]
    numbers: dict[str, float]
    units: tuple[tuple[re.Pattern[str], float], ...]
    point: str


def _scan(text: str, rules: _Rules) -> list[Distance]:
    found = []
    for match in rules.pattern.finditer(text):
        unit = next(factor for pattern, factor in rules.units if pattern.fullmatch(match["unit"]))
        value = _number(match["number"], rules)
        if value is None:
            continue
        half = 0.5 if match["half"] or match["half_after"] else 0.0
        found.append(Distance(match.start(), match.end(), round((value + half) * unit, 6)))
    return found


def _number(text: str, rules: _Rules) -> float | None:
    text = text.strip().replace("-", " ")
    if re.fullmatch(r"\d+(?:[.,]\d+)?|[.,]\d+", text):
        return float(text.replace(",", "."))
    if text in rules.numbers:
        return rules.numbers[text]
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


@lru_cache(maxsize=1)
def _english() -> _Rules:
    from unicode_rbnf import RbnfEngine

    engine = RbnfEngine.for_language("en")
    numbers: dict[str, float] = {}
    for value in range(_LARGEST_WORD + 1):
        words = engine.format_number(value).text.replace("-", " ")
        numbers[words] = value
        if value > 100 and value % 100:
            hundreds, _, rest = words.partition(" hundred ")
            numbers[f"{hundreds} hundred and {rest}"] = value
    for words in [w for w in numbers if w.startswith("one hundred")]:
        numbers["a" + words[3:]] = numbers[words]
    numbers |= {
        "a": 1,
        "an": 1,
        "half a": 0.5,
        "half an": 0.5,
        "half": 0.5,
        "a half": 0.5,
        "a quarter of a": 0.25,
    }
    numbers |= {"quarter of a": 0.25, "a couple of": 2, "a couple": 2, "oh": 0}
    spelled = "|".join(re.escape(w).replace(r"\ ", "[ -]") for w in sorted(numbers, key=len, reverse=True))
    point = rf"(?:(?:{spelled}) )?point(?: (?:oh|zero|one|two|three|four|five|six|seven|eight|nine))+"
    units = "|".join(_UNITS_EN)
    pattern = re.compile(
        rf"(?<![\w.])(?<!minus )(?<!negative )(?<!-)(?P<number>\d+(?:[.,]\d+)?|[.,]\d+|{point}"
        rf"|\b(?:{spelled})(?= |-))"
        rf"(?P<half> and a half)?[ -]?(?P<unit>{units})\b(?P<half_after> and a half\b)?"
    )
    return _Rules(pattern, numbers, tuple((re.compile(u), f) for u, f in _UNITS_EN.items()), "point")


@lru_cache(maxsize=1)
def _chinese() -> _Rules:
    from unicode_rbnf import RbnfEngine

    engine = RbnfEngine.for_language("zh")
    numbers: dict[str, float] = {"半": 0.5, "〇": 0}
    for value in range(_LARGEST_WORD + 1):
        words = engine.format_number(value).text
        numbers[words] = value
        if words.startswith("二") and value not in range(20, 30):
            numbers["两" + words[1:]] = value
        if value >= 110 and value % 10 == 0 and value % 100:
            numbers[words.removesuffix("十")] = value  # 一百五 is 150
    units = "|".join(_UNITS_ZH)
    pattern = re.compile(
        r"(?<!负)(?<!\d)(?<![.-])(?P<number>\d+(?:\.\d+)?|半"
        r"|[零〇一二两三四五六七八九十百点]+)(?P<half>(?!x)x)?\s*"
        rf"个?(?P<unit>{units})(?P<half_after>半)?"
    )
    return _Rules(pattern, numbers, tuple((re.compile(u), f) for u, f in _UNITS_ZH.items()), "点")
