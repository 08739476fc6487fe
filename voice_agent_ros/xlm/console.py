# SPDX-License-Identifier: Apache-2.0
"""One warm console process: started, asked, cleaned and ended; every way in which it fails gets a name.

Only one task may use it at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice_agent_ros.errors import EngineError
from voice_agent_ros.xlm.child import Child
from voice_agent_ros.xlm.events import EndOfTurn, Event, Failure, Ready, Stray
from voice_agent_ros.xlm.parser import ConsoleParser
from voice_agent_ros.xlm.profile import Profile

TAIL_BYTES = 8_192
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
        line: text without line breaks.
        thinking: the reply begins inside a think block.
    """

    line: str
    thinking: bool = False


class Console:
    """The console program of a profile.

    Args:
        profile: which version it is.
        command: argv.
        cwd: where it runs.
        can_think: the model family writes think tags.
    """

    def __init__(
        self, profile: Profile, command: Sequence[str], *, cwd: Path, can_think: bool = False
    ) -> None:
        self._profile = profile
        self._command = list(command)
        self._cwd = cwd
        self._can_think = can_think
        self._child: Child | None = None
        self._parser = ConsoleParser(profile)
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._tail = bytearray()
        self._is_clean = True
        self.load_s = 0.0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._child.pid if self._child and self._child.returncode is None else None

    @property
    def is_ready(self) -> bool:
        """Whether a question can be asked now."""
        return self.pid is not None and self._parser.is_idle and self._is_clean

    @property
    def died(self) -> asyncio.Event:
        """Set when the process has ended."""
        assert self._child is not None
        return self._child.finished

    async def start(self) -> None:
        """Start the program and wait for its prompt.

        Raises:
            ConsoleError: it cannot be started, or says why it cannot work.
        """
        await self.stop()
        self._parser = ConsoleParser(self._profile, can_think=self._can_think)
        self._events = asyncio.Queue()
        self._tail.clear()
        self._is_clean = True
        started = time.monotonic()
        try:
            self._child = await Child.start(
                self._command,
                self._take,
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
        if self._child is None or not self._parser.is_idle:
            raise ConsoleError(Failure("desync", "The console was not ready for a question."))
        while not self._events.empty():
            if isinstance(self._events.get_nowait(), Stray):
                raise ConsoleError(
                    Failure("desync", "The console went on talking after its reply had ended.")
                )
        self._is_clean = self._profile.history == "none"
        self._parser.begin_turn(question.line, thinking=question.thinking)
        await self._write(question.line)
        async for event in self._until_end():
            yield event

    async def drain(self, timeout_s: float) -> bool:
        """Read the rest of a reply that nobody wants; False if it did not end in time."""
        if self._parser.is_idle:
            return True
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._drain(), timeout_s)
        return self._parser.is_idle

    async def clean(self) -> None:
        """Make the console forget the turns it has seen.

        Raises:
            ConsoleError: it did not come back.
        """
        if self._is_clean:
            return
        how = self._profile.clean_by
        if how == "restart":
            await self.start()
        elif how == "reset":
            self._parser.begin_reset()
            await self._write(self._profile.commands.reset)
            await self._expect_ready(self._profile.limits.reset_s)
        self._is_clean = True

    async def stop(self) -> None:
        """End the process; politely if it waits for a line."""
        child, self._child = self._child, None
        if child is not None:
            await child.end(self._profile.commands.exit if self._parser.is_idle else "")
            log.info("console ended with %s", child.returncode)

    async def _drain(self) -> None:
        async for _ in self._until_end():
            pass

    async def _until_end(self) -> AsyncGenerator[Event, None]:
        limits = self._profile.limits
        waited_since = time.monotonic()
        while True:
            event = await self._next(limits.settle_s)
            if event is None:
                for settled in self._parser.settle():
                    self._events.put_nowait(settled)
                if self._events.empty() and time.monotonic() - waited_since > limits.silence_s:
                    raise ConsoleError(_hang(limits.silence_s))
                continue
            waited_since = time.monotonic()
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
        try:
            event = await asyncio.wait_for(self._events.get(), timeout_s)
        except asyncio.TimeoutError:
            return None
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

    def _take(self, data: bytes) -> None:
        """A piece of output; empty at the end of the process."""
        if not data:
            self._events.put_nowait(None)
            return
        self._tail += data
        del self._tail[:-TAIL_BYTES]
        for event in self._parser.feed(data):
            self._events.put_nowait(event)

    def _output(self) -> str:
        errors = self._child.errors if self._child else ""
        return f"{self._tail.decode('utf-8', 'replace')}\n{errors}"

    def _post_mortem(self) -> Failure:
        """Why the process has ended."""
        code = self._child.returncode if self._child else None
        output = self._output()
        rule = self._profile.classify(output)
        if rule is not None:
            return Failure(rule.kind, rule.message, rule.fix)
        errors = (self._child.errors if self._child else "").strip()
        last = errors.splitlines()[-1].strip()[:300] if errors else ""
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        told = f"; its last words: {last}" if last else ""
        return Failure("crash", f"The console program ended ({how}){told}.", "See the server's log.")


def _hang(seconds: float) -> Failure:
    return Failure("hang", f"The console program was silent for {seconds:g} s.", "It is being restarted.")
