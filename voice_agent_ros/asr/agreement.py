# SPDX-License-Identifier: Apache-2.0
"""Local agreement: the words on which two successive decodes of a growing utterance agree will stay."""

from __future__ import annotations

import re

_WORD = re.compile(r"[\u3400-\u9fff][^\w\s]*|[^\s\u3400-\u9fff]+\s*|\s+")


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
        words = _WORD.findall(hypothesis.strip())
        agreed = 0
        for old, new in zip(self._before, words, strict=False):
            if _bare(old) != _bare(new):
                break
            agreed += 1
        if agreed > len(self._stable):
            self._stable += words[len(self._stable) : agreed]
            # The end of a hypothesis looks like the end of a sentence; what follows would not fit to it.
            self._stable[-1] = re.sub(r"[^\w\s]+(\s*)$", r"\1", self._stable[-1]) or self._stable[-1]
        self._before = words
        stable = "".join(self._stable)
        rest = "".join(words[len(self._stable) :])
        if stable and rest and rest[0].isascii() and not stable[-1].isspace():
            stable += " "
        return (stable + rest).rstrip(), len(stable.rstrip())


def _bare(word: str) -> str:
    return re.sub(r"[^\w']", "", word).lower()
