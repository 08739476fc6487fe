# SPDX-License-Identifier: Apache-2.0
"""Makes written text speakable: no markdown, markup, emoji or addresses; units, and Chinese numbers, as words."""

from __future__ import annotations

import re
import unicodedata

from voice_agent_ros.tts.chinese import has_chinese, numbers_as_words

# Units that synthesizers read letter by letter or wrongly: (singular, plural).
_UNITS = {
    "m": ("metre", "metres"),
    "m/s": ("metre per second", "metres per second"),
    "cm/s": ("centimetre per second", "centimetres per second"),
    "mm/s": ("millimetre per second", "millimetres per second"),
    "rad": ("radian", "radians"),
    "rad/s": ("radian per second", "radians per second"),
    "deg": ("degree", "degrees"),
    "s": ("second", "seconds"),
    "ms": ("millisecond", "milliseconds"),
    "Hz": ("hertz", "hertz"),
    "N": ("newton", "newtons"),
    "Nm": ("newton metre", "newton metres"),
    "N·m": ("newton metre", "newton metres"),
    "h": ("hour", "hours"),
    "μm": ("micrometre", "micrometres"),
    "€": ("euro", "euros"),
    "V": ("volt", "volts"),
    "°C": ("degree Celsius", "degrees Celsius"),
}
_UNIT = re.compile(
    r"(?<![\w.])(\d{1,15}(?:[.,]\d{1,15})?) ?("
    + "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
    + r")(?![\w/])"
)
_LINK = re.compile(r"!?\[([^\[\]]{0,500})\]\([^()\s]{0,2000}\)")
_ADDRESS = re.compile(
    r"\b(?:https?|ftp)://(?:www\.)?([^\s/?#()<>\"']{1,255})(?:[/?#][^\s()<>\"']{0,2000})?", re.I
)
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,300}>")
_LINE_START = re.compile(r"^[ \t]*(?:#{1,6}[ \t]+|[-*+•][ \t]+|>[ \t]?)+", re.M)
_RULE = re.compile(r"^[ \t]*(?:[-*_=][ \t]*){3,}$|^[ \t|:-]{3,}$", re.M)
_LONG_NUMBER = re.compile(r"\d{16,}")
_ENGLISH_WORDS = (
    (
        re.compile(r"(?<![\w.])(\d{1,15}(?:\.\d{1,15})?)e([+-]?)0*(\d{1,3})(?!\w)", re.I),
        r"\1 times 10 to the \2\3",
    ),
    (re.compile(r"(?<![\w-])(\d{1,9}(?:\.\d{1,9})?) ?[–-] ?(\d{1,9}\.\d{1,9})(?![\w-])"), r"\1 to \2"),
)
# Signs before numbers, in English and in Chinese.
_SIGNS = (
    (re.compile(r"(?<=\d) ?[~～] ?(?=\d)"), " to ", "到"),
    (re.compile(r"[≈~～] ?(?=\d)"), "about ", "约"),
    (re.compile(r"[≥⩾] ?(?=[-\d])"), "at least ", "至少"),
    (re.compile(r"[≤⩽] ?(?=[-\d])"), "at most ", "至多"),
    (re.compile(r"(?<=\d)\s{0,3}[*×]\s{0,3}(?=\d)"), " times ", "乘"),
)
_DOTTED = re.compile(r"(?<![\w.])v?\d{1,9}(?:\.\d{1,9}){2,}(?![\w])", re.I)  # addresses and versions
_PIPES = re.compile(r"[ \t]*\|[ \t]*")
_MARKS = re.compile(r"[*`~\\^\[\]{}]+")
_SPACE = re.compile(r"\s+")

# Symbols that synthesizers know by name.
_NAMED_SYMBOLS = frozenset("°©®™")


def speakable(text: str) -> str:
    """What should be said for a piece of text; empty if there is nothing to say."""
    text = _LINK.sub(r"\1", text)
    text = _ADDRESS.sub(_spoken_address, text)
    text = _TAG.sub(" ", text)
    text = _RULE.sub(" ", text)
    text = _LINE_START.sub("", text)
    is_chinese = has_chinese(text)
    for pattern, english, chinese in _SIGNS:
        text = pattern.sub(chinese if is_chinese else english, text)
    text = _PIPES.sub(", ", text)
    text = _MARKS.sub("", text.replace("\\", " "))
    text = text.replace("_", " ")
    text = "".join(character if _is_spoken(character) else " " for character in text)
    text = _LONG_NUMBER.sub(lambda match: " ".join(match[0]), text)  # digit by digit
    text = numbers_as_words(text) if is_chinese else _english_numbers(text)
    text = _SPACE.sub(" ", text).lstrip(" ,").rstrip()
    return text if any(character.isalnum() for character in text) else ""


def _english_numbers(text: str) -> str:
    """What engines do not say well by themselves; plain numbers, dates, times and money they do."""
    text = _DOTTED.sub(lambda match: match[0].replace(".", " dot "), text)
    for pattern, words in _ENGLISH_WORDS:
        text = pattern.sub(words, text)
    return _UNIT.sub(_spoken_unit, text)


def _spoken_address(match: re.Match[str]) -> str:
    host = match[1].rstrip(".,;:!")
    return host + match[0][len(match[0].rstrip(".,;:!")) :]


def _spoken_unit(match: re.Match[str]) -> str:
    singular, plural = _UNITS[match[2]]
    return f"{match[1]} {singular if match[1] == '1' else plural}"


def _is_spoken(character: str) -> bool:
    if character in _NAMED_SYMBOLS:
        return True
    # Controls, private use, unassigned; symbols such as emoji; the marks that modify them.
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk", "Me"} and not (
        "\ufe00" <= character <= "\ufe0f"
    )
