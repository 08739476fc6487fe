# SPDX-License-Identifier: Apache-2.0
"""Tells what a model thinks from what it says, where its server passes both on as one text.

Knows `<think>…</think>`, tags cut into pieces of any size, and a closing tag without an opening one: some templates
write the opening tag themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMES = ("think", "thinking", "thought", "reasoning")
_TAG = re.compile(rf"<\s*(/?)\s*(?:{'|'.join(_NAMES)})\s*>", re.IGNORECASE)
_LONGEST = max(map(len, _NAMES)) + 8  # with brackets, slash and some blanks
_BEGUN = re.compile(r"<[\s/]*[a-z]*\s*$", re.IGNORECASE)


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
            closes = bool(match.group(1))
            if self._is_open:
                thoughts += before
            elif closes:
                self.was_unopened = True
                thoughts += self._held + text + before
                self._held, text = "", ""
                self._is_trusted = True
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
