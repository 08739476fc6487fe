# SPDX-License-Identifier: Apache-2.0
"""Makes written text speakable: no markdown, markup, emoji or addresses; units, and Chinese numbers, as words."""

from __future__ import annotations

import html
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
    "Ω": ("ohm", "ohms"),
    "kΩ": ("kiloohm", "kiloohms"),
    "€": ("euro", "euros"),
    "V": ("volt", "volts"),
    "m²": ("square metre", "square metres"),
    "cm²": ("square centimetre", "square centimetres"),
    "m³": ("cubic metre", "cubic metres"),
    "cm³": ("cubic centimetre", "cubic centimetres"),
    "m/s²": ("metre per second squared", "metres per second squared"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "°C": ("degree Celsius", "degrees Celsius"),
}
_UNIT = re.compile(
    r"(?<![\w.])(\d{1,15}(?:[.,]\d{1,15})?) ?("
    + "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
    + r")(?![\w/])"
)
# Where links lead is mostly not in the text any more, see `visible_text`.
_LINK = re.compile(
    r"\[([^\[\]]{0,500})\]\((?:[^()\s]|\([^()\s]{0,500}\)){0,2000}(?:\s+(?:\"[^\"\n]{0,500}\"|'[^'\n]{0,500}'))?\)"
)
_PICTURE = re.compile(r"(?<!\w)!(?=\[)")
# An address ends where Chinese or a quotation mark begins: no space parts "https://a.b/c，然后" from it.
_IN_ADDRESS = r"[^\s()<>\"'\u2018-\u201f\u2026\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:https?|ftp)://(?:www\.)?|www\.)"
    rf"((?:(?![/?#]){_IN_ADDRESS}){{1,255}})(?:[/?#](?:{_IN_ADDRESS}|\({_IN_ADDRESS}{{0,500}}\)){{0,2000}})?",
    re.I,
)
_BRACKETED_ADDRESS = re.compile(r"<([^\s<>]{1,500}[@.][^\s<>]{1,500})>")
_TAG = re.compile(r"</?[A-Za-z!][^<>]{0,300}>")
# A segment that goes on in the middle of a line begins with the space before its first word.
_LINE_START = re.compile(
    r"(?:^(?:[ \t]{2,}|(?![ \t]))|(?<=\n)[ \t]*)(?:#{1,6}[ \t]+|[-*+•][ \t]+(?:\[[ xX]\][ \t]+)?|>[ \t]?)+"
)
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
    (re.compile(r"± ?(?=\d)"), " plus or minus ", "正负"),
    (re.compile(r"(?<![A-Za-z0-9_.)\]°%’\"'/:-])[-−](?=\d)"), "minus ", "-"),  # of Chinese, wetext takes care
    (re.compile(r"(?<=\d) ?[~～] ?(?=\d)"), " to ", "到"),
    (re.compile(r"(?:≈|(?<![\w~～])[~～]) ?(?=\d)"), " about ", "约"),
    (re.compile(r"[≥⩾] ?(?=[-\d])"), " at least ", "至少"),
    (re.compile(r"[≤⩽] ?(?=[-\d])"), " at most ", "至多"),
    (re.compile(r"(?<=\d)\s{0,3}[*×]\s{0,3}(?=\d)"), " times ", "乘"),
)
_DOTTED = re.compile(
    r"(?<![A-Za-z0-9.])v?\d{1,9}(?:\.\d{1,9}){2,}(?![A-Za-z0-9])", re.I
)  # addresses and versions
_CHINESE_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_FOOTNOTE = re.compile(r"[ \t]{0,3}\[\^?\d{1,3}\]")
_FRACTION = re.compile(r"\\[dt]?frac\{([^{}]{1,200})\}\{([^{}]{1,200})\}")
# "$5 and a_b costs $6" is none: its signs touch what is between them, and no number follows.
_FORMULA = re.compile(r"\$\$?(?=[^$\n]{0,500}[\\^_{=])(?!\s)([^$\n]{1,500})(?<!\s)\$\$?(?!\d)|\\[()\[\]]")
_CARET = re.compile(r"(?<=\w)\^\{?([+-]?\d{1,4})\}?(?!\w)")
_SUPERSCRIPTS = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_PIPES = re.compile(r"\s*\|[\s|]*")
_RAISED = re.compile(r"(?<=\w)([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_POWERS = {"2": " squared", "3": " cubed"}
# Single characters that stand for several.
_WRITTEN_OUT = str.maketrans(
    {"℃": "°C", "℉": "°F", "㎝": "cm", "㎜": "mm", "㎏": "kg", "㎡": "m²"}
    | {"\u00b5": "\u03bc", "\u2126": "\u03a9"}  # the signs for micro and ohm are Greek letters
    # Latin letters and digits as wide as Chinese characters are Latin all the same.
    | {chr(code): chr(code - 0xFEE0) for code in range(0xFF10, 0xFF5B) if chr(code).isalnum()}
)
_MARKS = re.compile(r"[*`~\\^\[\]{}]+")
_SPACE = re.compile(r"\s+")

# Symbols that synthesizers know by name.
_NAMED_SYMBOLS = frozenset("°©®™")


def speakable(text: str) -> str:
    """What should be said for a piece of text; empty if there is nothing to say."""
    text = _LINK.sub(r"\1", _PICTURE.sub("", text.translate(_WRITTEN_OUT)))
    text = _BRACKETED_ADDRESS.sub(r"\1", _ADDRESS.sub(_spoken_address, _FOOTNOTE.sub("", text)))
    text = html.unescape(_TAG.sub(" ", text))
    text = _FORMULA.sub(r"\1", _FRACTION.sub(r"\1 over \2", text))
    text = _CARET.sub(lambda match: match[1].translate(_SUPERSCRIPTS), text)
    text = _RULE.sub(" ", text)
    text = _LINE_START.sub("", text)
    is_chinese = has_chinese(text)
    if is_chinese:
        text = _DOTTED.sub(_chinese_dotted, text)
    for pattern, english, chinese in _SIGNS:
        text = pattern.sub(chinese if is_chinese else english, text)
    text = _PIPES.sub(", ", text)
    text = _MARKS.sub("", text.replace("\\", " "))
    text = text.replace("_", " ")
    text = "".join(map(_spoken_character, text))
    text = _LONG_NUMBER.sub(lambda match: " ".join(match[0]), text)  # digit by digit
    text = numbers_as_words(text) if is_chinese else _english_numbers(text)
    text = _SPACE.sub(" ", text).lstrip(" ,").rstrip()
    return text if any(character.isalnum() for character in text) else ""


def _english_numbers(text: str) -> str:
    """What engines do not say well by themselves; plain numbers, dates, times and money they do."""
    text = _DOTTED.sub(lambda match: match[0].replace(".", " dot "), text)
    for pattern, words in _ENGLISH_WORDS:
        text = pattern.sub(words, text)
    return _RAISED.sub(_spoken_power, _UNIT.sub(_spoken_unit, text))


def _spoken_power(match: re.Match[str]) -> str:
    power = unicodedata.normalize("NFKC", match[1]).replace("\u2212", "-").lstrip("+")
    return _POWERS.get(power, f" to the {power}")


def _chinese_dotted(match: re.Match[str]) -> str:
    return match[0].replace(".", "点").translate(_CHINESE_DIGITS)


def _spoken_address(match: re.Match[str]) -> str:
    host = match[1].rstrip(".,;:!")
    return host + match[0][len(match[0].rstrip(".,;:!")) :]


def _spoken_unit(match: re.Match[str]) -> str:
    singular, plural = _UNITS[match[2]]
    return f"{match[1]} {singular if match[1] == '1' else plural}"


def _spoken_character(character: str) -> str:
    """Itself, or the gap that it leaves."""
    if character in _NAMED_SYMBOLS:
        return character
    category = unicodedata.category(character)
    if category == "Cf":  # within words: soft hyphens, joiners
        return ""
    # Controls, private use, unassigned; symbols such as emoji; the marks that modify them.
    is_symbol = category in {"Cc", "Cs", "Co", "Cn", "So", "Sk", "Me"} or "\ufe00" <= character <= "\ufe0f"
    return " " if is_symbol else character
