# SPDX-License-Identifier: Apache-2.0
"""What of a model's text is for people: not its thinking, not blocks of code, not where links lead, no tags, not our own
marks that it imitates.

For those who speak a reply and for those who remember it."""

from __future__ import annotations

import re

_SKIPPED = {"<think>": "</think>", "<thinking>": "</thinking>", "```": "```", "~~~": "~~~", "<!--": "-->"}
# How the conversation marks a reply that was cut off; a model that imitates it has not been interrupted.
INTERRUPTED = "[interrupted]"
LONGEST = 300  # characters; in a longer tag nobody believes, a longer target of a link is data

# "a <b and c" is no tag: an attribute has a value.
_NAME = r"[a-z][\w:-]*"
_ATTRIBUTE = r"\s+[\w:-]+\s*=\s*(?:\"[^\"<>\n]*\"|'[^'<>\n]*'|[^\s\"'<>=]+)"
_TAG = re.compile(rf"</?{_NAME}(?:{_ATTRIBUTE})*\s*/?>", re.I | re.A)
_TAG_BEGUN = re.compile(
    rf"<(?:/?(?:{_NAME}(?:{_ATTRIBUTE})*(?:\s*/|\s+(?:[\w:-]+\s*(?:=\s*(?:\"[^\"<>\n]*|'[^'<>\n]*)?)?)?)?)?)?",
    re.I | re.A,
)
# Behind "[text]", with its title. What is not ASCII is more likely to be words in parentheses.
_ADDRESS = r"\(\s?<?(?:[!-'*-;=?-~]|\([!-'*-;=?-~]*\))*"
_TITLE = r"\s+(?:\"[^\"\n]*\"|'[^'\n]*')"
_TARGET = re.compile(rf"\]{_ADDRESS}>?(?:{_TITLE})?\s?\)")
_TARGET_BEGUN = re.compile(
    rf"\](?:{_ADDRESS}(?:\([!-'*-;=?-~]*|>?(?:{_TITLE})?\s?|>?\s+(?:\"[^\"\n]*|'[^'\n]*)?))?"
)


class VisibleText:
    """Removes, from a stream of text, what is not for people. Of a link its text stays, in brackets; of a tag, a space."""

    def __init__(self) -> None:
        self._held = ""  # may be the beginning of a mark
        self._until = ""  # the mark that ends what is being skipped

    def feed(self, character: str) -> str:
        """The characters that have become certain to be visible."""
        self._held += character
        shown = ""
        while self._held:
            more = self._skip() if self._until else self._show()
            if more is None:
                break
            shown += more
        return shown

    def _skip(self) -> str | None:
        """Go on in what is left out; None: the next character tells whether it ends."""
        if self._held == self._until:
            self._held = self._until = ""
        elif self._until.startswith(self._held):
            return None
        else:
            self._held = self._held[1:]
        return ""

    def _show(self) -> str | None:
        """What is certain of the beginning of what is held; None: the next character tells."""
        held = self._held.lower()
        shown = ""
        if held in _SKIPPED:
            self._until = _SKIPPED[held]
        elif _TAG.fullmatch(held):
            shown = " "
        elif _TARGET.fullmatch(held):
            shown = "]"
        elif held != INTERRUPTED:
            if any(mark.startswith(held) for mark in (*_SKIPPED, INTERRUPTED)):
                return None
            return self._hold_or_show(held)
        self._held = ""
        return shown

    def _hold_or_show(self, held: str) -> str | None:
        if _is_begun(held):
            if len(held) < LONGEST:
                return None
            if held[0] == "]":
                self._held, self._until = "", ")"
                return "]"
        shown, self._held = self._held[0], self._held[1:]
        return shown

    def finish(self) -> str:
        """What was held back and turns out to be no mark."""
        is_hidden = bool(self._until) or self._held.startswith("](")
        shown, self._held = ("" if is_hidden else self._held), ""
        return shown


def _is_begun(held: str) -> bool:
    """Whether it may become a tag, or where a link leads."""
    if held[0] == "<":
        return bool(_TAG_BEGUN.fullmatch(held))
    return held[0] == "]" and bool(_TARGET_BEGUN.fullmatch(held))
