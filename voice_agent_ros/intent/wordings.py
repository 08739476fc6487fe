# SPDX-License-Identifier: Apache-2.0
"""What a sentence looks like before it is matched: one case, one kind of quote, no punctuation."""

from __future__ import annotations

import re
import unicodedata

HAN = re.compile(r"[\u3400-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "`": "'", "\u00b4": "'"})
# A full stop or comma between digits belongs to the number.
_PUNCTUATION = re.compile(
    r"(?<!\d)[.,]|[.,](?!\d)|[!?;:…\"“”„«»()\[\]{}<>。，、！？；：「」『』（）《》～~*_]"
)
_MAX_LENGTH = 1000  # characters; nobody says more in one breath


def script_of(text: str, default: str = "en") -> str:
    """ "zh" if the text has Chinese characters, "en" if it has Latin letters, else the default."""
    if HAN.search(text):
        return "zh"
    return "en" if LATIN.search(text) else default


def base_language(tag: str, text: str = "") -> str:
    """Our language for a BCP-47 tag ("zh-CN" → "zh"); from the text's script where the tag does not help."""
    prefix = tag.split("-", maxsplit=1)[0].lower()
    return prefix if prefix in ("en", "zh") else script_of(text)


def folded(text: str) -> str:
    """NFKC, lower case, straight apostrophes, single spaces; punctuation kept."""
    text = unicodedata.normalize("NFKC", text[:_MAX_LENGTH]).translate(_APOSTROPHES).lower()
    return " ".join(text.split())


def bare(text: str) -> str:
    """`folded` without punctuation: the words as they are matched."""
    return " ".join(_PUNCTUATION.sub(" ", folded(text)).split())


_NO_FIRST = re.compile(
    r"^(?:no+|nope|nah)(?:,| -|\.|!|(?= (?:the|i|put|pick|take|grab|move|open|close|use|that)\b)) *"
    r"|^不[是对行]?[，,。 ]+(?=.)"
)


def without_leading_no(text: str) -> str:
    """What follows the "no" of a correction: "No, the blue one" → "the blue one". Folds the text."""
    plain = folded(text)
    return _NO_FIRST.sub("", plain) or plain
