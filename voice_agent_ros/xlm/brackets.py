# SPDX-License-Identifier: Apache-2.0
"""Brackets and quotes in written calls, each character looked at once: a reply may be thousands of commas."""

from __future__ import annotations


class Brackets:
    """How deep a text that comes in pieces is inside of brackets, quotes respected.

    Attributes:
        has_any: there was an opening one, quoted or not.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._is_escaped = False
        self.has_any = False

    @property
    def depth(self) -> int:
        """Brackets that are open; within quotes at least one."""
        return max(self._depth, 1) if self._quote else self._depth

    def feed(self, text: str) -> None:
        """More of the text."""
        for character in text:
            self._take(character)

    def _take(self, character: str) -> None:
        if character in "([{":
            self.has_any = True
        if self._quote:
            if self._is_escaped:
                self._is_escaped = False
            elif character == "\\":
                self._is_escaped = True
            elif character == self._quote:
                self._quote = ""
        elif character in "\"'":
            self._quote = character
        elif character in "([{":
            self._depth += 1
        elif character in ")]}":
            self._depth -= 1


def split_top(text: str, separators: str) -> list[str]:
    """Split at separators outside of brackets and quotes; no empty pieces."""
    pieces, start, brackets = [], 0, Brackets()
    for index, character in enumerate(text):
        if character in separators and brackets.depth == 0:
            pieces.append(text[start:index])
            start = index + 1
            brackets = Brackets()
        else:
            brackets.feed(character)
    pieces.append(text[start:])
    return [piece for piece in pieces if piece.strip()]
