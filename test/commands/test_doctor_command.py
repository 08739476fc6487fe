# SPDX-License-Identifier: Apache-2.0
"""voice-agent doctor as people and scripts call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from voice_agent_ros.cli import main


def test_json_has_the_agreed_form_and_a_failure_is_the_exit_code(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("VOICE_AGENT_MODELS", str(tmp_path))
    assert main(["doctor", "--json", "--here", "--area", "weights", "--area", "configuration"]) == 1
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert all(set(check) == {"area", "name", "status", "evidence", "fix"} for check in checks)
    assert {check["status"] for check in checks} == {"PASS", "FAIL"}
    assert all(check["fix"] for check in checks if check["status"] == "FAIL")


def test_text_for_people(capsys):
    assert main(["doctor", "--here", "--area", "configuration"]) == 0
    out = capsys.readouterr().out
    assert "PASS  arm file" in out
    assert "0 failed" in out


def test_the_demo_needs_neither_microphone_nor_controllers(capsys):
    assert main(["doctor", "--for", "demo", "--area", "audio", "--area", "controllers"]) == 0
    assert "0 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--area", "weather"], "There is no area weather"),
        (["--arm", "nobody"], "There is no arm file for 'nobody'"),
    ],
)
def test_a_wrong_word_is_told(arguments, message, capsys):
    assert main(["doctor", "--here", "--area", "configuration", *arguments]) == 1
    captured = capsys.readouterr()
    assert message in captured.out + captured.err


def test_ones_own_parameters_count(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text("/robot/audio_node: {ros__parameters: {source: none, sink: none}}\n", encoding="utf-8")
    assert main(["doctor", "--here", "--area", "audio", "--params", str(path)]) == 0
    capsys.readouterr()


def test_the_profile_of_the_launch_file_counts(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "description: mine\nprocesses: {xlm-server: {cpus: '1023'}}\n"
        "parameters: {/**/audio_node: {ros__parameters: {source: none, sink: none}}}\n",
        encoding="utf-8",
    )
    areas = ["--area", "audio", "--area", "configuration"]
    assert main(["doctor", "--here", *areas, "--profile", str(path)]) == 0
    out = capsys.readouterr().out
    assert "WARN  profile: xlm-server: This computer has none of the processors 1023" in out
    assert "microphone: not a device, by configuration: none" in out
    assert main(["doctor", "--here", "--area", "clock", "--profile", "toaster"]) == 1
    assert "There is no profile toaster" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["- nonsense\n", "a: {b: [\n", "x: 1\n", "\xff\n", "/**/llm_node: {ros__parameters: }\n"]
)
def test_parameters_that_cannot_be_read_hide_nothing_else(text, tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode("latin-1"))
    assert main(["doctor", "--here", "--area", "clock", "--params", str(path)]) == 1
    out = capsys.readouterr().out
    assert "FAIL  parameters" in out
    assert "no file of ROS parameters" in out
    assert "processor" in out


def test_a_terminal_that_knows_no_arrows_is_no_reason_to_stop(tmp_path):
    program = "import sys; from voice_agent_ros.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor", "--here", "--area", "weights"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "VOICE_AGENT_MODELS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    assert done.returncode == 1
    assert "models fetch" in done.stdout, done.stderr
