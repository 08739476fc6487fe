# SPDX-License-Identifier: Apache-2.0
"""What xlm-server costs: the same console spoken to directly, through the server, and started for every request.

Direct and served requests take turns, so that a busy computer disturbs both alike. Times are a client's: from
sending the request to the first text, and from there to the last.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pty
import select
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

import openai

from benchmarks.row import Row
from voice_agent_ros.errors import ModelMissingError
from voice_agent_ros.models.catalogue import path_of
from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.profile import load_profile
from voice_agent_ros.xlm.protocol import Message
from voice_agent_ros.xlm.rendering import Renderer

PROFILE = "xlm_demo-0.9.0"
MODEL = "qwen2.5-coder-0.5b-instruct"
SIM = (sys.executable, "-m", "voice_agent_ros.xlm.console_sim")
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "and", "runs", "on"]
COUNT = "Count from 1 to 60, separated by commas. Nothing else."
DEADLINE_S = 30.0
KEPT_ALIVE_S = 2.0
TTFT_BUDGET_MS = 2.0
SHARE_BUDGET = 98.0
LOAD_S = 2.0
GROUP = "xlm"


@dataclass(frozen=True)
class Timing:
    """One reply as its reader saw it.

    Attributes:
        ttft_s: until the first text.
        rest_s: from there to the last text.
        total_s: until the reply was known to be complete.
        characters: of the reply.
    """

    ttft_s: float
    rest_s: float
    total_s: float
    characters: int


class DirectConsole:
    """The console on a terminal of its own, and nothing in between."""

    def __init__(self, command: Sequence[str]) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=theirs, stderr=subprocess.DEVNULL, start_new_session=True
        )
        os.close(theirs)
        self._read_until(b"[User] <<< ")

    def ask(self, line: str) -> Timing:
        """Type a line and read to the next prompt."""
        assert self._process.stdin is not None
        began = time.perf_counter()
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        marker = b"[Assistant] >>> "
        data = self._read_until(marker)
        reply = data[data.index(marker) + len(marker) :]
        while not reply:
            reply = self._read()
        first = last = time.perf_counter()
        while b"[User] <<< " not in reply:
            last = time.perf_counter() if b"\nPerformance" not in reply else last
            reply += self._read()
        text = reply[: reply.index(b"\nPerformance")].decode()
        ended = time.perf_counter()
        return Timing(
            first - began, (last if len(reply) > len(text) else ended) - first, ended - began, len(text)
        )

    def reset(self) -> None:
        """Make it forget."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"reset\n")
        self._process.stdin.flush()
        self._read_until(b"[User] <<< ")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._ours)

    def _read(self) -> bytes:
        if not select.select([self._ours], [], [], DEADLINE_S)[0]:
            raise TimeoutError("the console is silent")
        return os.read(self._ours, 65_536)

    def _read_until(self, marker: bytes) -> bytes:
        data = b""
        while marker not in data:
            data += self._read()
        return data


