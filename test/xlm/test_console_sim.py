# SPDX-License-Identifier: Apache-2.0
"""The stand-in prints what the documented console prints."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from voice_agent_ros.xlm import sim_session
from voice_agent_ros.xlm.profile import PROFILES
from voice_agent_ros.xlm.sim_session import Pacer, Speed


def converse(*options: str, lines: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "voice_agent_ros.xlm.console_sim", *options]
    text = "".join(f"{line}\n" for line in lines)
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=20, check=False)


def test_documented_session() -> None:
    vendor = ("--model_type", "3", "--template_path", str(PROFILES / "deepseek.jinja"))
    done = converse("--echo", *vendor, lines=["你好", "reset", "exit"])
    assert done.returncode == 0
    session = done.stdout[done.stdout.index("板端") :]
    session = re.sub(r"[\d.]+tokens/s", "Ntokens/s", session)
    assert session == (
        "板端大模型多轮对话交互demo，请输入你的问题并按下回车 \n- 退出请输入exit\n- 清除缓存请输入reset\n"
        "[User] <<< <｜begin▁of▁sentence｜><｜User｜>你好<｜Assistant｜><think>\n\n"
        "[Assistant] >>> Let me think.\n</think>\n\n你好\n"
        "Performance prefill: Ntokens/s    decode: Ntokens/s\n"
        "[User] <<< [User] <<< [system out] >>> 好的，祝您生活愉快，再见~\n"
    )
    assert "[UCP]: log level = 3" in done.stdout
    assert "Load dnn model success" in done.stderr


def test_history_is_kept_until_reset() -> None:
    turn = "<|im_start|>user⏎{}<|im_end|>⏎<|im_start|>assistant⏎"
    done = converse("--echo", lines=[turn.format("one"), turn.format("two"), "reset", turn.format("three")])
    assert re.findall(r">>> (.*)", done.stdout) == ["one", "one | two", "three"]


def test_a_longer_line_becomes_several_turns_and_bad_bytes_cut_it() -> None:
    assert (
        converse("--echo", "--context-tokens", "99999", lines=["x" * 20_480]).stdout.count("[Assistant]") == 3
    )
    command = [sys.executable, "-m", "voice_agent_ros.xlm.console_sim", "--echo"]
    done = subprocess.run(command, input=b"good\xff bad\n", capture_output=True, timeout=20, check=False)
    assert b">>> good\nPerf" in done.stdout


def test_speed_is_kept() -> None:
    started = time.monotonic()
    done = converse(
        "--echo", "--prefill-tps", "100", "--decode-tps", "20", "--load-s", "0.5", lines=["aaa bbb ccc ddd"]
    )
    assert time.monotonic() - started > 0.5 + 4 / 100 + 3 / 20
    prefill, decode = re.findall(r"([\d.]+)tokens/s", done.stdout)
    assert 0.0 < float(prefill) <= 101.0
    assert 0.0 < float(decode) <= 21.0


def test_a_computer_that_lags_behind_catches_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(sim_session, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    pacer = Pacer(Speed(100.0, 20.0), prompt_tokens=40, started=0.0)
    due = []
    for late in (0.0, 0.0, 0.03, 0.0, 0.12, 0.0, 0.0, 0.0):
        pacer.wait()
        due.append(clock[0])
        clock[0] += late
    assert due == pytest.approx([0.4, 0.45, 0.5, 0.55, 0.6, 0.72, 0.72, 0.75])


@pytest.mark.parametrize(
    "options",
    [
        ["--gguf", "/no/such/file"],
        ["--gguf", __file__],
        ["--script", "/no/such/file"],
        ["--script", __file__],
        ["--echo", "--template_path", "/no/such/file"],
        ["--echo", "-c", __file__],
        ["--echo", "--model_type", "77"],
        ["--echo", "--profile", "none"],
    ],
)
def test_a_start_that_fails_says_why(options: list[str]) -> None:
    done = converse(*options, lines=[])
    assert done.returncode == 1
    assert "xlm init failed" in done.stderr


def test_an_unknown_fault_is_refused() -> None:
    assert "log_storm" in converse("--echo", "--fault", "explode", lines=[]).stderr
