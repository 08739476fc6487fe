# SPDX-License-Identifier: Apache-2.0
"""What of a model's text is for people: not its thinking, not blocks of code, not our own marks that it imitates.

For those who speak a reply and for those who remember it."""

from __future__ import annotations

_THINK_TAGS = ("<think>", "<thinking>")
_FENCES = ("```", "~~~")
# How the conversation marks a reply that was cut off; a model that imitates it has not been interrupted.
INTERRUPTED = "[interrupted]"


class VisibleText:
    """Removes, from a stream of text, a model's thinking, blocks of code and imitated marks of interruption."""

    def __init__(self) -> None:
        self._held = ""  # may be the beginning of a mark
        self._until = ""  # the mark that ends what is being skipped

    def feed(self, character: str) -> str:
        """The characters that have become certain to be visible."""
        self._held += character
        shown = ""
        while self._held:
            marks = (self._until,) if self._until else (*_THINK_TAGS, *_FENCES, INTERRUPTED)
            held = self._held if self._until else self._held.lower()
            if held == INTERRUPTED and not self._until:
                self._held = ""
            elif held in marks:
                self._until = "" if self._until else _end_mark(self._held)
                self._held = ""
            elif any(mark.startswith(held) for mark in marks):
                break
            else:
                shown += "" if self._until else self._held[0]
                self._held = self._held[1:]
        return shown

    def finish(self) -> str:
        """What was held back and turns out to be no mark."""
        shown, self._held = ("" if self._until else self._held), ""
        return shown


def _end_mark(mark: str) -> str:
    return mark.replace("<", "</")
