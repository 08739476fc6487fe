# SPDX-License-Identifier: Apache-2.0
"""Cuts a reply that is still being written into clauses, so that speaking can begin with the first."""

from __future__ import annotations

import re

from voice_agent_ros.tts.segmentation import is_wide
from voice_agent_ros.visible_text import VisibleText

MIN_CHARACTERS = 12  # a shorter clause is spoken with the next one
MAX_CHARACTERS = 48  # so much is passed on without punctuation; the mouth decides where to breathe
MAX_WIDE_CHARACTERS = 12  # of Chinese
_END = re.compile(r"[.!?;:,](?=\s)|[。！？；，：]|\n")


class Clauses:
    """Takes text in pieces of any size, gives clauses."""

    def __init__(self) -> None:
        self._held = ""
        self._visible = VisibleText()

    def feed(self, text: str) -> list[str]:
        """Clauses that are complete now, trailing space included."""
        # Marks stay: only the mouth knows which of them are words ("2 < 3") and which are pauses (a table's).
        self._held += "".join(map(self._visible.feed, text))
        found: list[str] = []
        start = 0
        for match in _END.finditer(self._held):
            minimum = MIN_CHARACTERS if match.group().isascii() else MIN_CHARACTERS // 3
            if match.end() - start >= minimum:
                found.append(self._held[start : match.end()])
                start = match.end()
        self._held = self._held[start:]
        while len(self._held) > (limit := _limit(self._held)):
            at = self._held.rfind(" ", 0, limit) + 1 or limit
            found.append(self._held[:at])
            self._held = self._held[at:]
        return found

    def finish(self) -> str:
        """What is left."""
        held, self._held = self._held + self._visible.finish(), ""
        return held


def _limit(text: str) -> int:
    """How much is held without punctuation."""
    return MAX_WIDE_CHARACTERS if is_wide(text.lstrip()[:1] or " ") else MAX_CHARACTERS