class Server:
    """A server process over a console."""

    def __init__(self, console: Sequence[str], *options: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "voice_agent_ros.xlm.server_cli", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--console", shlex.join(console), "--no-probe", "--log-level", "error", *options]
        )
        self.wait_until_idle()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)

    def wait_until_idle(self) -> None:
        """Until a question would be answered at once."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/health")
                if json.loads(connection.getresponse().read())["state"] == "idle":
                    return
            time.sleep(0.02)
        raise TimeoutError("the server does not come up")


class Client:
    """One client with a connection that it keeps."""

    def __init__(self, port: int, name: str = "bench") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
        self._connection.connect()
        self._used_at = time.monotonic()
        self._headers = {"Content-Type": "application/json", "User-Agent": name}

    def ask(self, text: str) -> Timing:
        """One streamed reply."""
        body = json.dumps({"model": "xlm", "messages": [{"role": "user", "content": text}], "stream": True})
        if time.monotonic() - self._used_at > KEPT_ALIVE_S:  # the server may be hanging up
            self._connection.close()
            self._connection.connect()
        began = time.perf_counter()
        self._connection.request("POST", "/v1/chat/completions", body, self._headers)
        response = self._connection.getresponse()
        if response.status != 200:
            raise RuntimeError(response.read().decode())
        first = last = 0.0
        characters = 0
        for line in self._data(response):
            now = time.perf_counter()
            choices = json.loads(line)["choices"]
            content = choices[0]["delta"].get("content") if choices else ""
            if content:
                first, last = first or now, now
                characters += len(content)
        self._used_at = time.monotonic()
        return Timing(first - began, last - first, time.perf_counter() - began, characters)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    @staticmethod
    def _data(response: http.client.HTTPResponse) -> Iterator[bytes]:
        while line := response.readline():
            if line.startswith(b"data: ") and not line.startswith(b"data: [DONE]"):
                yield line[6:]


def ask_with_openai(client: openai.OpenAI, text: str) -> float:
    """Seconds to the first text as the official client's user sees it."""
    began, first = time.perf_counter(), 0.0
    with client.chat.completions.create(
        model="xlm", messages=[{"role": "user", "content": text}], stream=True
    ) as chunks:
        for chunk in chunks:
            if not first and chunk.choices and chunk.choices[0].delta.content:
                first = time.perf_counter() - began
    return first


def console_line(text: str) -> str:
    """What the server types for one user message."""
    profile = load_profile(PROFILE)
    question: Question = (
        Renderer(profile, profile.model_type(), "passthrough")
        .render([Message(role="user", content=text)])
        .question
    )
    return question.line


def compared(options: Sequence[str], text: str, runs: int) -> tuple[list[Timing], list[Timing]]:
    """Direct and served replies to the same question."""
    command = [*SIM, *options]
    line = console_line(text)
    direct: list[Timing] = []
    served: list[Timing] = []
    console = DirectConsole(command)
    try:
        with Server(command) as server:
            client = Client(server.port)
            for _ in range(2):
                console.ask(line)
                console.reset()
                client.ask(text)
            for _ in range(runs):
                direct.append(console.ask(line))
                console.reset()
                served.append(client.ask(text))
                time.sleep(0.005)  # a client that reads, and the reset after the turn
            client.close()
    finally:
        console.close()
    return direct, served


def ttft_rows(name: str, timings: tuple[list[Timing], list[Timing]]) -> list[Row]:
    """What the server adds to the time to the first text."""
    direct, served = timings
    base = statistics.median(timing.ttft_s for timing in direct)
    return [
        Row.of_samples(GROUP, f"{name}: direct TTFT", [timing.ttft_s * 1e3 for timing in direct], "ms"),
        Row.of_samples(
            GROUP,
            f"{name}: added TTFT",
            [(timing.ttft_s - base) * 1e3 for timing in served],
            "ms",
            TTFT_BUDGET_MS,
        ),
    ]


def share_row(name: str, timings: tuple[list[Timing], list[Timing]]) -> Row:
    """How much of the direct speed reaches the server's client, first text to last, all runs together."""
    direct, served = timings

    def speed(timings: Sequence[Timing]) -> float:
        return sum(timing.characters for timing in timings) / sum(timing.rest_s for timing in timings)

    share = 100 * speed(served) / speed(direct)
    return Row(GROUP, f"{name}: share of the direct tokens/s", share, "%", SHARE_BUDGET, len(served))


