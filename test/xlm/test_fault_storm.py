# SPDX-License-Identifier: Apache-2.0
"""Every fault again and again: an answer or a clear error, a correct reply after it, and nothing left behind.

A few runs each belong to the ordinary tests; `make soak` makes it a hundred and prints the table of docs/xlm_faults.md.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

RUNS = int(os.environ.get("XLM_FAULT_RUNS", "2"))
REQUESTS_EACH = int(os.environ.get("XLM_STORM_REQUESTS", "8"))
LEAK_REQUESTS = int(os.environ.get("XLM_LEAK_REQUESTS", "60"))
# What the client may get for the question that the fault strikes; anything else is a failure.
ANSWERS = "answer"
FAULTS: dict[str, set[str]] = {
    "crash": {"engine_crash"},
    "exit": {"engine_crash"},
    "hang": {"engine_hang"},
    "run_error": {"engine_run_error"},
    "run_error_ansi": {"engine_run_error"},
    "unflushed": {"engine_run_error"},
    "garbage": {ANSWERS},
    "split_utf8": {ANSWERS},
    "log_storm": {ANSWERS},
    "long_line": {ANSWERS},
    "markers": {ANSWERS},
    "babble": {"cut"},
    "newlines": {"cut"},
    "forged_end": {"cut"},
    "stray": {ANSWERS},
    "reset_hang": {ANSWERS},
}
IMPATIENT = (
    "extends: xlm_demo-0.9.0\nname: impatient\nlimits: {silence_s: 1.0, settle_s: 0.2, reset_s: 1.0}\n"
)
QUESTION = "one two three four five six"


def outcome(server: Any, kind: str) -> str:
    """What a client is told when the fault strikes."""
    body = {"model": "xlm", "messages": [{"role": "user", "content": QUESTION}]}
    response = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=20)
    if response.status_code == 503:
        assert int(response.headers["retry-after"]) >= 1
        return str(response.json()["error"]["code"])
    assert response.status_code == 200
    choice = response.json()["choices"][0]
    heard = str(choice["message"]["content"])
    if kind in ("babble", "newlines"):
        return "cut" if heard.startswith("one two") and choice["finish_reason"] == "length" else heard
    if kind == "garbage":
        return ANSWERS if heard.startswith("one two") and heard.endswith("six") else heard
    if kind in ("long_line", "markers"):
        return ANSWERS if heard.endswith(QUESTION) else heard
    if heard == QUESTION:
        return ANSWERS
    return "cut" if QUESTION.startswith(heard) else heard


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_again_and_again(start_server: Callable[..., Any], tmp_path: Path, kind: str) -> None:
    profile = tmp_path / "impatient.yaml"
    profile.write_text(IMPATIENT)
    # Every other turn of a process is struck: the first of each is not, nor is the one after a fault.
    faults = " ".join(f"--fault {kind}@{turn}" for turn in range(2, 2 * RUNS + 1, 2))
    server = start_server(f"--echo {faults}", f"--profile {profile}").wait_until_healthy()
    told: Counter[str] = Counter()
    assert server.ask("before") == "before"
    for run in range(RUNS):
        told[outcome(server, kind)] += 1
        assert server.ask(f"next {run}") == f"next {run}"
        assert server.health().json()["queued"] == 0
    server.wait_until_idle()
    assert server.health().status_code == 200
    assert len(psutil.Process(server.process.pid).children(recursive=True)) == 1
    print(f"\n{kind}: {dict(told)}, restarts {server.health().json()['restarts']}")
    assert set(told) == FAULTS[kind]


FLAKY_START = """
import os, pathlib, sys
starts = pathlib.Path("starts")
number = int(starts.read_text()) if starts.exists() else 0
starts.write_text(str(number + 1))
faults = ["--fault", sys.argv[1]] if number % 2 else []
os.execv(sys.executable, [sys.executable, "-m", "voice_agent_ros.xlm.console_sim", "--echo", *faults])
"""


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("kind", "code"),
    [("load_memory", "memory"), ("alloc_after_load", "memory"), ("load_hang", "hang")],
)
def test_every_other_start_fails(
    start_server: Callable[..., Any], tmp_path: Path, kind: str, code: str
) -> None:
    profile = tmp_path / "impatient.yaml"
    patience = 5.0 if kind == "load_hang" else 60.0  # a start may take long on a busy computer
    profile.write_text(f"extends: xlm_demo-0.9.0\nname: impatient\nlimits: {{load_s: {patience}}}\n")
    script = tmp_path / "flaky.py"
    script.write_text(FLAKY_START)
    command = f"{sys.executable} {script} {kind}"
    options = f"--profile {profile} --console '{command}'"
    server = start_server(options=options).wait_until_healthy()
    told: Counter[str] = Counter()
    body = {"model": "xlm", "messages": [{"role": "user", "content": QUESTION}]}
    for run in range(max(1, RUNS // 2) if RUNS < 100 else RUNS):
        server.console().kill()
        server.wait_for(lambda response: response.json()["state"] != "idle")
        # Who asks while it is away waits for the start, and is told when that fails; or comes too late for it.
        response = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60)
        if response.status_code == 503:
            assert int(response.headers["retry-after"]) >= 1
        told[response.json().get("error", {}).get("code", ANSWERS)] += 1
        server.wait_until_healthy()
        assert server.ask(f"next {run}") == f"next {run}"
        assert server.health().json()["queued"] == 0
    assert len(psutil.Process(server.process.pid).children(recursive=True)) == 1
    print(f"\n{kind}: {dict(told)}, restarts {server.health().json()['restarts']}")
    assert set(told) <= {f"engine_{code}", ANSWERS}


@pytest.mark.parametrize("kind", ["load_memory", "alloc_after_load"])
def test_failed_starts_in_a_row_make_it_unhealthy(start_server: Callable[..., Any], kind: str) -> None:
    server = start_server(f"--echo --fault {kind}")
    health = server.wait_for(lambda response: response.json()["failures"] >= 3)
    assert health.status_code == 503
    assert "hb_switch_ion.sh bpu_first" in health.json()["fix"]
    assert health.json()["retry_in_s"] > 0 or health.json()["state"] != "idle"


def test_a_load_that_never_ends_is_given_up(start_server: Callable[..., Any], tmp_path: Path) -> None:
    profile = tmp_path / "impatient.yaml"
    profile.write_text("extends: xlm_demo-0.9.0\nname: impatient\nlimits: {load_s: 1.0}\n")
    server = start_server("--echo --fault load_hang", f"--profile {profile}")
    health = server.wait_for(lambda response: response.json()["failures"] >= 1)
    assert "silent for 1 s" in health.json()["problem"]


def test_those_who_wait_are_told_when_it_fails(start_server: Callable[..., Any], tmp_path: Path) -> None:
    profile = tmp_path / "impatient.yaml"
    profile.write_text(IMPATIENT)
    server = start_server("--echo --fault hang@1", f"--profile {profile}").wait_until_healthy()
    told: list[httpx.Response] = []
    client = httpx.Client(timeout=20)  # made before: the first question is given up soon

    def ask() -> None:
        body = {"model": "xlm", "messages": [{"role": "user", "content": QUESTION}]}
        told.append(client.post(f"{server.url}/v1/chat/completions", json=body))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    with client:
        for thread in threads:
            thread.start()
        queue = server.wait_for(lambda response: response.json()["queued"] == 2).json()["queue"]
        assert [item["position"] for item in queue] == [1, 2]
        for thread in threads:
            thread.join(20)
    assert [response.status_code for response in told] == [503] * 3
    assert {response.json()["error"]["code"] for response in told} == {"engine_hang"}
    assert all(int(response.headers["retry-after"]) >= 1 for response in told)
    assert server.wait_until_healthy().health().json()["restarts"] == 1


@pytest.mark.timeout(3600)
def test_eight_clients_that_hang_up_at_random_hear_only_themselves(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --decode-tps 400", "--queue 32").wait_until_healthy()
    url, wrong, complete = f"{server.url}/v1/chat/completions", [], Counter[str]()

    def talk(name: str) -> None:
        dice = random.Random(name)
        with httpx.Client(timeout=60, headers={"authorization": f"Bearer {name}"}) as client:
            for number in range(REQUESTS_EACH):
                nonce = f"nonce {name} {number} {dice.getrandbits(64):x}"
                body = {"model": "xlm", "messages": [{"role": "user", "content": nonce}], "stream": True}
                heard, leaves_after = "", dice.choice((0, 1, 2, 99, 99))
                with client.stream("POST", url, json=body) as response:
                    assert response.status_code == 200
                    for count, line in enumerate(filter(None, response.iter_lines())):
                        if count >= leaves_after or line == "data: [DONE]":
                            break
                        if line.startswith("data: "):
                            heard += json.loads(line[6:])["choices"][0]["delta"].get("content") or ""
                complete["whole" if leaves_after == 99 else "left"] += 1
                if not nonce.startswith(heard) or (leaves_after == 99 and heard != nonce):
                    wrong.append((nonce, heard))

    threads = [threading.Thread(target=talk, args=(f"client{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3000)
    assert wrong == []
    assert complete.total() == 8 * REQUESTS_EACH
    server.wait_until_idle()
    assert server.health().json()["queued"] == 0
    assert len(psutil.Process(server.process.pid).children(recursive=True)) == 1
    print(f"\n8 clients: {dict(complete)}, restarts {server.health().json()['restarts']}")


@pytest.mark.timeout(3600)
def test_nothing_leaks(start_server: Callable[..., Any]) -> None:
    server = start_server().wait_until_healthy()
    process = psutil.Process(server.process.pid)

    def load(requests: int) -> tuple[int, int, int]:
        for number in range(requests):
            assert server.ask(f"request {number}") == f"request {number}"
        server.wait_until_idle()
        return len(process.children(recursive=True)), process.num_fds(), process.memory_info().rss

    load(max(20, LEAK_REQUESTS // 5))
    children, descriptors, memory = load(1)
    after = load(LEAK_REQUESTS)
    grown = (after[2] - memory) / 1024
    print(
        f"\n{LEAK_REQUESTS} requests: {after[0]} child, {descriptors} -> {after[1]} descriptors, {grown:+.0f} KiB"
    )
    assert after[0] == children == 1
    assert after[1] <= descriptors + 1
    assert grown < 4096
