# SPDX-License-Identifier: Apache-2.0
"""Local agreement: the words on which two successive decodes of a growing utterance agree will stay."""

from __future__ import annotations

import re

_WORD = re.compile(r"\S+\s*")


def stable_prefix(before: str, after: str) -> int:
    """How many characters of `after` are words that both decodes begin with (punctuation and case ignored).

    See Liu et al. 2020, "Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial
    Hypothesis Selection".
    """
    length = 0
    for old, new in zip(_WORD.finditer(before), _WORD.finditer(after), strict=False):
        if _bare(old.group()) != _bare(new.group()):
            break
        length = new.end()
    return length


def _bare(word: str) -> str:
    return re.sub(r"[^\w']", "", word).lower()
