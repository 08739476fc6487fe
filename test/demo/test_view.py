# SPDX-License-Identifier: Apache-2.0
"""The browser view is for those who have viser; everybody else is told how to get it."""

import sys
from pathlib import Path

import pytest

from voice_agent_ros.demo.report import World
from voice_agent_ros.demo.view import BrowserView
from voice_agent_ros.errors import ConfigurationError


@pytest.mark.parametrize("ending", ["import sys; sys.exit(1)", "raise ImportError('no', name='viser')"])
def test_without_viser_the_fix_is_named(monkeypatch, tmp_path: Path, ending: str) -> None:
    (tmp_path / "viser.py").write_text(ending)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "viser", raising=False)
    with pytest.raises(ConfigurationError, match=r"needs viser.*viser>=1\.0"):
        BrowserView(tmp_path / "arm.urdf", lambda: World({}, {}))
