# SPDX-License-Identifier: Apache-2.0
"""Console bytes to events: an incremental state machine that does not care where reads are split.

A reply ends when the console prints its speeds and its prompt, in either order. The model may say a prompt or
`run error` too: alone it counts only when nothing follows it, which the caller reports by `settle()`.
"""

from __future__ import annotations

import codecs
import math
import re
from dataclasses import dataclass
from enum import Enum, auto

from voice_agent_ros.xlm.cleaning import OutputCleaner
from voice_agent_ros.xlm.events import (
    EndOfTurn,
    Event,
    Failure,
    Performance,
    Ready,
    Reasoning,
    ReplyStarted,
    Stray,
    Text,
    append_event,
)
from voice_agent_ros.xlm.profile import LINE_BREAK, Profile

ECHO_MAX_CHARS = 65_536
BANNER_MAX_CHARS = 65_536
LINE_BREAKS_MAX = 256
_SPEEDS = "Performance prefill"
# As C prints a float, division by zero included.
_SPEED = r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?(?:e[+-]?[0-9]+)?|inf|nan))\s*tokens/s"
_SPEEDS_LINE = re.compile(rf"Performance prefill:{_SPEED}\s+decode:{_SPEED}\s*")
_SPEEDS_MAX_CHARS = 200
# The vendor's colour codes may lose their escape character on the way: `mKrun error`.
_RUN_ERROR_LINES = ("run error", "mKrun error", "Krun error", "mrun error")
# Special tokens that no profile names: models have dozens of them.
_UNNAMED_MARK = r"<[|｜][^<>|｜\s]{1,40}[|｜]>"
_PARTIAL_MARK = re.compile(r"<(?:[|｜](?:[^<>|｜\s]{1,40}[|｜]?)?)?$")
_THINK_OPEN, _THINK_CLOSE = "<think>", "</think>"


class _State(Enum):
    STARTING = auto()
    IDLE = auto()
    ECHO = auto()
    REPLY = auto()
    RESETTING = auto()
    BROKEN = auto()


@dataclass(frozen=True)
class _Ending:
    """Something at the start of the unread text that may end the reply.

    Attributes:
        events: what it means once it is certain.
        is_certain: whether more text could still disprove it.
        rest: what follows a certain one.
        on_silence: what it means if nothing follows; empty: wait on.
        silence_s: how long nothing must follow.
    """

    events: tuple[Event, ...] = ()
    is_certain: bool = False
    rest: str = ""
    on_silence: tuple[Event, ...] = ()
    silence_s: float = 0.0


RUN_ERROR = Failure(
    "run_error",
    "The console reported `run error`: the inference failed.",
    "Shorten the prompt; if every prompt fails, see to the BPU's reserved memory.",
)


