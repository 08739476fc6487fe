# SPDX-License-Identifier: Apache-2.0
"""Text as the phonemes that Kokoro was trained with: English by hibari's dictionary, Mandarin by misaki."""

from __future__ import annotations

import itertools
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import EngineError

MAX_PHONEMES = 400  # it takes 510, but long ones get hurried
_CLAUSE = re.compile(r"(?<=[.!?;:,—…])\s*")
_WIDE_MARKS = str.maketrans("，。！？；：、（）“”", ",.!?;:,()“”")


class KokoroPhonemes:
    """The dictionaries of some languages.

    Raises:
        EngineError: a library is missing.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self._mandarin: Any = None
        try:
            from hibari import tts as hibari
            from hibari.g2p import G2P
        except ImportError as error:
            raise EngineError(
                "kokoro needs hibari's dictionary.", "Run: pip install hibari-tts==0.2.1"
            ) from error
        self._english: Any = G2P(british=False)
        # The same numbers as in Kokoro's own config.json; test/tts compares them.
        vocabulary = Path(hibari.ASSETS) / "vocab.json"
        self._vocabulary: dict[str, int] = json.loads(vocabulary.read_text(encoding="utf-8"))
        if "zh" in languages:
            self._mandarin = _mandarin()

    def ids(self, phonemes: str) -> list[int]:
        """As the model takes them, framed by pads. What it does not know is left out."""
        known = [self._vocabulary[mark] for mark in phonemes if mark in self._vocabulary]
        return [0, *known, 0]

    def of(self, text: str, language: str) -> Iterator[str]:
        """Phonemes, in parts that are short enough for the model."""
        whole = self._mixed(text) if language == "zh" and self._mandarin else str(self._english(text) or "")
        part = ""
        for clause in _CLAUSE.split(whole):
            for piece in _short(clause):
                if part and len(part) + len(piece) + 1 > MAX_PHONEMES:
                    yield part
                    part = ""
                part = f"{part} {piece}" if part else piece
        if part:
            yield part

    def _mixed(self, text: str) -> str:
        """Mandarin with names and words in Latin letters."""
        said: list[str] = []
        for is_chinese, characters in itertools.groupby(text, key=_is_chinese):
            run = "".join(characters)
            if is_chinese:
                phonemes, _ = self._mandarin(run)
                said.append(str(phonemes).strip())
            else:
                said.append(str(self._english(run) or "").strip())
        return " ".join(filter(None, said)).translate(_WIDE_MARKS)


def _is_chinese(character: str) -> bool:
    """Whether misaki is to say it; digits and marks between Chinese characters are its own too."""
    return not (character.isascii() and (character.isalpha() or character in " '-."))


def _short(clause: str) -> Iterator[str]:
    """A clause without a mark can still be too long: cut between words, or anywhere at worst."""
    while len(clause) > MAX_PHONEMES:
        at = clause.rfind(" ", 1, MAX_PHONEMES)
        at = at if at > 0 else MAX_PHONEMES
        yield clause[:at]
        clause = clause[at:].lstrip()
    if clause:
        yield clause


def _mandarin() -> Any:
    try:
        import jieba
        from misaki import zh
    except ImportError as error:
        raise EngineError(
            f"kokoro's Mandarin needs {error.name}.",
            "Run: pip install 'voice_agent_ros[kokoro]'. Or remove its z… voices.",
        ) from error
    jieba.setLogLevel(logging.WARNING)
    return zh.ZHG2P()
