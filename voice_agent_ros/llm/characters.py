# SPDX-License-Identifier: Apache-2.0
"""Text as topics, files and requests can carry it: whole characters, and none that would end a string."""

from __future__ import annotations

# All but tab and line end: a message on a topic ends at the first NUL, and nobody reads the others.
_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])
_HIGH = ("\ud800", "\udbff")


class WholeCharacters:
    """Takes text in pieces of any size. Some servers cut a character beyond the first 65,536 into two halves."""

    def __init__(self) -> None:
        self._half = ""

    def feed(self, piece: str) -> str:
        """What is whole by now."""
        text = self._half + piece
        self._half = text[-1:] if _HIGH[0] <= text[-1:] <= _HIGH[1] else ""
        return plain(text.removesuffix(self._half) if self._half else text)


def plain(text: str) -> str:
    """The text with its halves joined, a mark for each that stands alone, and without control characters."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.translate(_CONTROLS)
