# SPDX-License-Identifier: Apache-2.0
"""Tells what a model thinks from what it says, where its server passes both on as one text.

Knows `<think>…</think>` and what other models write for it, tags cut into pieces of any size, tags inside of each
other, and a closing tag without an opening one: some templates write the opening tag themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = "(?:seed:)?(?:think|thinking|thought|reasoning)"
# One group for each kind of tag; what it holds tells a closing one.
_TAG = re.compile(
    rf"(?i:<\s*(/?)\s*{_NAME}(?:\s[^<>]{{0,24}})?>)|\[(/?)THINK\]|\u25c1(/?)think\u25b7|<\|(begin|end)_of_thought\|>"
)
_LONGEST = 48  # with brackets, slash, some blanks and an attribute
_BEGUN = re.compile(
    rf"(?i:<[\s/]*(?:{_NAME}\s[^<>]*|[a-z:]*\s*))$|\[/?[A-Z]*$|\u25c1/?[a-z]*$|<\|[a-z_]*\|?$"
)
_CLOSING = ("/", "end")


@dataclass(frozen=True)
class Told:
    """A piece of a reply, taken apart."""

    text: str = ""
    thoughts: str = ""


class Thoughts:
    """Takes a reply in pieces.

    Args:
        is_trusted: this model is known to open its thoughts with a tag, or to have none. Otherwise everything is held
            back to the end, or to a closing tag: it may have been thoughts all along.

    Attributes:
        count: thinking was seen.
        was_unopened: thoughts came that no tag had opened.
    """

    def __init__(self, *, is_trusted: bool = True) -> None:
        self._is_trusted = is_trusted
        self._is_open = False
        self._inner = 0  # thoughts that were opened within thoughts
        self._rest = ""  # may become a tag
        self._held = ""  # may turn out to be thoughts
        self.was_seen = False
        self.was_unopened = False

    @property
    def is_open(self) -> bool:
        """Whether the model is thinking now."""
        return self._is_open

    def feed(self, piece: str) -> Told:
        """What is certain now."""
        self._rest += piece
        text, thoughts = "", ""
        while match := _TAG.search(self._rest):
            before, self._rest = self._rest[: match.start()], self._rest[match.end() :]
            closes = any(mark in _CLOSING for mark in match.groups())
            if self._is_open:
                thoughts += before
                self._inner += not closes
                if closes and self._inner:  # what follows may belong to the outer ones
                    self._is_trusted = False
            elif closes:
                self.was_unopened = self.was_unopened or not self._inner
                self._inner = max(self._inner - 1, 0)
                thoughts += self._held + text + before
                self._held, text = "", ""
                self._is_trusted = not self._inner
            else:
                text += self._kept(before)
            self.was_seen = True
            self._is_open = not closes
        certain = len(self._rest)
        if begun := _BEGUN.search(self._rest, max(0, certain - _LONGEST)):
            certain = begun.start()
        before, self._rest = self._rest[:certain], self._rest[certain:]
        if self._is_open:
            thoughts += before
        else:
            text += self._kept(before)
        return Told(text, thoughts)

    def finish(self) -> Told:
        """What is left. Thoughts that were never closed stay thoughts."""
        rest, self._rest = self._rest, ""
        held, self._held = self._held, ""
        return Told(thoughts=rest) if self._is_open else Told(text=held + rest)

    def _kept(self, text: str) -> str:
        if self._is_trusted:
            return text
        self._held += text
        return ""


def without_thoughts(text: str) -> str:
    """A whole reply without what its author thought."""
    thoughts = Thoughts(is_trusted=False)
    return thoughts.feed(text).text + thoughts.finish().text
