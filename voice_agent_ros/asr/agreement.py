# SPDX-License-Identifier: Apache-2.0
"""Local agreement: the words on which two successive decodes of a growing utterance agree will stay."""

from __future__ import annotations

import re

_HAN = "\u3400-\u9fff"
_WORD = re.compile(rf"[{_HAN}][^\w\s]*|[^\s{_HAN}]+")


class StablePrefix:
    """Holds on to words once two successive hypotheses have begun with them (punctuation and case ignored).

    See Liu et al. 2020, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial
    Hypothesis Selection". Chinese is agreed on by character.
    """

    def __init__(self) -> None:
        self._before: list[str] = []
        self._stable: list[str] = []

    def update(self, hypothesis: str) -> tuple[str, int]:
        """Take the next hypothesis.

        Returns:
            the text to show, which begins with everything that was stable before; and how many of its characters
            are stable now.
        """
        words = _WORD.findall(hypothesis)
        agreed = 0
        for old, new in zip(self._before, words, strict=False):
            if _bare(old) != _bare(new):
                break
            agreed += 1
        if agreed > len(self._stable):
            self._stable += words[len(self._stable) : agreed]
            # The end of a hypothesis looks like the end of a sentence; what follows would not fit to it.
            self._stable[-1] = re.sub(r"[^\w\s]+$", "", self._stable[-1]) or self._stable[-1]
        self._before = words
        return _joined([*self._stable, *words[len(self._stable) :]]), len(_joined(self._stable))


def _joined(words: list[str]) -> str:
    """Words with spaces between them, Chinese characters without."""
    return re.sub(rf"(?<=[{_HAN}，。！？、]) (?=[{_HAN}])", "", " ".join(words))


def _bare(word: str) -> str:
    return re.sub(r"[^\w']", "", word).lower()
