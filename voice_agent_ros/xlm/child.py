# SPDX-License-Identifier: Apache-2.0
"""A child process with a terminal of its own for its output; it dies with this process however that dies.

A terminal because C programs hold their output back when it goes to a pipe; its input is a pipe because a
terminal cuts long lines and a closed pipe is one more way of telling the child that it is alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pty
import signal
import sys
import tty
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_STDIN, _STDERR = 0, 2
_READ_BYTES = 65_536
_STDERR_MAX_BYTES = 16_384
# Output that comes faster than this is read in larger pieces: waking for every token of a fast model costs more
# than the tokens are worth. A board's tokens come ten times as slowly, and each is read at once.
_READS_APART_S = 0.003
# A process that a driver holds in the kernel survives SIGKILL; nobody shall wait for it for ever.
_KILL_S = 1.0
# Of a program that has ended, what it wrote to standard error is in the pipe already.
_LAST_WORDS_S = 0.2
_LAST_READS = 256
log = logging.getLogger(__name__)


class _Ears(asyncio.SubprocessProtocol):
    """Hears a process end the moment it does.

    asyncio's Process.wait() returns only when nobody holds the process's pipes any more: whatever a wrapper script has
    left behind would keep a dead console looking alive.
    """

    def __init__(self) -> None:
        self.errors = bytearray()
        self.errors_closed = asyncio.Event()
        self.exited = asyncio.Event()
        self.can_write = asyncio.Event()
        self.can_write.set()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        del fd  # its standard output is a terminal
        self.errors += data
        del self.errors[:-_STDERR_MAX_BYTES]

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del exc
        if fd == _STDERR:
            self.errors_closed.set()
        else:
            self.can_write.set()

    def process_exited(self) -> None:
        self.exited.set()

    def pause_writing(self) -> None:
        self.can_write.clear()

    def resume_writing(self) -> None:
        self.can_write.set()


class Child:
    """One running program; make it with `start()`, from a thread that lives as long as the server.

    The kernel's parent-death signal follows the thread that forked, not the process: an event loop in the
    main thread is the right place.

    Attributes:
        is_in_reply: set while output may be read in larger pieces.
    """

    def __init__(
        self,
        transport: asyncio.SubprocessTransport,
        ears: _Ears,
        terminal: int,
        take: Callable[[bytes], None],
    ) -> None:
        self._transport = transport
        self._ears = ears
        self._terminal = terminal
        self._take = take
        self._finished = asyncio.Event()
        self._last_read = 0.0
        self._is_open = True
        self.is_in_reply = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(terminal, self._read)
        self._ending = asyncio.create_task(self._see_it_end())

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        take: Callable[[bytes], None],
        *,
        cwd: Path,
        environment: Mapping[str, str],
    ) -> Child:
        """Start a program.

        Args:
            command: argv; never a shell line.
            take: called with each piece of its standard output, and with b"" at the end.
            cwd: where it runs.
            environment: all of its environment.

        Raises:
            OSError: it cannot be started.
        """
        ours, theirs = pty.openpty()
        try:
            tty.setraw(theirs)
            os.set_blocking(ours, False)
            guard = str(Path(__file__).with_name("guarded_exec.py"))
            transport, ears = await asyncio.get_running_loop().subprocess_exec(
                _Ears,
                *(sys.executable, "-I", "-S", guard, str(os.getpid()), *command),
                stdin=asyncio.subprocess.PIPE,
                stdout=theirs,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                cwd=cwd,
                env=dict(environment),
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return cls(transport, ears, ours, take)

    @property
    def pid(self) -> int:
        """Process id; also the id of its process group."""
        return self._transport.get_pid()

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._transport.get_returncode()

    @property
    def finished(self) -> asyncio.Event:
        """Set when it has ended and all its output has been taken."""
        return self._finished

    @property
    def errors(self) -> str:
        """The last of what it wrote to standard error."""
        return self._ears.errors.decode("utf-8", "replace")

    async def write_line(self, line: str) -> None:
        """Send one line.

        Raises:
            OSError: it no longer reads.
        """
        stdin = self._transport.get_pipe_transport(_STDIN)
        assert isinstance(stdin, asyncio.WriteTransport)
        if stdin.is_closing():
            raise BrokenPipeError("it has closed its input")
        stdin.write(f"{line}\n".encode())
        await self._ears.can_write.wait()

    def signal(self, number: int) -> None:
        """Send a signal to its process group."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    async def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within the time."""
        try:
            await asyncio.wait_for(self._finished.wait(), timeout_s)
        except asyncio.TimeoutError:
            return False
        return True

    async def end(self, polite_line: str = "", polite_s: float = 1.0, term_s: float = 0.5) -> None:
        """End it: a polite line if one is given, then SIGTERM, then SIGKILL."""
        if polite_line and self.returncode is None:
            with contextlib.suppress(OSError, asyncio.TimeoutError):
                await asyncio.wait_for(self.write_line(polite_line), polite_s)
            await self.wait(polite_s)
        if self.returncode is None:
            self.signal(signal.SIGTERM)
            await self.wait(term_s)
        if self.returncode is None:
            self.signal(signal.SIGKILL)
        if not await self.wait(_KILL_S):
            log.error("process %d does not die; it may hold its memory until a reboot", self.pid)
        self._transport.close()

    def _read(self) -> None:
        try:
            data = os.read(self._terminal, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # the other end of a terminal closes with EIO
            data = b""
        if not data:
            self._loop.remove_reader(self._terminal)
            return
        now = self._loop.time()
        if self.is_in_reply and now - self._last_read < _READS_APART_S:
            self._loop.remove_reader(self._terminal)
            self._loop.call_later(_READS_APART_S, self._read_on)
        self._last_read = now
        self._take(data)

    def _read_on(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._terminal, self._read)

    async def _see_it_end(self) -> None:
        await self._ears.exited.wait()
        # Nothing of its group outlives it: a wrapper script's child would hold the terminal and the BPU.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ears.errors_closed.wait(), _LAST_WORDS_S)
        for _ in range(_LAST_READS):  # whoever has left the group could go on for ever
            try:
                data = os.read(self._terminal, _READ_BYTES)
            except OSError:
                break
            if not data:
                break
            self._take(data)
        self._is_open = False
        self._loop.remove_reader(self._terminal)
        os.close(self._terminal)
        self._transport.close()
        self._take(b"")
        self._finished.set()