class ConsoleParser:
    """One console process's output; make a new one for a new process.

    Args:
        profile: how this console writes.
        can_think: the model family writes think tags; otherwise they are ordinary text.
    """

    def __init__(self, profile: Profile, *, can_think: bool = False) -> None:
        self._profile = profile
        self._cleaner = OutputCleaner(profile.markers.log_prefixes)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._state = _State.STARTING
        self._text = ""
        tags = (_THINK_OPEN, _THINK_CLOSE) if can_think else ()
        self._literals = (
            *profile.markers.special_tokens,
            *profile.markers.end_tokens,
            *tags,
            _SPEEDS,
            profile.markers.ready,
        )
        self._first_characters = {literal[0] for literal in self._literals}
        literals = map(re.escape, (*self._literals, "\n"))
        self._interesting = re.compile("|".join([*literals, _UNNAMED_MARK]))
        self._verify_echo = profile.echoes_prompt
        self._turns = 0
        self._expected = ""
        self.heard = 0
        self._begin_reply(thinking=False)

    @property
    def is_idle(self) -> bool:
        """Whether the console waits for a line."""
        return self._state is _State.IDLE

    def begin_turn(self, line: str, *, thinking: bool = False) -> None:
        """A question is being sent.

        Args:
            line: what is sent; the echo must hold it, so that no earlier reply is taken for this one's.
            thinking: the template has opened a think block, so the reply begins inside it.
        """
        self._expected = "".join(line.replace(LINE_BREAK, " ").split())
        self._turns += 1
        self._text = ""
        self._state = _State.ECHO
        self._begin_reply(thinking)

    def begin_reset(self) -> None:
        """The reset command is being sent."""
        self._text = ""
        self._state = _State.RESETTING

    def feed(self, data: bytes) -> list[Event]:
        """Events that are certain after these bytes."""
        text = self._decoder.decode(self._cleaner.feed(data))
        self.heard += len(text)
        self._text += text
        return self._advance()

    def settle(self, silent_s: float = math.inf) -> list[Event]:
        """Events that are certain because nothing has followed for a while.

        Args:
            silent_s: how long the console has been silent.
        """
        if silent_s < self._profile.limits.settle_s:
            return []
        if self._state is _State.REPLY:
            ending = self._held_ending()
            if ending is not None and ending.on_silence and silent_s >= ending.silence_s:
                return self._end(ending.on_silence)
        elif self._state is _State.ECHO and self._echo_ends_in_run_error():
            return self._end((RUN_ERROR,))
        return []

    def _echo_ends_in_run_error(self) -> bool:
        """Whether `run error` came instead of a reply. The echo itself may end so: people ask about it."""
        lines = self._text.rstrip().removesuffix(self._profile.markers.ready).rstrip().splitlines()
        if not lines or lines[-1].strip() not in _RUN_ERROR_LINES:
            return False
        before = "".join("".join(lines[:-1]).split())
        return self._expected in before or self._expected not in "".join(self._text.split())

    def _begin_reply(self, thinking: bool) -> None:
        self._reasoning = thinking
        self._muted = False
        self._said_anything = False
        self._strip_leading = True
        self._at_line_start = True

    def _advance(self) -> list[Event]:
        events: list[Event] = []
        while True:
            before = (self._state, len(self._text))
            for event in self._step():
                append_event(events, event)
            if before == (self._state, len(self._text)) or not self._text:
                return events

    def _step(self) -> list[Event]:
        """Consume what can be consumed of the unread text; may change the state."""
        if self._state is _State.REPLY:
            return self._step_reply()
        if self._state is _State.ECHO:
            return self._step_echo()
        if self._state is _State.IDLE:
            return self._step_idle()
        if self._state is _State.BROKEN:
            self._text = ""
            return []
        return self._step_starting()

    def _step_starting(self) -> list[Event]:
        for match in re.finditer(re.escape(self._profile.markers.ready), self._text):
            if match.start() == 0 or self._text[match.start() - 1] == "\n":
                return self._to_idle(match.end(), Ready())
        if self._state is _State.STARTING and len(self._text) > BANNER_MAX_CHARS:
            self._text = self._text[-BANNER_MAX_CHARS // 2 :]
        return []

    def _step_idle(self) -> list[Event]:
        self._text = self._text.lstrip()
        # Speeds printed after the prompt, when the silence in between had already ended the reply.
        line, newline, rest = self._text.partition("\n")
        if line.startswith(_SPEEDS) or (not newline and _SPEEDS.startswith(line)):
            if newline:
                self._text = rest
            return []
        stray, self._text = self._text, ""
        return [Stray(stray)] if stray else []

    def _step_echo(self) -> list[Event]:
        marker = self._profile.markers.assistant
        start = 0
        while (at := self._text.find(marker, start)) >= 0:
            if self._echo_fits(self._text[:at]):
                self._text = self._text[at + len(marker) :]
                self._state = _State.REPLY
                return [ReplyStarted()]
            start = at + len(marker)
        if len(self._text) > ECHO_MAX_CHARS:
            self._text = self._text[-ECHO_MAX_CHARS // 2 :]
        return []

    def _echo_fits(self, echo: str) -> bool:
        """Whether this is the echo of what was sent, so that what follows is its reply."""
        if not self._verify_echo or self._expected in "".join(echo.split()):
            return True
        # No earlier reply could be mistaken for the first one: this console echoes in another way.
        if self._turns == 1:
            self._verify_echo = False
            return True
        return False

    def _step_reply(self) -> list[Event]:
        if self._at_line_start:
            self._text = self._text.lstrip()
            ending = self._ending(self._text)
            if ending is not None:
                return self._end(ending.events, ending.rest) if ending.is_certain else []
            self._at_line_start = False
            plain = self._plain_prefix()
            if plain:
                return plain
        match = self._interesting.search(self._text)
        if match is None:
            keep = self._possible_literal()
            cut = len(self._text) - keep
            said = self._say(self._text[:cut])
            self._text = self._text[cut:]
            return said
        said = self._say(self._text[: match.start()])
        self._text = self._text[match.start() :]
        return said + self._step_found(match.group())

    def _step_found(self, literal: str) -> list[Event]:
        """The unread text begins with a literal that means something, or with a newline."""
        if literal == "\n":
            rest = self._text.lstrip("\n")
            ending = self._ending(rest)
            # An ending follows a few line breaks; a model that is lost in them has not ended.
            if ending is not None and (rest or len(self._text) < LINE_BREAKS_MAX):
                return self._end(ending.events, ending.rest) if ending.is_certain else []
            said = self._say(self._text[: len(self._text) - len(rest)])
            self._text = rest
            return said + self._plain_prefix()
        if literal in (_SPEEDS, self._profile.markers.ready):
            ending = self._ending(self._text)
            if ending is not None:
                return self._end(ending.events, ending.rest) if ending.is_certain else []
            return self._plain_prefix()
        self._text = self._text[len(literal) :]
        if literal == _THINK_OPEN:
            self._reasoning = self._reasoning or not self._said_anything
        elif literal == _THINK_CLOSE:
            self._strip_leading = self._strip_leading or self._reasoning
            self._reasoning = False
        elif literal in self._profile.markers.end_tokens:
            self._muted = True
        return []

    def _plain_prefix(self) -> list[Event]:
        """Say the marker that the unread text begins with, if it does: it has proved to be plain text."""
        for marker in (_SPEEDS, self._profile.markers.ready):
            if self._text.startswith(marker):
                self._text = self._text[len(marker) :]
                return self._say(marker)
        return []

    def _held_ending(self) -> _Ending | None:
        return self._ending(self._text.lstrip("\n")) if self._text else None

    def _ending(self, text: str) -> _Ending | None:
        """How the text at the start of a line ends the reply; None: it does not."""
        if not text:
            return _Ending()
        ready = self._profile.markers.ready
        if text.startswith(_SPEEDS):
            return self._speeds_first(text)
        if text.startswith(ready):
            return self._ready_first(text[len(ready) :])
        if any(line.startswith(text) for line in (*_RUN_ERROR_LINES, ready, _SPEEDS)):
            return _Ending()
        for line in _RUN_ERROR_LINES:
            if text.startswith(line):
                return self._run_error_first(text[len(line) :])
        return None

    def _speeds_first(self, text: str) -> _Ending | None:
        line, newline, rest = text.partition("\n")
        if not newline:
            return _Ending() if len(text) <= _SPEEDS_MAX_CHARS else None
        match = _SPEEDS_LINE.fullmatch(line)
        if match is None:
            return None
        if len(rest) > LINE_BREAKS_MAX and not rest.strip():
            return None
        rest = rest.lstrip()
        ready = self._profile.markers.ready
        if rest.startswith(ready):
            return _Ending((_performance(match), EndOfTurn()), is_certain=True, rest=rest[len(ready) :])
        return _Ending() if ready.startswith(rest) else None

    def _ready_first(self, rest: str) -> _Ending | None:
        if len(rest) > LINE_BREAKS_MAX and not rest.strip():
            return None
        rest = rest.lstrip()
        if not rest:
            limits = self._profile.limits
            is_suspect = self._profile.speeds == "always"
            return _Ending(
                on_silence=(EndOfTurn(),),
                silence_s=max(limits.settle_s, limits.bare_prompt_s) if is_suspect else limits.settle_s,
            )
        if not rest.startswith(_SPEEDS):
            return _Ending() if _SPEEDS.startswith(rest) else None
        line, newline, after = rest.partition("\n")
        if not newline:
            return _Ending() if len(rest) <= _SPEEDS_MAX_CHARS else None
        match = _SPEEDS_LINE.fullmatch(line)
        if match is None:
            return None
        return _Ending((_performance(match), EndOfTurn()), is_certain=True, rest=after)

    def _run_error_first(self, rest: str) -> _Ending | None:
        blank, newline, after = rest.partition("\n")
        if blank.strip() or (newline and after.strip()):
            ready = self._profile.markers.ready
            if newline and not blank.strip() and after.strip().startswith(ready):
                return _Ending(events=(RUN_ERROR,), is_certain=True)
            partial = newline and not blank.strip() and ready.startswith(after.strip())
            return _Ending() if partial else None
        return _Ending(on_silence=(RUN_ERROR,))

    def _end(self, events: tuple[Event, ...], rest: str = "") -> list[Event]:
        failed = any(isinstance(event, Failure) for event in events)
        self._state = _State.BROKEN if failed else _State.IDLE
        self._text = rest
        return list(events)

    def _to_idle(self, end: int, event: Event) -> list[Event]:
        self._text = self._text[end:]
        self._state = _State.IDLE
        return [event]

    def _possible_literal(self) -> int:
        """How many of the last characters could be the beginning of a literal."""
        partial = _PARTIAL_MARK.search(self._text)
        held = len(self._text) - partial.start() if partial else 0
        longest = max(map(len, self._literals))
        start = max(0, len(self._text) - longest + 1)
        for at in range(start, len(self._text)):
            if self._text[at] not in self._first_characters:
                continue
            tail = self._text[at:]
            if any(literal.startswith(tail) for literal in self._literals):
                return max(len(tail), held)
        return held

    def _say(self, text: str) -> list[Event]:
        if self._strip_leading:
            text = text.lstrip()
        if not text or self._muted:
            return []
        self._strip_leading = False
        if self._reasoning:
            return [Reasoning(text)]
        self._said_anything = True
        return [Text(text)]


def _performance(match: re.Match[str]) -> Performance:
    return Performance(float(match.group(1)), float(match.group(2)))
