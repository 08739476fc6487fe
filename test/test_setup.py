# SPDX-License-Identifier: Apache-2.0
"""The set-up of the tree, as somebody who works on it runs it."""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENVIRONMENT = ROOT / ".ros" / "env.sh"


@pytest.mark.skipif(not ENVIRONMENT.exists(), reason="a ROS 2 of the system is used here")
def test_make_in_a_shell_with_the_environment_finds_everything_done() -> None:
    again = subprocess.run(
        ["sh", "-c", '. "$1" && exec make --silent build', "sh", str(ENVIRONMENT)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert "[setup]" not in again.stdout + again.stderr


def test_a_step_that_fails_is_told_without_a_traceback(monkeypatch, capsys) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    bootstrap = importlib.import_module("bootstrap")
    monkeypatch.setattr(bootstrap, "main", lambda: subprocess.run(["false", "install"], check=True))
    with pytest.raises(SystemExit) as ended:
        bootstrap.run()
    told = f"{ended.value}{capsys.readouterr().err}"
    assert "false install" in told
    assert "Traceback" not in told
