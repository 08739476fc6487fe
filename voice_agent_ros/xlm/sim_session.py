# SPDX-License-Identifier: Apache-2.0
"""The console protocol from the program's side: banner, prompt, template echo, reply, speeds.

What no public source says is marked `inferred`.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from voice_agent_ros.errors import EngineError
from voice_agent_ros.xlm.profile import Profile
from voice_agent_ros.xlm.sim_faults import Fault
from voice_agent_ros.xlm.sim_models import TextModel, Work

if TYPE_CHECKING:
    from jinja2 import Template

FGETS_BYTES = 10_240
LOG_LINES = (
    "[BPU][[BPU_MONITOR]][281473414418432][INFO]BPULib verison(2, 1, 2)[0d3f195]!",
    "[UCP]: log level = 3",
    "[UCP]: UCP version = 3.6.1",
    "[VP]: log level = 3",
    "[DNN]: log level = 3",
    "[HPL]: log level = 3",
    "[UCPT]: log level = 6",
)
LOAD_MEMORY_LINES = (
    "Cannot malloc bpu memory with length 1777467392\n"
    "Fail to do ION_IOC_ALLOC(ret=Cannot allocate memory)\n"
    "Fail to allocate common buffer(ret=-16777211)\n"
    "Load hbm failed! error: HBRT4_STATUS_BAD_DATA\n"
)
ALLOC_LINES = "UCP Allocate memory failed\nAllocError { len: 2359296 }\n"
END_OF_REPLY = {"chatml": "<|im_end|>\n", "deepseek": "<｜end▁of▁sentence｜>"}
PIECES_BEFORE_FAULT = 3
STRAY_AFTER_S = 0.05
FORGED_END = "\nPerformance prefill: 1.00tokens/s    decode: 1.00tokens/s\n[User] <<< "
MARKERS_SAID = (
    "[User] <<< \n",
    "Performance\n",
    "run error\nmore\n",
    "exit\n",
    "reset\n",
    "[Assistant] >>> \n",
)


class _RunError(Exception):
    """The inference has failed in mid-reply."""


@dataclass(frozen=True)
class Speed:
    """How fast the stand-in pretends to be; 0: as fast as it can."""

    prefill_tps: float = 0.0
    decode_tps: float = 0.0


@dataclass
class Pacer:
    """Holds the tokens of one reply back to a speed."""

    speed: Speed
    prompt_tokens: int
    started: float = field(default_factory=time.monotonic)
    first: float = 0.0
    pieces: int = 0

    def wait(self) -> None:
        """Return when the next token is due."""
        if self.first == 0.0:
            self._sleep_until(self.started + _seconds(self.prompt_tokens, self.speed.prefill_tps))
            self.first = time.monotonic()
        else:
            self._sleep_until(self.first + _seconds(self.pieces, self.speed.decode_tps))
        self.pieces += 1

    @staticmethod
    def _sleep_until(due: float) -> None:
        time.sleep(max(0.0, due - time.monotonic()))


class ConsoleSession:
    """One run of the console program.

    Args:
        profile: which version it plays.
        chat_format: special tokens of the model family.
        template: what is made of a line before the model sees it.
        model: what answers.
        speed: how fast.
        faults: what goes wrong, and when.
        context_tokens: where a prompt is too long for the model.
    """

    def __init__(
        self,
        profile: Profile,
        *,
        chat_format: str,
        template: Template,
        model: TextModel,
        speed: Speed,
        faults: tuple[Fault, ...],
        context_tokens: int,
    ) -> None:
        self._profile = profile
        self._plays = profile.stand_in
        self._end_of_reply = END_OF_REPLY[chat_format] if profile.reply_end_in_history else ""
        self._keeps_history = (profile.stand_in.history or profile.history) == "kept"
        self._template = template
        self._model = model
        self._speed = speed
        self._faults = faults
        self._context_tokens = context_tokens
        self._history = ""
        self._turn = 0

    def run(self) -> int:
        """Answer lines until `exit` or the end of the input; the exit code."""
        _write("".join(f"{line}\n" for line in LOG_LINES))
        sys.stderr.write("Load dnn model success\n")
        sys.stderr.flush()
        if self._struck("alloc_after_load"):
            sys.stderr.write(ALLOC_LINES)
            sys.stderr.flush()
            _segfault()
        if self._struck("load_hang"):
            _hang()
        _write(f"{self._plays.init_line}{self._plays.banner}")
        self._prompt()
        while line := sys.stdin.buffer.readline(FGETS_BYTES - 1):
            text = _valid_utf8(line.rstrip(b"\n"))
            if text == self._profile.commands.exit:
                _write(self._plays.farewell)
                return 0
            if text == self._profile.commands.reset:
                if self._struck("reset_hang"):
                    _hang()
                if self._plays.reset_works:
                    self._history = ""
                self._prompt()
            elif not text:
                self._prompt()  # inferred
            else:
                self._answer(text)
        return 0

    def _prompt(self) -> None:
        _write(f"{self._profile.markers.ready} ")

    def _answer(self, text: str) -> None:
        self._turn += 1
        rendered = self._template.render(messages=[{"role": "user", "content": text}])
        context = self._history + rendered
        if self._profile.echoes_prompt:
            _write(f"{rendered}\n")
        if self._struck("run_error"):
            _write("run error\n")
            return
        if self._struck("unflushed"):
            if os.isatty(1):
                _write("run error\n")
            return
        if self._model.count(context) > self._context_tokens:
            _write("run error\n")
            return
        _write(f"{self._profile.markers.assistant} ")
        try:
            reply, speeds = self._stream(context, rendered)
        except _RunError:
            _write("\nmKrun error\n")
            return
        except EngineError as error:
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
            _write("\nrun error\n")
            return
        if self._keeps_history:
            self._history = context + reply + self._end_of_reply
        if self._plays.speeds == "before_prompt":
            _write(f"\n{speeds}\n")
            self._prompt()
        else:
            _write("\n")
            self._prompt()
            _write(f"\n{speeds}\n")
        if self._struck("stray"):
            time.sleep(STRAY_AFTER_S)
            _write("and another thing: ")

    def _stream(self, context: str, rendered: str) -> tuple[str, str]:
        """Print the reply; the reply, and its speeds. What is remembered already is not read again."""
        pieces: list[str] = []
        started = time.monotonic()
        pacer = Pacer(self._speed, self._model.count(rendered), started)

        def say(piece: str) -> None:
            pacer.wait()
            pieces.append(piece)
            self._print_piece(piece, len(pieces))

        if self._struck("long_line"):
            say("0123456789" * 1024)
        if self._struck("markers"):
            for piece in MARKERS_SAID:
                say(piece)
        work = self._model.reply(context, say)
        if len(pieces) < PIECES_BEFORE_FAULT:
            self._strike_mid_reply()
        return "".join(pieces), self._speeds(work, pacer, started)

    def _speeds(self, work: Work, pacer: Pacer, started: float) -> str:
        first = pacer.first or time.monotonic()
        prefill = pacer.prompt_tokens / max(first - started, 1e-6)
        decode = max(work.reply_tokens - 1, 0) / max(time.monotonic() - first, 1e-6)
        unit = self._plays.speeds_unit
        return f"Performance prefill: {prefill:.2f}{unit}    decode: {decode:.2f}{unit}"

    def _print_piece(self, piece: str, number: int) -> None:
        if number == PIECES_BEFORE_FAULT:
            self._strike_mid_reply()
        if self._struck("split_utf8"):
            for byte in piece.encode():
                os.write(1, bytes((byte,)))
                time.sleep(0.0005)
        elif self._struck("log_storm"):
            middle = len(piece) // 2
            storm = "".join(f"{line}\n" for line in LOG_LINES)
            _write(f"{storm}{piece[:middle]}{storm}{piece[middle:]}")
        else:
            _write(piece)

    def _strike_mid_reply(self) -> None:
        if self._struck("crash"):
            _segfault()
        if self._struck("exit"):
            os._exit(0)
        if self._struck("hang"):
            _hang()
        if self._struck("run_error_ansi"):
            raise _RunError
        if self._struck("forged_end"):
            _write(FORGED_END)
            time.sleep(STRAY_AFTER_S)
        while self._struck("babble"):
            _write("and on and on " * 100)
        while self._struck("newlines"):
            _write("\n" * 1_000)
        if self._struck("garbage"):
            os.write(1, b"\xff\xfe\x80\xe4\xbd\x1b[1;3\x1b[0m\x00\r")

    def _struck(self, kind: str) -> bool:
        return any(fault.kind == kind and fault.strikes(self._turn) for fault in self._faults)


def _seconds(tokens: int, per_second: float) -> float:
    return tokens / per_second if per_second > 0 else 0.0


def _valid_utf8(line: bytes) -> str:
    """The line up to its first invalid byte, as the vendor's program reads it."""
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        return line[: error.start].decode()


def _write(text: str) -> None:
    data = text.encode()
    while data:
        data = data[os.write(1, data) :]


def _segfault() -> NoReturn:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGSEGV)
    _hang()


def _hang() -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(3600)
