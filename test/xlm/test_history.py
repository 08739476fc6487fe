# SPDX-License-Identifier: Apache-2.0
"""What a console remembers: built on for the same client's own conversation, forgotten for everybody else."""

from __future__ import annotations

import random
import shlex
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voice_agent_ros.xlm.console import Question
from voice_agent_ros.xlm.memory import ConversationMemory
from voice_agent_ros.xlm.profile import PASSTHROUGH_TEMPLATE
from voice_agent_ros.xlm.rates import Rates

# The console's own record of what it was asked, beside the stand-in.
RECORDER = """
import subprocess, sys
record, command = sys.argv[1], sys.argv[2:]
child = subprocess.Popen(command, stdin=subprocess.PIPE)
with open(record, "ab") as file:
    for line in iter(sys.stdin.buffer.readline, b""):
        file.write(line)
        file.flush()
        child.stdin.write(line)
        child.stdin.flush()
child.stdin.close()
sys.exit(child.wait())
"""

MULTICHAT = f"--echo --profile oellm_multichat --template_path {PASSTHROUGH_TEMPLATE}"
CHATML = "<|im_start|>user\n{{ messages[-1]['content'] }}<|im_end|>\n<|im_start|>assistant\n"


class RecordedServer:
    """A live server whose console's input is written down."""

    def __init__(
        self, start: Callable[..., Any], folder: Path, console: str, options: str, **more: Any
    ) -> None:
        self._record = folder / "typed.txt"
        script = folder / "recorder.py"
        script.write_text(RECORDER)
        sim = [sys.executable, "-m", "voice_agent_ros.xlm.console_sim", *shlex.split(console)]
        command = shlex.join([sys.executable, str(script), str(self._record), *sim])
        self.server = start("", f"--console {shlex.quote(command)} {options}", **more).wait_until_healthy()

    def typed(self) -> list[str]:
        return self._record.read_text().splitlines()


def user(*texts: str) -> list[dict[str, str]]:
    """A conversation that begins with the user and takes turns."""
    return [{"role": "assistant" if at % 2 else "user", "content": text} for at, text in enumerate(texts)]


@pytest.mark.parametrize("profile", ["oellm_multichat", "hobot_xlm-0.9.2"])
def test_a_conversation_that_goes_on_sends_only_what_is_new(
    start_server: Callable[..., Any], tmp_path: Path, profile: str
) -> None:
    template = tmp_path / "vendor.jinja"
    template.write_text(CHATML)
    used = template if profile.startswith("hobot") else PASSTHROUGH_TEMPLATE
    recorded = RecordedServer(
        start_server,
        tmp_path,
        f"--echo --profile {profile} --model_type 7 --template_path {used}",
        f"--profile {profile} --model-type qwen2_5",
    )
    first = recorded.server.talk(user("apple"))
    second = recorded.server.talk(user("apple", first, "pear"))
    third = recorded.server.talk(user("apple", first, "pear", second, "plum"))
    typed = [line for line in recorded.typed() if "plum" in line]
    assert len(typed) == 1
    assert "apple" not in typed[0]
    assert "reset" not in recorded.typed()
    assert "plum" in third
    assert recorded.server.health().json()["restarts"] == 0


@pytest.mark.parametrize(
    "other",
    [
        user("cherry"),
        user("apple", "something else", "pear"),
        user("apple", "apple"),
        user("other", "apple", "pear"),
        [{"role": "system", "content": "Be brief."}, *user("apple", "apple", "pear")],
    ],
)
def test_anything_else_starts_clean(
    start_server: Callable[..., Any], tmp_path: Path, other: list[dict[str, str]]
) -> None:
    options = "--profile oellm_multichat --model-type qwen2_5"
    recorded = RecordedServer(start_server, tmp_path, MULTICHAT, options)
    assert recorded.server.talk(user("apple")) == "apple"
    heard = recorded.server.talk(other)
    assert heard == " | ".join(message["content"] for message in other if message["role"] == "user")
    assert recorded.typed()[1] == "reset"


def test_the_same_words_from_another_client_are_not_continued() -> None:
    memory = ConversationMemory()
    memory.learn("a", Question("x", dialog=(("user", "hi"),)), "hello  there")
    again = Question(
        "y", dialog=(("user", "hi"), ("assistant", "hello there"), ("user", "and?")), follow_up="and?"
    )
    assert memory.is_continued_by("a", again)
    assert not memory.is_continued_by("b", again)
    memory.forget()
    assert not memory.is_continued_by("a", again)


def test_a_reply_that_was_cut_is_not_built_on(start_server: Callable[..., Any], tmp_path: Path) -> None:
    options = "--profile oellm_multichat --model-type qwen2_5"
    recorded = RecordedServer(start_server, tmp_path, MULTICHAT, options)
    cut = recorded.server.ask("one two three four five six", max_tokens=2)
    assert (
        recorded.server.talk(user("one two three four five six", cut, "x"))
        == "one two three four five six | x"
    )
    assert "reset" in recorded.typed()


PROBES = [
    ("--history kept", "kept", "reset"),
    ("--history none", "unknown", "reset"),
    ("--history kept --reset ignored", "kept", "restart"),
]


@pytest.mark.parametrize(("console", "history", "clean_by"), PROBES)
def test_habits_are_probed_at_start(
    start_server: Callable[..., Any], console: str, history: str, clean_by: str
) -> None:
    server = start_server(f"--echo {console}", probe=True).wait_until_healthy()
    health = server.health().json()
    assert (health["history"], health["clean_by"]) == (history, clean_by)
    for text in ("first words", "second words"):
        assert server.ask(text) == text
    assert server.talk(user("a", "b", "c")) == "a | c"


@pytest.mark.parametrize("console", ["--history kept", "--history kept --reset ignored", "--history none"])
def test_interleaved_sessions_never_hear_each_other(start_server: Callable[..., Any], console: str) -> None:
    server = start_server(f"--echo {console}", "--queue 16", probe=True).wait_until_healthy()
    wrong: list[tuple[list[str], str]] = []

    def converse(name: str) -> None:
        dice, client = random.Random(name), server.client.with_options(api_key=name)
        said: list[str] = []
        for turn in range(4):
            said.append(f"{name} {turn} {dice.getrandbits(48):x}")
            reply = client.chat.completions.create(model="xlm", messages=user(*said))
            heard = reply.choices[0].message.content
            if heard != " | ".join(said[::2]):
                wrong.append((list(said), heard))
            said.append(heard)

    threads = [threading.Thread(target=converse, args=(name,)) for name in ("anna", "bert", "cleo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []


@pytest.mark.parametrize(
    ("reply_s", "load_s", "elapsed_s", "waits"),
    [(0.0, 2.0, 0.5, True), (1.0, 4.0, 0.5, True), (30.0, 2.0, 1.0, False), (30.0, 2.0, 29.0, False)],
)
def test_the_shorter_way_out_of_an_unwanted_reply(
    reply_s: float, load_s: float, elapsed_s: float, waits: bool
) -> None:
    rates = Rates(reply_s=reply_s, load_s=load_s)
    assert (rates.worth_draining_s(elapsed_s) > 0) is waits


def test_every_start_is_counted(start_server: Callable[..., Any]) -> None:
    """What this version thinks is not in what the client sends back, so that it must forget after each reply."""
    server = start_server(
        "--echo --profile hobot_xlm-0.9.2", "--profile hobot_xlm-0.9.2"
    ).wait_until_healthy()
    for number in range(1, 3):
        assert server.ask("hello") == "hello"
        told = server.wait_for(lambda response: response.json()["state"] == "idle").json()
        assert told["restarts"] == number
