# SPDX-License-Identifier: Apache-2.0
"""A console's reply as the client gets it: cut at stop texts and at the limit, calls told from words.

Text is held back only as long as it may still become a call or a stop text.
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from voice_agent_ros.xlm.brackets import Brackets
from voice_agent_ros.xlm.events import Event, Reasoning, Text
from voice_agent_ros.xlm.protocol import Function
from voice_agent_ros.xlm.tool_calls import Call, CallReader
from voice_agent_ros.xlm.usage import EstimatingCounter, ReplyMeter, TokenCounter

# What is longer than this is no call any more, but words.
HELD_MAX_CHARS = 16_000


@dataclass(frozen=True)
class ContentDelta:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class ReasoningDelta:
    """A piece of what the model thought."""

    text: str


@dataclass(frozen=True)
class CallDelta:
    """A whole call."""

    index: int
    call_id: str
    name: str
    arguments_json: str


Delta = ContentDelta | ReasoningDelta | CallDelta


class ReplyAssembler:
    """Turns the events of one reply into deltas.

    Args:
        functions: what may be called.
        stops: texts that end the reply and are not part of it.
        max_tokens: length at which it ends; None: no limit.
        parallel_calls: more than one call is wanted.
        must_call: nothing but calls is wanted.
        counter: what counts the tokens.
        opening: the beginning of the reply, which was already part of the prompt.
        verbatim: white space at the beginning counts.
        holds_failures: what tries to be a call and is none is held back whole, for somebody who will ask again.
        max_chars: more than any model says; a console that goes on for longer has lost its way.

    Attributes:
        is_done: nothing more is wanted.
        problem: why the reply, which tries to be a call, is none; empty unless it was held back whole.
    """

    def __init__(
        self,
        functions: Sequence[Function] = (),
        stops: Sequence[str] = (),
        max_tokens: int | None = None,
        *,
        parallel_calls: bool = True,
        must_call: bool = False,
        counter: TokenCounter | None = None,
        opening: str = "",
        verbatim: bool = False,
        holds_failures: bool = True,
        max_chars: int | None = None,
    ) -> None:
        self._reader = CallReader(functions, must_call=must_call) if functions else None
        self._must_call = must_call
        self._functions = tuple(functions)
        self._stops = tuple(stops)
        self._max_tokens = max_tokens
        self._parallel_calls = parallel_calls
        self._held = ""  # may become a stop text
        self._line = ""  # may become a call
        self._brackets = Brackets()
        self._holds_failures = holds_failures
        self._chars_left = sys.maxsize if max_chars is None else max_chars
        self._line_is_plain = False
        self._blank = ""  # white space that counts only if words follow
        self._calls = 0
        counter = counter or EstimatingCounter()
        self._meter = ReplyMeter(counter)
        self._reasoning_meter = ReplyMeter(counter)
        self._opening = self._given_opening = opening
        self._without_opening: list[str] | None = [] if opening else None
        self._is_verbatim = verbatim
        self._was_cut = False
        self._said_anything = False
        self._failed_call = ""  # a beginning that tried to be a call, and everything after it
        self.is_done = False
        self.problem = ""

    @property
    def finish_reason(self) -> str:
        """Why the reply ended, once it has."""
        if self._calls:
            return "tool_calls"
        return "length" if self._was_cut else "stop"

    @property
    def tokens(self) -> int:
        """Tokens so far, reasoning included."""
        return self._meter.tokens

    @property
    def reasoning_tokens(self) -> int:
        """Those of them that were reasoning."""
        return self._reasoning_meter.tokens

    def feed(self, event: Event) -> list[Delta]:
        """Deltas that are certain after this event."""
        if self.is_done or not isinstance(event, Text | Reasoning):
            return []
        text, is_full = self._meter.feed(event.delta[: self._chars_left], self._max_tokens)
        self._chars_left -= len(event.delta)
        is_full = is_full or self._chars_left <= 0
        if isinstance(event, Reasoning):
            self._reasoning_meter.feed(text, None)
            deltas: list[Delta] = [ReasoningDelta(text)] if text else []
        else:
            if self._without_opening is not None:
                self._without_opening.append(text)
            if self._opening:
                text, self._opening = self._opening + text, ""
            deltas = self._before_stop(text)
        if is_full and not self.is_done:
            self._was_cut = True
            self.is_done = True
        return deltas

    def finish(self) -> list[Delta]:
        """What was held back, now that nothing follows."""
        self.is_done = True
        held, self._held = self._held, ""
        deltas = self._words_or_calls(held) if held else []
        line = self._line
        self._drop_line()
        return deltas + (self._call_or_words(line) if line else [])

    def failed_words(self) -> list[Delta]:
        """The reply that was held back because of its `problem`, as words after all."""
        text, self._failed_call, self.problem = self._failed_call, "", ""
        return [ContentDelta(text.strip())] if text.strip() else []

    @property
    def began_anew(self) -> bool:
        """Whether the reply begins with the opening although that was already there."""
        said = "".join("".join(self._without_opening or ()).split())
        return bool(said) and said.startswith("".join(self._given_opening.split()))

    def retold(self) -> list[Delta]:
        """The whole reply as if it had not continued the opening but begun anew; nothing if there was none."""
        if self._without_opening is None:
            return []
        again = ReplyAssembler(
            self._functions, self._stops, parallel_calls=self._parallel_calls, must_call=self._must_call
        )
        return [*again.feed(Text("".join(self._without_opening))), *again.finish()]

    def _before_stop(self, text: str) -> list[Delta]:
        text = self._held + text
        found = [at for at in (text.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self._held = ""
            self.is_done = True
            return self._words_or_calls(text[: min(found)])
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        cut = len(text) - keep
        self._held = text[cut:]
        return self._words_or_calls(text[:cut])

    def _words_or_calls(self, text: str) -> list[Delta]:
        if self._reader is None:
            return self._words(text)
        deltas: list[Delta] = []
        while text:
            if self.problem:
                self._failed_call += text
                break
            if self._line_is_plain:
                head, newline, text = text.partition("\n")
                deltas += self._words(head + newline)
                self._line_is_plain = not newline
                continue
            head, newline, text = text.partition("\n")
            self._line += head + newline
            self._brackets.feed(head)
            deltas += self._judge(self._reader, ended=bool(newline))
        return deltas

    def _judge(self, reader: CallReader, *, ended: bool) -> list[Delta]:
        """Decide about the held lines, if that is possible."""
        line = self._line
        if not line.strip():
            if ended:
                self._drop_line()
                return self._words(line)
            return []
        if not reader.may_begin_call(line) or len(line) > HELD_MAX_CHARS:
            self._drop_line()
            self._line_is_plain = not ended
            return self._words(line)
        if ended and reader.is_complete(line, self._brackets):
            self._drop_line()
            return self._call_or_words(line)
        return []

    def _drop_line(self) -> None:
        self._line, self._brackets = "", Brackets()

    def _call_or_words(self, line: str) -> list[Delta]:
        calls = self._reader.read(line) if self._reader else None
        if (
            calls is None
            and self._holds_failures
            and self._reader
            and self._reader.problem
            and not (self._said_anything or self._calls)
        ):
            self.problem, self._failed_call = self._reader.problem, line
            return []
        if calls is None:
            return self._words(line)
        self._blank = ""
        return [delta for call in calls for delta in self._call(call)]

    def _call(self, call: Call) -> list[Delta]:
        if self._calls and not self._parallel_calls:
            return []
        self._calls += 1
        return [call_delta(self._calls - 1, call)]

    def _words(self, text: str) -> list[Delta]:
        text = self._blank + text
        words = text.rstrip() if self._reader else text
        self._blank = text[len(words) :]
        if not (self._said_anything or self._is_verbatim):
            words = words.lstrip()
        if not words:
            return []
        self._said_anything = True
        return [ContentDelta(words)]


def call_delta(index: int, call: Call) -> CallDelta:
    """A call with a name of its own."""
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return CallDelta(index, f"call_{secrets.token_hex(12)}", call.name, arguments)


def _overlap(text: str, stop: str) -> int:
    """How many of the last characters could be the beginning of the stop text."""
    for length in range(min(len(stop) - 1, len(text)), 0, -1):
        if stop.startswith(text[-length:]):
            return length
    return 0