def client_rows(runs: int) -> list[Row]:
    """What the official client costs by itself: the same server asked through it and through a plain socket."""
    text = " ".join(WORDS * 5)
    with (
        Server([*SIM, "--echo"]) as server,
        openai.OpenAI(
            base_url=f"http://127.0.0.1:{server.port}/v1", api_key="unused", timeout=DEADLINE_S
        ) as official,
    ):
        client = Client(server.port)
        plain, through_it = [], []
        for number in range(runs + 2):
            pair = (client.ask(text).ttft_s, ask_with_openai(official, text))
            if number >= 2:  # connected, and all modules loaded
                plain.append(pair[0] * 1e3)
                through_it.append(pair[1] * 1e3)
            time.sleep(0.005)
        client.close()
    base = statistics.median(plain)
    name = "TTFT through the openai client (its own cost); baseline: a plain socket"
    return [Row.of_samples(GROUP, name, through_it, "ms", base)]


def per_process_rows(runs: int) -> list[Row]:
    """A warm console against one that is started for every request, both with a model that loads for a while."""
    text = " ".join(WORDS)
    options = ("--echo", "--load-s", str(LOAD_S), "--prefill-tps", "635", "--decode-tps", "200")
    cold = []
    for _ in range(runs):
        began = time.perf_counter()
        console = DirectConsole([*SIM, *options])
        started = time.perf_counter() - began
        cold.append(started + console.ask(console_line(text)).ttft_s)
        console.close()
    with Server([*SIM, *options]) as server:
        client = Client(server.port)
        warm = [client.ask(text).ttft_s for _ in range(4 * runs)]
        client.close()
    return [
        Row.of_samples(
            GROUP,
            f"TTFT, warm; baseline: a process per request, {LOAD_S:g} s load",
            [seconds * 1e3 for seconds in warm],
            "ms",
            statistics.median(cold) * 1e3,
        )
    ]


def queue_rows(requests: int) -> list[Row]:
    """Seconds of console time per request with more and more clients; ideal: what one client alone needs."""
    text = " ".join(WORDS)
    rows: list[Row] = []
    alone = 0.0
    with Server([*SIM, "--echo", "--decode-tps", "200"], "--queue", "16") as server:
        for clients in (1, 2, 4, 8):
            timings: list[Timing] = []

            def work(name: str, timings: list[Timing] = timings, clients: int = clients) -> None:
                client = Client(server.port, name)
                timings.extend(client.ask(text) for _ in range(requests // clients))
                client.close()

            threads = [threading.Thread(target=work, args=(f"client {n}",)) for n in range(clients)]
            began = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(DEADLINE_S)
            each = (time.perf_counter() - began) / len(timings)
            alone = alone or each
            rows.append(
                Row(
                    GROUP,
                    f"{clients} clients: wall time per request",
                    each * 1e3,
                    "ms",
                    alone * 1e3,
                    len(timings),
                )
            )
            rows.append(
                Row.of_samples(
                    GROUP, f"{clients} clients: TTFT", [timing.ttft_s * 1e3 for timing in timings], "ms"
                )
            )
    return rows


def rows() -> list[Row]:
    """Everything; a few minutes."""
    paced = ("--echo", "--prefill-tps", "635", "--decode-tps", "17")
    result = [
        *ttft_rows("echo, 0.3 kB prompt", compared(("--echo",), " ".join(WORDS * 5), 100)),
        *ttft_rows("echo, 4 kB prompt", compared(("--echo",), " ".join(WORDS * 72), 50)),
        share_row("echo, thousands of tokens/s", compared(("--echo",), " ".join(WORDS * 100), 20)),
        share_row("paced like an S100 (635/17)", compared(paced, " ".join(WORDS * 3), 6)),
        *client_rows(50),
        *per_process_rows(5),
        *queue_rows(48),
    ]
    try:
        weights = path_of(MODEL)
    except ModelMissingError as error:
        print(f"not measured with weights: {error}", file=sys.stderr)
        return result
    for threads in ("1", "2"):
        options = ("--gguf", str(weights), "--threads", threads, "--max-reply-tokens", "48")
        timings = compared(options, COUNT, 8)
        result += ttft_rows(f"0.5B on {threads} core(s)", timings)
        result.append(share_row(f"0.5B on {threads} core(s)", timings))
    return result
