# SPDX-License-Identifier: Apache-2.0
"""How many tokens a text costs without the model's tokenizer: usually, or at most; what fits into so many.

`usual_tokens` is for what people and we say, which is dropped when it grows: a few too many harm nobody. `most_tokens` is
for what may be written by anybody, as the names that a camera gives: the fixed part of a prompt must hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from voice_agent_ros.intent.wordings import HAN

_PIECES = re.compile(r"[a-z]+|[A-Z]+|[^A-Za-z]")
_VOWEL = re.compile(r"[aeiouy]")
# Counted with Qwen2.5's tokenizer: letters that are words, letters that are none, rare Chinese characters.
_WORDS, _LETTERS, _CHARACTER = 0.55, 0.75, 2.0
_ASCII_PER_TOKEN = 4


def usual_tokens(text: str) -> int:
    """About what words cost: four letters, one digit or sign, one Chinese character or one byte of others to a token.

    Letters that are no words cost up to three times that.
    """
    letters = sum(character.isascii() and (character.isalpha() or character == " ") for character in text)
    others = sum(
        1 if HAN.match(character) else len(character.encode("utf-8", "replace"))
        for character in text
        if not (character.isascii() and (character.isalpha() or character == " "))
    )
    return -(-letters // _ASCII_PER_TOKEN) + others


def most_tokens(text: str) -> float:
    """An upper estimate, whatever the text. Common words cost half of it."""
    return sum(map(_cost, _PIECES.findall(text)))


def within(text: str, tokens: float) -> str:
    """As much of a text as costs no more than this, to the last whole word if it has any."""
    spent = 0.0
    for match in _PIECES.finditer(text):
        spent += _cost(match.group())
        if spent > tokens:
            head = text[: match.start()]
            return head.rpartition(" ")[0] or head
    return text


def as_many(names: Iterable[str], tokens: float) -> list[str]:
    """The first of these names that fit, with a comma each."""
    told: list[str] = []
    for name in names:
        tokens -= most_tokens(name) + 1.0
        if tokens < 0.0:
            break
        told.append(name)
    return told


def _cost(piece: str) -> float:
    if piece.isalpha() and piece.isascii():
        is_word = piece.islower() and _VOWEL.search(piece)
        return max(1.0, len(piece) * (_WORDS if is_word else _LETTERS))
    if piece == " ":
        return 0.0
    return _CHARACTER if HAN.match(piece) else float(len(piece.encode("utf-8", "replace")))
