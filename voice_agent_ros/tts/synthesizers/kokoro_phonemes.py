# SPDX-License-Identifier: Apache-2.0
"""Text as the phonemes that Kokoro was trained with: English by hibari's dictionary, Mandarin by misaki."""

from __future__ import annotations

import functools
import itertools
import json
import logging
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from voice_agent_ros.errors import EngineError
from voice_agent_ros.tts.synthesizers.phonemes import Sounds, Vocabulary, english_sounds, in_parts

_HAN_CHARACTER = re.compile("[\u4e00-\u9fff]")
_HAN = re.compile("[\u4e00-\u9fff]+|[^\u4e00-\u9fff]+")
_NOT_SYLLABIC = chr(815)  # a diacritic that Kokoro was not trained with
_WIDE_MARKS = str.maketrans("，。！？；：、（）“”", ",.!?;:,()“”")


class KokoroPhonemes:
    """The dictionaries of some languages.

    Raises:
        EngineError: a library is missing.
    """

    def __init__(self, languages: Sequence[str]) -> None:
        self._mandarin: _Mandarin | None = None
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
            self._mandarin = _Mandarin()

    @property
    def vocabulary(self) -> Vocabulary:
        """Numbers of the phonemes that the model knows."""
        return self._vocabulary

    def of(self, text: str, language: str) -> Iterator[list[Sounds]]:
        """Words with their phonemes, in parts that are short enough for the model."""
        mandarin = self._mandarin if language == "zh" else None
        return in_parts(self._mixed(text, mandarin) if mandarin else english_sounds(self._english, text))

    def _mixed(self, text: str, mandarin: _Mandarin) -> list[Sounds]:
        """Mandarin with names and words in Latin letters."""
        said: list[Sounds] = []
        for is_chinese, characters in itertools.groupby(text, key=_is_chinese):
            run = "".join(characters)
            sounds = mandarin.sounds(run) if is_chinese else english_sounds(self._english, run)
            if not "".join(one.phonemes for one in sounds).strip():
                continue
            if said:
                said[-1] = Sounds(said[-1].text, f"{said[-1].phonemes.rstrip()} ")
            said += sounds
        return [Sounds(one.text, one.phonemes.translate(_WIDE_MARKS)) for one in said]


class _Mandarin:
    """Chinese characters by jieba's words and misaki's phonemes."""

    def __init__(self) -> None:
        try:
            import cn2an
            import jieba
            from misaki.zh import ZHG2P
            from pypinyin import Style, lazy_pinyin
        except ImportError as error:
            raise EngineError(
                f"kokoro's Mandarin needs {error.name}.",
                "Run: pip install 'voice_agent_ros[kokoro]'. Or remove its z… voices.",
            ) from error
        jieba.setLogLevel(logging.WARNING)
        self._numbers_as_words, self._cut = cn2an.transform, jieba.lcut
        self._with_plain_marks, self._phonemes = ZHG2P.map_punctuation, ZHG2P.py2ipa
        self._syllables = functools.partial(lazy_pinyin, style=Style.TONE3, neutral_tone_with_five=True)

    def sounds(self, text: str) -> list[Sounds]:
        """Each character's."""
        text = self._with_plain_marks(self._numbers_as_words(text, "an2cn")) if text.strip() else ""
        said: list[Sounds] = []
        for run in _HAN.findall(text):
            if not _HAN_CHARACTER.match(run):
                said.append(Sounds(run, run))
                continue
            for index, word in enumerate(self._cut(run)):
                if index:
                    said[-1] = Sounds(said[-1].text, f"{said[-1].phonemes} ")
                said += [self._sound(*one) for one in zip(word, self._syllables(word), strict=True)]
        return said

    def _sound(self, character: str, syllable: str) -> Sounds:
        is_known = syllable.isascii()  # what has no reading is given back as it is
        return Sounds(character, self._phonemes(syllable).replace(_NOT_SYLLABIC, "") if is_known else "")


def _is_chinese(character: str) -> bool:
    """Whether misaki is to say it; digits and marks between Chinese characters are its own too."""
    return not (character.isascii() and (character.isalpha() or character in " '-."))
