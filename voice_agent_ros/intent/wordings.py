# SPDX-License-Identifier: Apache-2.0
"""What a sentence looks like before it is matched: one case, one kind of quote, no punctuation."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

HAN = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'", "\u00b4": "'"})
# Soft hyphens, joiners, marks of width zero, variants.
_UNSEEN = dict.fromkeys((0xAD, 0x180E, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10)))
# A full stop or comma between digits belongs to the number, as does a full stop before them: ".5 cm".
_PUNCTUATION = re.compile(
    r"(?<![\d\s])(?<!^)[.,]|(?<!\d),|[.,](?!\d)|[!?;:…\"“”„«»()\[\]{}<>。，、！？；：「」『』（）《》～~*_]"
)
MAX_LENGTH = 1000  # characters; nobody says more in one breath
_REMEMBERED = 2048  # texts; the names of things are asked for again and again


def script_of(text: str, default: str = "en") -> str:
    """ "zh" if the text has Chinese characters, "en" if it has Latin letters, else the default."""
    if HAN.search(text):
        return "zh"
    return "en" if LATIN.search(text) else default


def base_language(tag: str, text: str = "") -> str:
    """Our language for a BCP-47 tag ("zh-CN" → "zh"); from the text's script where the tag does not help."""
    prefix = tag.split("-", maxsplit=1)[0].lower()
    return prefix if prefix in ("en", "zh") else script_of(text)


def visible(text: str) -> str:
    """Without what cannot be seen. Only to find a stop: of other words that hide something nothing is made."""
    return text.translate(_UNSEEN)


def folded(text: str) -> str:
    """NFKC, lower case, straight apostrophes, single spaces; punctuation kept."""
    return _folded(text[:MAX_LENGTH])


def bare(text: str) -> str:
    """`folded` without punctuation: the words as they are matched."""
    return _bare(text[:MAX_LENGTH])


@lru_cache(_REMEMBERED)
def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(_APOSTROPHES).lower().split())


@lru_cache(_REMEMBERED)
def _bare(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", _folded(text)).split())


_NO_FIRST = re.compile(
    r"^(?:no+|nope|nah)(?:,| -|\.|!|(?= (?:the|i|put|pick|take|grab|move|open|close|use|that)\b)) *"
    r"|^不[是对行]?[，,。 ]+(?=.)"
)


def without_leading_no(text: str) -> str:
    """What follows the "no" of a correction: "No, the blue one" → "the blue one". Folds the text."""
    plain = folded(text)
    return _NO_FIRST.sub("", plain) or plain


_SHORT = {
    "whats": "what's",
    "lets": "let's",
    "im": "i'm",
    "gonna": "going to",
    "wanna": "want to",
    "gimme": "give me",
}
_SHORT_EN = re.compile(rf"\b(?:{'|'.join(_SHORT)})\b")
# Heard for one another, where only one of them makes sense.
_HOMOPHONES_EN = (
    (re.compile(r"\bread(?= (?:cube|block|one|bowl|ball|box|brick|cup|thing)s?\b)"), "red"),
    (re.compile(r"\bblew(?= (?:cube|block|one|bowl|ball|box|brick|cup|thing)s?\b)"), "blue"),
)
# "two more centimetres"
_MORE_OF = re.compile(
    r"(?<=[\w]) (?:more|extra|further|additional)(?= (?:mm|cms?|m|milli\w+|centi\w+|met(?:er|re)s?|inch(?:es)?|degrees?)\b)"
)
_HOMOPHONES_ZH = (
    (re.compile(r"[方房芳][快筷]|房块"), "方块"),
    (re.compile(r"兰(?=色|的|方)"), "蓝"),
    (re.compile(r"[晚宛](?=里|中)"), "碗"),
)
_BEFORE_NUMBER = re.compile(r"(?<=[\u4e00-\u9fff])(?=\d+(?:\.\d+)? ?(?:cm|mm|dm|m|in|deg|rad|°)(?![a-z]))")
# "把红 红色的方块": begun twice
_STUTTER_ZH = re.compile(r"([\u4e00-\u9fff]{1,3})(?: +)(?=\1)")
_TRADITIONAL = str.maketrans(
    "別沒會聽說寫問為誰無須請紅綠藍黃黑紫塊積體進裡裏邊麵個這讓請幫煩張開鬆關閉緊動後來還過給們麼嗎東記處間點釐毫舉夾擺裝運轉順時針關節軸復覽繼續撤銷緩遞揮類遠從對將",
    "别没会听说写问为谁无须请红绿蓝黄黑紫块积体进里里边面个这让请帮烦张开松关闭紧动后来还过给们么吗东记处间点厘毫举夹摆装运转顺时针关节轴复览继续撤销缓递挥类远从对将",
)


def plainly(words: str, language: str) -> str:
    """Bare words in the spelling of the sentence files: contractions, simplified characters, homophones."""
    if language == "zh":
        words = _BEFORE_NUMBER.sub(" ", _STUTTER_ZH.sub("", words.translate(_TRADITIONAL)))
        for pattern, meant in _HOMOPHONES_ZH:
            words = pattern.sub(meant, words)
        return words
    for pattern, meant in _HOMOPHONES_EN:
        words = pattern.sub(meant, words)
    words = _MORE_OF.sub("", words)
    return _SHORT_EN.sub(lambda match: _SHORT[match.group()], words)
