# SPDX-License-Identifier: Apache-2.0
"""docs/humble.md tells of every dependency that a robot may need."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("check_humble", ROOT / "tools" / "check_humble.py")
check_humble = importlib.util.module_from_spec(SPEC)
sys.modules["check_humble"] = check_humble  # dataclasses look their module up
SPEC.loader.exec_module(check_humble)


def test_every_dependency_was_asked_for():
    page = check_humble.PART.search(check_humble.PAGE.read_text(encoding="utf-8"))[0]
    wanted = check_humble.requirements()
    assert set(wanted) >= {"", "speech", "server", "motion", "tools"}
    names = {check_humble._name(one) for requirements in wanted.values() for one in requirements}
    missing = [name for name in names if f" {name}" not in page]
    assert not missing, f"Run `make humble` (needs a package index): {', '.join(missing)} was not asked for."
