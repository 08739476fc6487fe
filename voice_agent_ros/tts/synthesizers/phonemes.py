# SPDX-License-Identifier: Apache-2.0
"""Words and their phonemes, and when each of them sounds: by the durations that hibari and Kokoro predict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice_agent_ros.tts.synthesizer import Word, moved

MAX_PHONEMES = 400  # the models take 510, but long ones get hurried
DURATION_SAMPLES = 600  # in both models a duration counts fortieths of a second, at 24 kHz
# Behind pauses, what these models say begins 45 ms before the durations say so (median of 174 onsets).
EARLY_SAMPLES = 1080
_CLAUSE_MARKS = tuple(".!?;:,—…")
_MARKS = frozenset(' .,!?;:—…"“”()')
_MODEL_GRAPH, _GRAPH_OUTPUT, _VALUE_NAME = 7, 12, 1  # numbers of fields in onnx.proto


@dataclass(frozen=True)
class Sounds:
    """A word, or a mark, and its phonemes with the space behind it."""

    text: str
    phonemes: str


Vocabulary = Mapping[str, int]


def english_sounds(g2p: Any, text: str) -> list[Sounds]:
    """By hibari's dictionary."""
    from hibari.g2p.normalize import normalize

    tokens = g2p.phonemize_tokens(g2p.tokenize(normalize(text)))
    return [Sounds(one.text, (one.phonemes or "") + (" " if one.whitespace else "")) for one in tokens]


def in_parts(sounds: Iterable[Sounds]) -> Iterator[list[Sounds]]:
    """Parts that are short enough for a model, of whole clauses where that is possible."""
    part: list[Sounds] = []
    for clause in _clauses(sounds):
        if part and _length(part) + _length(clause) > MAX_PHONEMES:
            yield part
            part = []
        part += clause
        while _length(part) > MAX_PHONEMES:  # without a mark: between words, or anywhere at worst
            head = _fitting(part)
            yield head
            part = part[len(head) :]
    if part:
        yield part


def _clauses(sounds: Iterable[Sounds]) -> Iterator[list[Sounds]]:
    clause: list[Sounds] = []
    for one in sounds:
        whole = one.phonemes
        while len(whole) > MAX_PHONEMES:
            clause.append(Sounds(one.text, whole[:MAX_PHONEMES]))
            whole = whole[MAX_PHONEMES:]
        clause.append(Sounds(one.text, whole))
        if one.phonemes.rstrip().endswith(_CLAUSE_MARKS):
            yield clause
            clause = []
    if clause:
        yield clause


def _fitting(part: list[Sounds]) -> list[Sounds]:
    count = 1
    while count < len(part) and _length(part[: count + 1]) <= MAX_PHONEMES:
        count += 1
    return part[:count]


def _length(part: Iterable[Sounds]) -> int:
    return sum(len(one.phonemes) for one in part)


def ids_of(part: Sequence[Sounds], vocabulary: Vocabulary) -> list[int]:
    """As the models take them, framed by pads. What they do not know is left out."""
    phonemes = "".join(one.phonemes for one in part).strip()
    return [0, *(vocabulary[mark] for mark in phonemes if mark in vocabulary), 0]


def words_in(
    part: Sequence[Sounds], vocabulary: Vocabulary, durations: NDArray[np.float32]
) -> tuple[Word, ...]:
    """When each word sounds. A pause at a mark belongs to none, the space between two words to both.

    Args:
        durations: of each of the ids of this part.
    """
    edges = [0, *(np.cumsum(durations.ravel()) * DURATION_SAMPLES).round().astype(int).tolist()]
    words: list[Word] = []
    at, last, is_begun = 1, 0, False  # the first one is a pad
    for one in part:
        marks = [mark for mark in one.phonemes if mark in vocabulary]
        if not is_begun:
            marks = list("".join(marks).lstrip())
        is_begun = is_begun or bool(marks)
        sounding = [at + index for index, mark in enumerate(marks) if mark not in _MARKS]
        if sounding and sounding[-1] + 1 < len(edges):
            start, end = edges[sounding[0]], edges[sounding[-1] + 1]
            if words and last >= sounding[0] - 2:
                start = (words[-1].end + start) // 2
                words[-1] = replace(words[-1], end=start)
            words.append(Word(one.text, start, end))
            last = sounding[-1]
        at += len(marks)
    return moved(words, -EARLY_SAMPLES)


def with_output(model: bytes, name: str) -> bytes:
    """A model in ONNX's format that also gives an inner tensor, as its last output.

    Of a message that is appended to another one, protobuf reads the fields as if they stood in it.
    """
    value = _field(_VALUE_NAME, name.encode())
    return model + _field(_MODEL_GRAPH, _field(_GRAPH_OUTPUT, value))


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
