# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in the console: a clear answer, then a correct one, and no process left behind."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import openai
import psutil
import pytest

USER = [{"role": "user", "content": "one two three four five six seven eight"}]


def stream(server: Any, messages: list[dict[str, str]] = USER) -> tuple[str, openai.APIError | None]:
    """What was heard, and the error that ended it."""
    heard = ""
    try:
        for chunk in server.client.chat.completions.create(model="xlm", messages=messages, stream=True):
            heard += chunk.choices[0].delta.content or ""
    except openai.APIError as error:
        return heard, error
    return heard, None


def test_crash_in_mid_reply(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --fault crash@2").wait_until_healthy()
    assert server.ask("first") == "first"
    old = server.console()
    heard, error = stream(server)
    assert error is not None
    assert "signal 11" in error.message
    assert "eight" not in heard
    assert server.ask("third") == "third"
    assert not old.is_running()
    assert server.health().json()["restarts"] == 1


@pytest.mark.parametrize("kind", ["run_error", "unflushed"])
def test_run_error_without_a_prompt(start_server: Callable[..., Any], kind: str) -> None:
    server = start_server(f"--echo --fault {kind}@2").wait_until_healthy()
    assert server.ask("first") == "first"
    with pytest.raises(openai.APIStatusError) as caught:
        server.ask("second")
    assert caught.value.status_code == 503
    assert caught.value.code == "engine_run_error"
    assert caught.value.response.headers["retry-after"]
    assert server.ask("third") == "third"


def test_hang(start_server: Callable[..., Any], tmp_path: Any) -> None:
    profile = tmp_path / "impatient.yaml"
    profile.write_text("extends: xlm_demo-0.9.0\nlimits: {silence_s: 1.5, settle_s: 0.2}\n")
    server = start_server("--echo --fault hang@2", f"--profile {profile}").wait_until_healthy()
    assert server.ask("first") == "first"
    old = server.console()
    _, error = stream(server)
    assert error is not None
    assert "silent for 1.5 s" in error.message
    assert server.ask("third") == "third"
    assert not old.is_running()


@pytest.mark.parametrize("kind", ["split_utf8", "log_storm"])
def test_noise_that_must_not_be_heard(start_server: Callable[..., Any], kind: str) -> None:
    server = start_server(f"--echo --fault {kind}").wait_until_healthy()
    for text in ("你好，世界 😀 hello", "two"):
        assert server.ask(text) == text


def test_garbage_and_long_lines_stay_in_their_reply(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --fault garbage@1 --fault long_line@2").wait_until_healthy()
    assert server.ask("one two three four").startswith("one two")
    assert server.ask("second").endswith("0123456789second")
    assert server.ask("third") == "third"


@pytest.mark.parametrize("kind", ["load_memory", "alloc_after_load"])
def test_memory_failure_at_load_names_the_fix(start_server: Callable[..., Any], kind: str) -> None:
    server = start_server(f"--echo --fault {kind}")
    response = server.wait_for(lambda response: response.json()["state"] == "failed")
    assert response.status_code == 503
    assert "hb_switch_ion.sh bpu_first" in response.json()["fix"]
    with pytest.raises(openai.APIStatusError) as caught:
        server.ask("hello")
    assert caught.value.status_code == 503
    assert caught.value.code == "engine_memory"
    assert "hb_switch_ion.sh bpu_first" in caught.value.message


def test_idle_death_is_repaired(start_server: Callable[..., Any]) -> None:
    server = start_server().wait_until_healthy()
    pid = server.console().pid
    os.kill(pid, signal.SIGKILL)
    server.wait_for(lambda response: response.json()["console_pid"] not in (None, pid))
    assert server.ask("hello") == "hello"


def test_a_client_that_hangs_up_does_not_spoil_the_next(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --decode-tps 40 --load-s 1").wait_until_healthy()
    for is_stream in (True, False):
        body = {"model": "xlm", "messages": USER, "stream": is_stream}
        url = f"{server.url}/v1/chat/completions"
        if is_stream:
            with httpx.stream("POST", url, json=body) as response:
                next(response.iter_lines())
        else:
            with pytest.raises(httpx.ReadTimeout):
                httpx.post(url, json=body, timeout=0.1)
        assert server.ask("clean") == "clean"
    assert server.health().json()["restarts"] == 0  # reading them to the end was the shorter way


def test_an_endless_unwanted_reply_costs_a_restart_only(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --decode-tps 4").wait_until_healthy()
    old = server.console()
    body = {"model": "xlm", "messages": [{"role": "user", "content": "word " * 400}], "stream": True}
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body) as response:
        next(response.iter_lines())
    started = time.monotonic()
    assert server.ask("clean") == "clean"
    assert time.monotonic() - started < 6
    assert not old.is_running()


def test_queue_is_bounded(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --decode-tps 10", "--queue 1").wait_until_healthy()
    url, body = f"{server.url}/v1/chat/completions", {"model": "xlm", "messages": USER, "stream": True}
    with httpx.stream("POST", url, json=body) as first:
        lines = first.iter_lines()
        next(lines)
        waiting = threading.Thread(target=server.ask, args=("later",))
        waiting.start()
        server.wait_for(lambda response: response.json()["queued"] == 1)
        refused = httpx.post(url, json=body)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["error"]["code"] == "queue_full"
        list(lines)
    waiting.join(20)
    assert server.ask("after") == "after"


def test_deadline(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --decode-tps 5", "--deadline-s 0.5").wait_until_healthy()
    heard, error = stream(server)
    assert heard.startswith("one")
    assert error is not None
    assert error.code == "deadline_exceeded"
    server.wait_until_idle()
    assert server.ask("x") == "x"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("is_busy", [False, True])
def test_a_signal_ends_everything_soon(start_server: Callable[..., Any], number: int, is_busy: bool) -> None:
    server = start_server("--echo --decode-tps 2").wait_until_healthy()
    console = server.console()
    body = {"model": "xlm", "messages": USER, "stream": True}
    with httpx.stream("POST", f"{server.url}/v1/chat/completions", json=body, timeout=10) as response:
        lines = response.iter_lines()
        if is_busy:
            next(lines)
        else:
            response.close()
            server.wait_until_idle()
        started = time.monotonic()
        while (
            server.process.poll() is None and time.monotonic() < started + 5
        ):  # a Ctrl-C comes more than once
            server.process.send_signal(number)
            time.sleep(0.002)
        assert server.process.wait(1) == 0, server.log.read_text()
        assert time.monotonic() - started < 3
        assert "Traceback" not in server.log.read_text()
        assert not console.is_running() or console.status() == psutil.STATUS_ZOMBIE
        if is_busy:
            assert "shutting_down" in "".join(lines)


@pytest.mark.parametrize("console", ["--echo", "--echo --fault hang@1"])
def test_no_orphan_when_the_server_is_killed(start_server: Callable[..., Any], console: str) -> None:
    server = start_server(console).wait_until_healthy()
    child = server.console()
    if "hang" in console:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{server.url}/v1/chat/completions", json={"model": "xlm", "messages": USER}, timeout=0.3
            )
    server.process.kill()
    server.process.wait()
    _, alive = psutil.wait_procs([child], timeout=3)
    assert alive == []


def test_no_orphan_behind_a_wrapper_script(start_server: Callable[..., Any], tmp_path: Any) -> None:
    server = start_server()
    server.stop()
    script = tmp_path / "console.sh"
    sim = shlex.join([sys.executable, "-m", "voice_agent_ros.xlm.console_sim", "--echo"])
    script.write_text(f"#!/bin/sh\n{sim}\nexit $?\n")
    script.chmod(0o755)
    server = start_server("--echo", f"--console {script}").wait_until_healthy()
    family = [server.console(), *server.console().children(recursive=True)]
    assert len(family) == 2
    server.process.kill()
    server.process.wait()
    _, alive = psutil.wait_procs(family, timeout=3)
    assert alive == []


def test_a_wrapper_s_child_cannot_make_a_dead_console_look_alive(
    start_server: Callable[..., Any], tmp_path: Any
) -> None:
    """It holds the pipes, and ignores that its terminal has gone."""
    script = tmp_path / "console.sh"
    sim = shlex.join([sys.executable, "-m", "voice_agent_ros.xlm.console_sim", "--echo"])
    script.write_text(f"#!/bin/sh\ntrap '' HUP\nexec 3<&0\n{sim} <&3 &\nexec 3<&-\nwait\n")
    script.chmod(0o755)
    server = start_server("", f"--console {script}").wait_until_healthy()
    wrapper = server.console()
    (child,) = wrapper.children()
    wrapper.kill()
    _, alive = psutil.wait_procs([child], timeout=10)
    assert alive == []
    server.wait_for(lambda response: response.json()["console_pid"] not in (None, wrapper.pid))
    server.wait_until_healthy()
    assert server.ask("hello") == "hello"


def test_a_console_that_always_ends_is_not_healthy(start_server: Callable[..., Any], tmp_path: Any) -> None:
    script = tmp_path / "console.sh"
    script.write_text("#!/bin/sh\nprintf '[User] <<< '\necho 'no licence' >&2\nexit 3\n")
    script.chmod(0o755)
    server = start_server("", f"--console {script}")
    told = server.wait_for(lambda response: response.json()["failures"] >= 3)
    assert told.status_code == 503
    assert "no licence" in told.json()["problem"]
    assert told.json()["restarts"] <= 5  # further and further apart


def test_a_signal_while_loading(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --load-s 20")
    response = server.wait_for(lambda response: response.json()["state"] == "loading")
    assert response.status_code == 503
    started = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) == 0
    assert time.monotonic() - started < 3


def test_a_port_in_use_is_an_error_before_the_console_is_started(
    start_server: Callable[..., Any], tmp_path: Any
) -> None:
    first = start_server().wait_until_healthy()
    script = tmp_path / "console.sh"
    script.write_text("#!/bin/sh\ntouch started\n")
    script.chmod(0o755)
    second = start_server("", f"--port {first.port} --console {script}")
    assert second.process.wait(30) == 2
    assert (
        "Address already in use. End what listens there, or choose another --port." in second.log.read_text()
    )
    assert not (tmp_path / "started").exists()
    assert first.ask("still there?") == "still there?"


def test_clients_that_come_and_go_never_hear_each_other(start_server: Callable[..., Any]) -> None:
    server = start_server("--echo --decode-tps 200").wait_until_healthy()
    url, wrong = f"{server.url}/v1/chat/completions", []

    def talk(name: str) -> None:
        dice = random.Random(name)
        for number in range(12):
            nonce = f"nonce {name} {number} {dice.getrandbits(64):x}"
            body = {"model": "xlm", "messages": [{"role": "user", "content": nonce}], "stream": True}
            heard = ""
            with httpx.stream("POST", url, json=body, timeout=30) as response:
                leaves_after = dice.choice((0, 1, 2, 99))
                for count, line in enumerate(filter(None, response.iter_lines())):
                    if count >= leaves_after or line == "data: [DONE]":
                        break
                    heard += json.loads(line[6:])["choices"][0]["delta"].get("content", "")
            if not nonce.startswith(heard) or (leaves_after == 99 and heard != nonce):
                wrong.append((nonce, heard))

    threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    server.wait_until_idle()
    assert server.health().json()["queued"] == 0
    assert len(psutil.Process(server.process.pid).children()) == 1
