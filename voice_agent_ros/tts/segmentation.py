# SPDX-License-Identifier: Apache-2.0
"""Cuts text that is still being written into pieces to be spoken: the first one early, the rest by sentences.

Works character by character, so that the cuts do not depend on how the text arrives."""

from __future__ import annotations

import re
from collections import Counter

from voice_agent_ros.visible_text import VisibleText

# Widths count letters and digits, a CJK character as two.
MIN_WIDTH = 3  # below it a piece is a scrap and waits for company
STARTER_WIDTH = 8  # the first piece may end at a comma from here on
WIDE_STARTER_WIDTH = 4  # or at a Chinese one: two characters sound natural
FLUSH_WIDTH = 16  # when the listener would have to wait, a piece may end between two words from here on
CLAUSE_WIDTH = 60  # later pieces may end at a comma from here on
SPACE_WIDTH = 140  # a piece may end at any space from here on
HARD_LENGTH = 240  # characters; no piece is longer than this

_SENTENCE = ".!?…"
_WIDE_SENTENCE = "。！？"
_CLAUSE = ",;:—–"
_WIDE_CLAUSE = "，；：、"
# After these, a cut between two Chinese characters tears no word.
_PARTICLES = "的了着过里上下边面后吗呢吧"
_CLOSERS = "\"')]}”’»」』）】*_"

# A full stop after these never ends a sentence.
_ABBREVIATIONS = frozenset(
    {"dr", "mr", "mrs", "ms", "prof", "st", "mt", "gen", "col", "sgt", "capt", "lt", "rev", "hon"}
    | {"vs", "e.g", "i.e", "approx", "ca", "cf", "al", "max", "min", "temp"}
)
# After these it may: the next word tells, by being a number or starting in lower case.
_AMBIGUOUS = frozenset(
    {"no", "etc", "a.m", "p.m", "fig", "figs", "nr", "vol", "inc", "jr", "sr", "ltd", "co", "ph.d"}
    | {"u.s", "sec", "ft", "in", "pp", "ext", "ch", "eq", "tel", "dept", "ave", "jan", "feb", "mar", "apr"}
    | {"jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon", "tue", "wed", "thu", "fri", "sat"}
)

_NEXT_WORD = re.compile(r"\s*\S+")
_LIST_NUMBER = re.compile(r"(?:^|[\u3000-\u303f\uff00-\uffef])\s*\d{1,9}\.+$")  # also within a Chinese line


class Segmenter:
    """Segments of one reply. Joined, they are the visible text, white space included."""

    def __init__(self) -> None:
        self._visible = VisibleText()
        self._held = ""
        self._width = 0
        self._undecided = 0  # length of a segment that ends here if the next word says so
        self._is_first = True
        self.flushes: Counter[str] = (
            Counter()
        )  # why pieces ended: starter, punctuation, length, timeout, delivery, end

    @property
    def is_holding(self) -> bool:
        """There is enough for a piece, but no reason to end it."""
        return self._width >= FLUSH_WIDTH

    def flush(self) -> list[str]:
        """The listener would have to wait for the end of this piece: what can be said of it now."""
        segments: list[str] = []
        head, _ = split_early(self._held, self._width)
        if head:
            self._cut(len(head), segments, "timeout")
        return segments

    def end_here(self) -> list[str]:
        """What follows is said in another way: a segment must not reach over this point."""
        segments: list[str] = []
        if self._held:
            self._cut(len(self._held), segments, "delivery")
        return segments

    def feed(self, text: str) -> list[str]:
        """Add text; returns the segments that are complete now."""
        segments: list[str] = []
        for character in text:
            for visible in self._visible.feed(character):
                self._take(visible, segments)
        return segments

    def finish(self) -> list[str]:
        """The text is complete; returns what is left."""
        segments: list[str] = []
        for visible in self._visible.finish():
            self._take(visible, segments)
        if self._held:
            self._cut(len(self._held), segments, "end")
        return segments

    def _take(self, character: str, segments: list[str]) -> None:
        """Decide, with `character` as look-ahead, whether what is held ends before it."""
        if self._undecided and not character.isspace():
            if not (character.islower() or character.isdigit()):
                self._cut(self._undecided, segments, "punctuation")
            self._undecided = 0
        elif not self._undecided and self._held and self._ends_before(character):
            if character == " " and _last_word(self._held) in _AMBIGUOUS:
                self._undecided = len(self._held)
            else:
                is_long = len(self._held) >= HARD_LENGTH or self._width >= SPACE_WIDTH
                self._cut(len(self._held), segments, "length" if is_long else "punctuation")
        self._held += character
        self._width += _width(character)

    def _ends_before(self, character: str) -> bool:
        if len(self._held) >= HARD_LENGTH:
            return True
        if self._width < MIN_WIDTH or character in _CLOSERS:
            return False
        if character == "\n" or (character.isspace() and self._width >= SPACE_WIDTH):
            return True
        body = self._held.rstrip(_CLOSERS)
        last = body[-1:]
        if last in _WIDE_SENTENCE:
            return character not in _WIDE_SENTENCE + _SENTENCE
        may_end_here = character.isspace() or is_wide(character)
        if last in _SENTENCE:
            return may_end_here and not (last == "." and _is_no_sentence_end(body))
        starter = WIDE_STARTER_WIDTH if last in _WIDE_CLAUSE else STARTER_WIDTH
        enough = self._width >= (starter if self._is_first else CLAUSE_WIDTH)
        return enough and (last in _WIDE_CLAUSE or (last in _CLAUSE and may_end_here))

    def _cut(self, length: int, segments: list[str], reason: str) -> None:
        self.flushes["starter" if self._is_first else reason] += 1
        segments.append(self._held[:length])
        self._held = self._held[length:]
        self._width = sum(map(_width, self._held))
        self._undecided = 0
        self._is_first = False


