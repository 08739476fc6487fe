# SPDX-License-Identifier: Apache-2.0
"""When the words of a written text sound, from the words that the engine said: "3.5 cm" was "3.5 centimeters"."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from voice_agent_ros.tts.segmentation import is_wide
from voice_agent_ros.tts.synthesizer import Word

DIGIT_WEIGHT = 4.0  # "29" is nine letters long when it is spoken
WIDE_WEIGHT = 3.0  # a Chinese character is a syllable
FINAL_WEIGHT = 2.0  # the last word before a mark or the end is drawn out


@dataclass(frozen=True)
class Written:
    """A word of a text.

    Attributes:
        end: index in the text behind it and its marks.
        weight: about how long it takes to say, in letters.
        key: its letters and digits.
    """

    end: int
    weight: float
    key: str


def written_words(text: str) -> list[Written]:
    """A text's words; a script without spaces has a word for each character."""
    words: list[Written] = []
    weight, begun = 0.0, 0
    for index, character in enumerate(text):
        weight += weight_of(character)
        following = text[index + 1 : index + 2]
        is_inside = character.isascii() and following.isascii() and not following.isspace()
        if (following and is_inside) or character.isspace():
            continue
        if weight:
            is_final = not character.isalnum() or not any(map(str.isalnum, text[index + 1 :]))
            final = FINAL_WEIGHT if is_final else 0.0
            words.append(Written(index + 1, weight + final, _key(text[begun : index + 1])))
            weight, begun = 0.0, index + 1
        elif words:  # a mark by itself belongs to the word before it
            words[-1] = Written(index + 1, words[-1].weight, words[-1].key)
    return words


def spans_of(text: str, said: Sequence[Word]) -> list[tuple[Written, int, int]]:
    """From which sample to which each word of a text sounds; words behind the last that was said are left out."""
    written = written_words(text)
    told = [word for word in said if _key(word.text)]
    matcher = difflib.SequenceMatcher(
        None, [word.key for word in written], [_key(word.text) for word in told], autojunk=False
    )
    spans: list[tuple[Written, int, int]] = []
    for _, i, j, m, n in matcher.get_opcodes():
        if i == j and m < n and spans:  # more was said of the word before: "$29" is "29 dollars"
            word, start, _ = spans[-1]
            spans[-1] = (word, start, told[n - 1].end)
        elif m < n:
            spans += _shared(written[i:j], told[m:n])
        elif n < len(told):  # not said, but what follows was
            at = spans[-1][2] if spans else 0
            spans += [(word, at, at) for word in written[i:j]]
    return spans


def _shared(written: Sequence[Written], told: Sequence[Word]) -> list[tuple[Written, int, int]]:
    """One for one, or else by their letters."""
    if len(written) == len(told):
        return [(word, one.start, one.end) for word, one in zip(written, told, strict=True)]
    total = sum(word.weight for word in written)
    spans, at = [], float(told[0].start)
    for word in written:
        end = at + (told[-1].end - told[0].start) * word.weight / total
        spans.append((word, round(at), round(end)))
        at = end
    return spans


def _key(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def weight_of(character: str) -> float:
    """About how long it takes to say, in letters."""
    if not character.isalnum():
        return 0.0
    if character.isdigit():
        return DIGIT_WEIGHT
    return WIDE_WEIGHT if is_wide(character) else 1.0
