# SPDX-License-Identifier: Apache-2.0
"""One warm console process: started, asked, cleaned and ended; every way in which it fails gets a name.

Only one task may use it at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from voice_agent_ros.errors import EngineError
from voice_agent_ros.xlm.bell import Bell
from voice_agent_ros.xlm.child import Child
from voice_agent_ros.xlm.events import EndOfTurn, Event, Failure, Ready, Reasoning, Stray, Text
from voice_agent_ros.xlm.ion import HeapWatch
from voice_agent_ros.xlm.parser import ConsoleParser
from voice_agent_ros.xlm.profile import Profile

TAIL_BYTES = 8_192
LAST_WORDS_CHARS = 300
log = logging.getLogger(__name__)


class ConsoleError(EngineError):
    """The console process cannot go on; `kind` as in events.Failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message, failure.fix)
        self.kind = failure.kind


@dataclass(frozen=True)
class Question:
    """One line to be asked.

    Attributes:
        line: the whole conversation, without line breaks.
        thinking: the reply begins inside a think block.
        dialog: role and text of each message in it.
        follow_up: the line for a console that remembers everything up to the last assistant message; empty:
            there is none.
    """

    line: str
    thinking: bool = False
    dialog: tuple[tuple[str, str], ...] = ()
    follow_up: str = ""