def split_early(text: str, width: int) -> tuple[str, str]:
    """A beginning of at most this width that can be said by itself, and the rest; ("", text) if there is none.

    It ends after a comma, else between words or Chinese characters, best behind a particle, and neither part is a scrap.
    """
    total, so_far, best = text_width(text), 0, (0, 0)
    is_word = False  # what stands between spaces; signs alone are a heading's, a list's, a sum's
    for index, character in enumerate(text):
        so_far += _width(character)
        is_word = character.isalnum() or (is_word and not character.isspace())
        if so_far > width:
            break
        following = text[index + 1 : index + 2]
        if so_far < FLUSH_WIDTH // 2 or 0 < total - so_far < MIN_WIDTH:
            continue
        is_clause = character in _WIDE_CLAUSE or (character in _CLAUSE and following.isspace())
        is_between = (is_word and following.isspace() and _begins_with_word(text, index + 1)) or (
            is_wide(character) and character.isalnum() and is_wide(following or " ")
        )
        if is_clause:
            rank = 4
        elif not is_between or following in tuple(_WIDE_CLAUSE + _WIDE_SENTENCE):
            rank = 0
        elif character.isdigit():  # "0.6 m" had better stay whole
            rank = 1
        else:
            rank = 3 if character in _PARTICLES and 4 * so_far >= 3 * width else 2
        if rank and rank >= best[0]:
            best = (rank, index + 1)
    return text[: best[1]], text[best[1] :]


def _begins_with_word(text: str, at: int) -> bool:
    """Whether a word, and not a sign, is what comes first from there on."""
    following = _NEXT_WORD.match(text, at)
    return following is not None and any(map(str.isalnum, following[0]))


def text_width(text: str) -> int:
    """How much there is to say: letters and digits, a CJK character as two."""
    return sum(map(_width, text))


def _is_no_sentence_end(body: str) -> bool:
    """Whether the full stop at the end belongs to an abbreviation, an initial or the number of a list."""
    word = _last_word(body)
    is_initial = len(word) == 1 and word.isalpha() and body[-2].isupper() and word != "i"
    is_list_number = bool(_LIST_NUMBER.search(body))
    return word in _ABBREVIATIONS or is_initial or is_list_number


def _last_word(body: str) -> str:
    words = body.rstrip(_CLOSERS).rstrip(".").split()
    return words[-1].lstrip("(\"'“‘*_").lower() if words else ""


def is_wide(character: str) -> bool:
    """Whether it is a CJK character."""
    return (
        "\u2e80" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\uff00" <= character <= "\uffef"
    )


def _width(character: str) -> int:
    if not character.isalnum():
        return 0
    return 2 if is_wide(character) else 1
