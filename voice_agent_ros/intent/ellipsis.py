# SPDX-License-Identifier: Apache-2.0
"""What a later step leaves out because an earlier one said it: "left five centimetres, then up five"."""

from __future__ import annotations

import re

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_NUMBER_EN = (
    rf"(?:\d+(?:\.\d+)?|(?:{_TENS})(?:[ -](?:{_ONES}))?|ten|eleven|twelve|\w+teen|{_ONES}"
    rf"|(?:a|one|two|three) hundred)"
)
_LENGTH_EN = (
    r"(?:mm|mils?|cms?|dm|milli(?:met(?:er|re)s?)?|centi(?:met(?:er|re)s?)?|met(?:er|re)s?|inch(?:es)?)"
)
_ANGLE_EN = r"(?:degrees?|degs?|rad|radians?)"
_WAY_EN = (
    r"(?:(?:to the |to your )?(?:left|right)|up(?:wards?)?|down(?:wards?)?|forwards?|back(?:wards?)?|ahead)"
)
_MEASURED_EN = re.compile(rf"\b{_NUMBER_EN}[ -]?(?P<unit>{_LENGTH_EN})\b")
_TURNED_EN = re.compile(rf"\b{_NUMBER_EN}[ -]?(?P<unit>{_ANGLE_EN})\b")
_END_EN = r"(?=\s*(?:$|[,;!?]|\.(?!\d)|\b(?:and|then|please|more|too)\b))"
_AFTER_WAY_EN = re.compile(
    rf"\b({_WAY_EN}(?: by| another| about| a further| for)?) ({_NUMBER_EN})(?![\w.]){_END_EN}"
)
_BEFORE_WAY_EN = re.compile(
    rf"((?:^|[,;.] *|\b(?:and|then|and then|another|by|move|go) )(?:another |then |by )?{_NUMBER_EN}) (?=(?:more )?{_WAY_EN}\b)"
)
_THE_SAME_EN = re.compile(rf"\b({_WAY_EN}) (?:by |for )?(?:the )?same(?: distance| amount| again)?\b")
_AFTER_JOINT_EN = re.compile(
    rf"\b((?:joint|axis) (?:\d|{_ONES})(?: by| to)? (?:minus |plus |negative )?{_NUMBER_EN})(?![\w.]){_END_EN}"
)
_RUN_ON_EN = re.compile(
    rf"(\b{_WAY_EN} (?:by )?{_NUMBER_EN}[ -]?{_LENGTH_EN}) (?={_WAY_EN} (?:by )?{_NUMBER_EN}[ -]?{_LENGTH_EN}\b)"
)
_NUMBER_ZH = r"(?:\d+(?:\.\d+)?|[一二两三四五六七八九十百半]+)"
_LENGTH_ZH = r"(?:毫米|厘米|公分|分米|米|mm|cm)"
_WAY_ZH = r"(?:[往向朝]?[上下左右前后](?:边|面|移动?|挪|走)?(?:动)?)"
_MEASURED_ZH = re.compile(rf"{_NUMBER_ZH} ?个?(?P<unit>{_LENGTH_ZH})")
_AFTER_WAY_ZH = re.compile(rf"({_WAY_ZH}{_NUMBER_ZH})(?=$|[,，。;；!！、]|再|然后|接着)")
_RUN_ON_ZH = re.compile(rf"({_WAY_ZH}{_NUMBER_ZH}{_LENGTH_ZH}) ?(?={_WAY_ZH}{_NUMBER_ZH}{_LENGTH_ZH})")


def filled_in(text: str, language: str) -> str:
    """A folded text in which every number beside a direction has the one unit that was said, and such steps are parted."""
    if language == "zh":
        if unit := _one_unit(_MEASURED_ZH, text):
            text = _AFTER_WAY_ZH.sub(rf"\1{unit}", text)
        return _RUN_ON_ZH.sub(r"\1，", text)
    if unit := _one_unit(_MEASURED_EN, text):
        text = _AFTER_WAY_EN.sub(rf"\1 \2 {unit}", text)
        text = _BEFORE_WAY_EN.sub(rf"\1 {unit} ", text)
        amounts = {match.group() for match in _MEASURED_EN.finditer(text)}
        if len(amounts) == 1:
            text = _THE_SAME_EN.sub(rf"\1 {amounts.pop()}", text)
    if unit := _one_unit(_TURNED_EN, text):
        text = _AFTER_JOINT_EN.sub(rf"\1 {unit}", text)
    return _RUN_ON_EN.sub(r"\1, ", text)


def _one_unit(pattern: re.Pattern[str], text: str) -> str:
    """The unit that is said, if it is only one."""
    found = {match["unit"] for match in pattern.finditer(text)}
    return found.pop() if len(found) == 1 else ""