class Console:
    """The console program of a profile.

    Args:
        profile: which version it is.
        command: argv.
        cwd: where it runs.
        can_think: the model family writes think tags.
        heaps: what watches the BPU's memory around its processes.

    Attributes:
        attention: rung when it is no longer ready although nothing was asked.
        is_clean: it remembers no turns.
        starts: how often a process has been started, for whatever reason.
        load_s: what the last start took.
        stop_s: what the last end of a process took.
    """

    def __init__(
        self,
        profile: Profile,
        command: Sequence[str],
        *,
        cwd: Path,
        can_think: bool = False,
        heaps: HeapWatch | None = None,
    ) -> None:
        self._profile = profile
        self._command = list(command)
        self._cwd = cwd
        self._can_think = can_think
        self._child: Child | None = None
        self._parser = ConsoleParser(profile)
        self._heaps = heaps
        self._events: deque[Event | None] = deque()
        self._bell = Bell()
        self._heard_at = 0.0
        self._tail = bytearray()
        self._in_trouble = False
        self.attention = Bell()
        self._process_number = 0
        self.is_clean = True
        self.starts = 0
        self.load_s = 0.0
        self.stop_s = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._child.pid if self._child and self._child.returncode is None else None

    @property
    def profile(self) -> Profile:
        """Which version it is."""
        return self._profile

    @property
    def lost_memory(self) -> dict[str, int] | None:
        """Bytes of BPU memory by heap that its ended processes have not given back; None: nobody can tell."""
        if self._heaps is None or self._heaps.is_blind:
            return None
        return {loss.heap: loss.lost for loss in self._heaps.lost}

    @property
    def is_ready(self) -> bool:
        """Whether a question can be asked now."""
        return self.pid is not None and self._parser.is_idle and not self._in_trouble

    def trouble(self) -> ConsoleError:
        """Why it is not ready although nothing was asked."""
        if self.pid is None:
            return ConsoleError(self._post_mortem())
        return ConsoleError(Failure("desync", "The console program talked while nothing had been asked."))

    async def start(self) -> None:
        """Start the program and wait for its prompt.

        Raises:
            ConsoleError: it cannot be started, or says why it cannot work.
        """
        await self.stop()
        self._parser = ConsoleParser(self._profile, can_think=self._can_think)
        self._events.clear()
        self._in_trouble = False
        self._tail.clear()
        self.is_clean = True
        if self._heaps is not None:
            self._heaps.before_start()
        started = time.monotonic()
        self._process_number += 1
        self.starts += 1
        try:
            self._child = await Child.start(
                self._command,
                partial(self._take, self._process_number),
                cwd=self._cwd,
                environment=self._profile.filled_environment(self._cwd),
            )
        except OSError as error:
            problem = f"The console program cannot be started: {error}."
            raise ConsoleError(Failure("load", problem, "Check --console and --cwd.")) from error
        try:
            await self._expect_ready(self._profile.limits.load_s)
        except BaseException:
            await self.stop()
            raise
        self.load_s = time.monotonic() - started
        log.info("console ready after %.1f s (pid %d)", self.load_s, self._child.pid)

    async def ask(self, question: Question) -> AsyncGenerator[Event, None]:
        """Send one line; yields events up to EndOfTurn.

        Whoever stops reading before EndOfTurn calls `drain()` or `stop()` before anything else.

        Raises:
            ConsoleError: it crashed, fell silent or reported an error.
        """
        if self._child is None or not self.is_ready:
            raise ConsoleError(Failure("desync", "The console was not ready for a question."))
        self._events.clear()
        self.is_clean = False
        self._parser.begin_turn(question.line, thinking=question.thinking)
        await self._write(question.line)
        async for event in self._until_end():
            yield event

    async def drain(self, timeout_s: float) -> bool:
        """Read the rest of a reply that nobody wants; False if it did not end in time."""
        if self._parser.is_idle or self.pid is None:
            return self.pid is not None
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._drain(), timeout_s)
        return self._parser.is_idle

    async def clean(self, how: Literal["nothing", "reset", "restart"]) -> None:
        """Make the console forget the turns it has seen.

        Raises:
            ConsoleError: it did not come back.
        """
        if self.is_clean:
            return
        if how == "restart":
            await self.start()
        elif how == "reset":
            self._parser.begin_reset()
            await self._write(self._profile.commands.reset)
            await self._expect_ready(self._profile.limits.reset_s)
        self.is_clean = True

    async def stop(self) -> None:
        """End the process; politely if it waits for a line."""
        child, self._child = self._child, None
        if child is None:
            return
        began = time.monotonic()
        self._process_number += 1
        await child.end(self._profile.commands.exit if self._parser.is_idle else "")
        self.stop_s = time.monotonic() - began
        log.info("console ended with %s", child.returncode)
        if self._heaps is not None:
            await self._heaps.after_end()

    async def _drain(self) -> None:
        async for _ in self._until_end():
            pass

    async def _until_end(self) -> AsyncGenerator[Event, None]:
        limits = self._profile.limits
        self._heard_at = time.monotonic()
        while True:
            event = await self._next(limits.settle_s)
            if event is None:
                silent_s = time.monotonic() - self._heard_at
                self._events.extend(self._parser.settle(silent_s))
                if not self._events and silent_s > limits.silence_s:
                    raise ConsoleError(_hang(limits.silence_s))
                continue
            if isinstance(event, Failure):
                raise ConsoleError(event)
            yield event
            if isinstance(event, EndOfTurn):
                return

    async def _expect_ready(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            event = await self._next(max(0.0, deadline - time.monotonic()))
            if event is None:
                rule = self._profile.classify(self._output())
                if rule is not None:
                    raise ConsoleError(Failure(rule.kind, rule.message, rule.fix))
                raise ConsoleError(_hang(timeout_s))
            if isinstance(event, Ready):
                return

    async def _next(self, timeout_s: float) -> Event | None:
        """The next event; None if there is none in time.

        Raises:
            ConsoleError: the process has ended.
        """
        if not self._events:
            await self._bell.wait(timeout_s)
        if not self._events:
            return None
        event = self._events.popleft()
        if event is None:
            raise ConsoleError(self._post_mortem())
        return event

    async def _write(self, line: str) -> None:
        assert self._child is not None
        try:
            await asyncio.wait_for(self._child.write_line(line), self._profile.limits.silence_s)
        except OSError:
            await self._child.wait(1.0)
            raise ConsoleError(self._post_mortem()) from None
        except asyncio.TimeoutError:
            raise ConsoleError(_hang(self._profile.limits.silence_s)) from None

    def _take(self, process_number: int, data: bytes) -> None:
        """A piece of output; empty at the end of the process."""
        if process_number != self._process_number:
            return  # the last words of one that was ended
        if not data:
            self._events.append(None)
            self._in_trouble = True
        else:
            self._tail += data
            del self._tail[:-TAIL_BYTES]
            heard = self._parser.heard
            for event in self._parser.feed(data):
                if isinstance(event, Stray):
                    self._in_trouble = True
                else:
                    self._events.append(event)
                    if self._child is not None:
                        self._child.is_in_reply = isinstance(event, Text | Reasoning)
            if self._parser.heard != heard:
                self._heard_at = time.monotonic()
        if self._events:
            self._bell.ring()
        if self._in_trouble:
            self.attention.ring()

    def _output(self) -> str:
        errors = self._child.errors if self._child else ""
        return f"{self._tail.decode('utf-8', 'replace')}\n{errors}"

    def _post_mortem(self) -> Failure:
        """Why the process has ended."""
        code = self._child.returncode if self._child else None
        output = self._output()
        rule = self._profile.classify(output)
        lines = [line.strip() for line in (self._child.errors if self._child else "").splitlines()]
        words = " / ".join([line for line in lines if line][-2:])[-LAST_WORDS_CHARS:]
        told = f"; its last words: {words}" if words else ""
        if rule is not None:
            # What is wrong with its files, it says itself; what is wrong with its memory, the rule says better.
            message = f"{rule.message.rstrip('.')}{told}." if rule.kind == "load" else rule.message
            return Failure(rule.kind, message, rule.fix)
        if code is None:
            what = "The console program no longer reads"
        else:
            what = f"The console program ended ({f'signal {-code}' if code < 0 else f'exit code {code}'})"
        return Failure("crash", f"{what}{told}.", "See the server's log.")


def _hang(seconds: float) -> Failure:
    return Failure("hang", f"The console program was silent for {seconds:g} s.", "It is being restarted.")
