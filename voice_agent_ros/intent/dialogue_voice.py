# SPDX-License-Identifier: Apache-2.0
"""What the dialogue gives to the mouth: sentences, answers that are still being written, and signs without words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from voice_agent_ros.intent.phrases import phrase
from voice_agent_ros.intent.turn import Kind, Piece, Turn
from voice_agent_ros.intent.wordings import HAN, LATIN
from voice_agent_ros.llm.clauses import Clauses
from voice_agent_ros.llm.conversation import unmarked

CHINESE_SHARE = 3  # a character says as much as three letters
MAX_TEXT_CHARACTERS = 20_000  # of an answer, shown or spoken
_SENTENCE_ENDS = ".!?。！？\n"
_WRONG_LANGUAGE_WORDS = 3  # a name or two may be of another language


class WrongLanguage(Exception):
    """The model answers in a language that the person did not use."""


@dataclass
class _Stream:
    """An answer that is being written."""

    clauses: Clauses = field(default_factory=Clauses)
    index: int = 0
    whole: str = ""
    spoken: int = 0
    has_words: bool = False  # not only marks
    is_cut: bool = False  # the rest is shown, not spoken


class Voice:
    """Makes pieces of replies.

    Args:
        say: takes each piece.
        spoken_characters: of one answer.
        ros_now: s.
    """

    def __init__(
        self, say: Callable[[Piece], None], spoken_characters: int, ros_now: Callable[[], float]
    ) -> None:
        self._say, self._limit, self._ros_now = say, spoken_characters, ros_now
        self._streams: dict[str, _Stream] = {}

    def has_begun(self, turn: Turn) -> bool:
        """Whether part of an answer to this turn has been said, and more was to come."""
        return turn.heard.turn_id in self._streams

    def say(self, turn: Turn, text: str, kind: Kind, reply_id: str = "") -> None:
        """A reply that is complete."""
        reply_id = reply_id or f"{turn.heard.turn_id}-{kind}{len(turn.replies)}"
        short = self._shortened(text, turn.language) if kind == "answer" else text
        self._piece(turn, reply_id, 0, short, kind, is_last=True)
        if short != text:
            self._show(turn, text)

    def earcon(self, session_id: str, turn_id: str, language: str) -> None:
        """A sign without words: heard."""
        self._say(Piece(session_id, turn_id, f"{turn_id}-earcon", 0, "", language, "earcon", True))

    def stream(self, turn: Turn, text: str) -> None:
        """More of an answer; whole clauses of it are said at once.

        Raises:
            WrongLanguage: its first clause is nothing that this person can be expected to understand.
        """
        stream = self._streams.setdefault(turn.heard.turn_id, _Stream())
        text = text[: MAX_TEXT_CHARACTERS - len(stream.whole)]
        stream.whole += text
        for clause in stream.clauses.feed(text):
            if not stream.index and _is_foreign(clause, turn.language):
                raise WrongLanguage
            self._clause(turn, stream, clause)

    def finish(self, turn: Turn, more: str = "", *, silent: bool = False) -> None:
        """The answer is complete, or broke off and is completed by `more`; silent: nothing more is said."""
        stream = self._streams.pop(turn.heard.turn_id, None) or _Stream()
        rest = "" if silent else stream.clauses.finish()
        if not stream.index and _is_foreign(rest, turn.language):
            rest = ""
        if stream.is_cut or (rest and not self._fits(stream, rest, turn.language)):
            rest = phrase("rest_as_text", turn.language)
            stream.is_cut = True
        rest = f"{rest} {more}".rstrip()
        if not stream.has_words and not _has_words(rest):
            if silent and not stream.index:
                return
            rest = phrase("no_words", turn.language)
        self._piece(turn, _answer_id(turn), stream.index, "" if silent else rest, "answer", is_last=True)
        if stream.is_cut and not silent:
            self._show(turn, stream.whole)

    def drop(self, turn: Turn) -> None:
        """Nothing of an answer was said yet, and nothing will be."""
        self._streams.pop(turn.heard.turn_id, None)

    def _clause(self, turn: Turn, stream: _Stream, clause: str) -> None:
        if stream.is_cut or not self._fits(stream, clause, turn.language):
            stream.is_cut = True
            return
        stream.spoken += len(clause)
        stream.has_words = stream.has_words or _has_words(clause)
        self._piece(turn, _answer_id(turn), stream.index, clause, "answer", is_last=False)
        stream.index += 1

    def _fits(self, stream: _Stream, clause: str, language: str) -> bool:
        """The first clause always does: who asked must hear something."""
        return not stream.index or stream.spoken + len(clause) <= self._characters(language)

    def _characters(self, language: str) -> int:
        return self._limit // CHINESE_SHARE if language == "zh" else self._limit

    def _shortened(self, text: str, language: str) -> str:
        limit = self._characters(language)
        if len(text) <= limit:
            return text
        end = max(text.rfind(mark, 0, limit) for mark in (*_SENTENCE_ENDS, ",", "，", "、")) + 1
        head = text[: end or limit].rstrip(" ,，、")
        head = head if head[-1:] in _SENTENCE_ENDS else head + ("。" if language == "zh" else ".")
        return f"{head} {phrase('rest_as_text', language)}".strip()

    def _show(self, turn: Turn, text: str) -> None:
        """The whole of it, to be read."""
        text_id = f"{turn.heard.turn_id}-text{len(turn.replies)}"
        self._piece(turn, text_id, 0, unmarked(text), "text", is_last=True)

    def _piece(self, turn: Turn, reply_id: str, index: int, text: str, kind: Kind, *, is_last: bool) -> None:
        turn.speaks(reply_id, kind, text)
        if reply_id in turn.unheard:
            turn.marks.begin("first_audio", self._ros_now())
        session_id, turn_id = turn.heard.session_id, turn.heard.turn_id
        self._say(Piece(session_id, turn_id, reply_id, index, text, turn.language, kind, is_last))


def _answer_id(turn: Turn) -> str:
    return f"{turn.heard.turn_id}-answer"


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _is_foreign(clause: str, language: str) -> bool:
    """Whether a clause has nothing of a language, and more than a name of another."""
    if language == "zh":
        words = [word for word in clause.split() if LATIN.search(word)]
        return not HAN.search(clause) and len(words) >= _WRONG_LANGUAGE_WORDS
    return not LATIN.search(clause) and len(HAN.findall(clause)) >= _WRONG_LANGUAGE_WORDS
