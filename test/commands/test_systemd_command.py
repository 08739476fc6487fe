# SPDX-License-Identifier: Apache-2.0
"""The service that `voice-agent systemd` prints: systemd accepts it, and its words reach launch as they were meant."""

import configparser
import io
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import launch
import pytest

from voice_agent_ros.cli import main


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A sourced workspace with an awkward name, and a virtual environment."""
    prefix = tmp_path / "my ws" / "install"
    prefix.mkdir(parents=True)
    (prefix / "setup.bash").write_text("")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "activate").write_text("")
    for name in ("RMW_IMPLEMENTATION", "ROS_DOMAIN_ID", "VOICE_AGENT_ROS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLCON_PREFIX_PATH", str(prefix))
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    return tmp_path


def printed(capsys, *words):
    assert main(["systemd", *words]) == 0
    captured = capsys.readouterr()
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read_string(captured.out)
    return captured.out, captured.err, parser


def test_the_agent_starts_after_the_model_and_within_its_limits(workspace, capsys):
    _, told, found = printed(capsys, "agent", "arm:=so101", "--profile", "rdk_s100", "--domain", "7")
    assert found["Unit"]["After"] == found["Unit"]["Wants"] == "xlm-server.service"
    assert found["Service"]["MemoryMax"] == "4500M"
    assert found["Service"]["KillSignal"] == "SIGINT"
    assert found["Service"]["Environment"] == '"ROS_DOMAIN_ID=7"'
    bash, option, script = shlex.split(found["Service"]["ExecStart"])
    assert (bash, option) == ("/bin/bash", "-c")
    *sourced, launch = script.split(" && ")
    assert [shlex.split(line) for line in sourced] == [
        ["source", str(workspace / "venv" / "bin" / "activate")],
        ["source", str(workspace / "my ws" / "install" / "setup.bash")],
    ]
    assert launch == "exec ros2 launch voice_agent_ros voice_agent.launch.py arm:=so101 profile:=rdk_s100"
    assert "systemctl --user enable --now voice-agent.service" in told
    assert "sudo" not in told


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("service", ["agent", "xlm-server"])
@pytest.mark.parametrize("more", [["--profile", "rdk_s100"], ["--system", "robot"]])
def test_systemd_accepts_it(workspace, capsys, tmp_path, service, more):
    folder = tmp_path / "units"
    folder.mkdir()
    for name in ("agent", "xlm-server"):
        text, *_ = printed(capsys, name, "policy:=100 % $HOME.yaml" if name == "agent" else "port:=1", *more)
        (folder / text.splitlines()[0].removeprefix("# ")).write_text(text)
    file = folder / {"agent": "voice-agent.service", "xlm-server": "xlm-server.service"}[service]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *([] if "--system" in more else ["--user"]), str(file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
    )
    complaints = [line for line in done.stderr.splitlines() if file.name in line]
    assert not complaints
    if done.returncode:
        pytest.skip(f"systemd-analyze does not work here: {done.stderr.strip()[:200]}")


def test_signs_of_systemd_and_of_the_shell_stay_words(workspace, capsys):
    _, _, found = printed(capsys, "agent", "policy:=a $b %c.yaml")
    (_, _, script) = shlex.split(found["Service"]["ExecStart"])
    meant = script.replace("$$", "$").replace("%%", "%")
    assert shlex.split(meant)[-1] == "policy:=a $b %c.yaml"


@pytest.mark.parametrize(
    "words", [["agent", "arm=so101"], ["agent", "--profile", "toaster"], ["agent", "--setup", "no"]]
)
def test_what_is_wrong_is_told(workspace, capsys, words):
    assert main(["systemd", *words]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1


def test_without_a_workspace_the_fix_is_told(workspace, capsys, monkeypatch):
    monkeypatch.delenv("COLCON_PREFIX_PATH")
    assert main(["systemd", "agent"]) == 1
    assert "--setup" in capsys.readouterr().err


@pytest.mark.parametrize("is_terminal", [True, False])
def test_without_a_terminal_launch_itself_passes_an_interruption_on(monkeypatch, is_terminal):
    made = []

    class FakeService:
        def __init__(self, **options):
            made.append(options)

        def include_launch_description(self, description):
            pass

        def run(self):
            return 0

    monkeypatch.setattr(launch, "LaunchService", FakeService)
    stdin = io.StringIO()
    stdin.isatty = lambda: is_terminal
    monkeypatch.setattr(sys, "stdin", stdin)
    tool = runpy.run_path(str(Path(__file__).resolve().parents[2] / "tools" / "ros2.py"))
    assert tool["launch"]("voice_agent_ros", "voice_agent.launch.py", ["arm:=prim6"]) == 0
    assert made == [{"noninteractive": not is_terminal}]
