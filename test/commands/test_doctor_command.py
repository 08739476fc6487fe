# SPDX-License-Identifier: Apache-2.0
"""voice-agent doctor as people and scripts call it."""

from __future__ import annotations

import json

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
    [(["--area", "weather"], "There is no area weather"), (["--arm", "nobody"], "arms/nobody.yaml")],
)
def test_a_wrong_word_is_told(arguments, message, capsys):
    assert main(["doctor", "--here", "--area", "configuration", *arguments]) == 1
    captured = capsys.readouterr()
    assert message in captured.out + captured.err


def test_ones_own_parameters_count(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text("/robot/audio_node: {ros__parameters: {source: none, sink: none}}\n", encoding="utf-8")
    assert main(["doctor", "--here", "--area", "audio", "--params", str(path)]) == 0
    path.write_text("- nonsense\n", encoding="utf-8")
    assert main(["doctor", "--here", "--area", "audio", "--params", str(path)]) == 1
    assert "no file of ROS parameters" in capsys.readouterr().err
