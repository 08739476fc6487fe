# SPDX-License-Identifier: Apache-2.0
"""Cuts a reply that is still being written into clauses, so that speaking can begin with the first."""

from __future__ import annotations

import re

MIN_CHARACTERS = 12  # a shorter clause is spoken with the next one
MAX_CHARACTERS = 160
_END = re.compile(r"[.!?;:,](?=\s)|[。！？；，：]|\n")
# Symbols that nobody can say.
_UNSPEAKABLE = re.compile(r"[*_#`|<>{}\[\]\\]")


class Clauses:
    """Takes text in pieces of any size, gives clauses."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> list[str]:
        """Clauses that are complete now, trailing space included."""
        self._held += _UNSPEAKABLE.sub(" ", text)
        found: list[str] = []
        start = 0
        for match in _END.finditer(self._held):
            minimum = MIN_CHARACTERS if match.group().isascii() else MIN_CHARACTERS // 3
            if match.end() - start >= minimum:
                found.append(self._held[start : match.end()])
                start = match.end()
        self._held = self._held[start:]
        while len(self._held) > MAX_CHARACTERS:
            at = self._held.rfind(" ", 0, MAX_CHARACTERS) + 1 or MAX_CHARACTERS
            found.append(self._held[:at])
            self._held = self._held[at:]
        return found

    def finish(self) -> str:
        """What is left."""
        held, self._held = self._held, ""
        return held
