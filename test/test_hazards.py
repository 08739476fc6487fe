# SPDX-License-Identifier: Apache-2.0
"""The hazard table of docs/safety.md: every hazard has a measure, and every test and file that is named exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAFETY = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
WITHOUT_TEST = ("Perception wrong",)  # said so in the table


def rows(heading: str) -> list[list[str]]:
    """Cells of the rows of the first table under a heading."""
    _, _, section = SAFETY.partition(f"\n## {heading}\n")
    lines = section.partition("\n## ")[0].splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


HAZARDS = rows("Hazards")


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def found(name: str) -> Path:
    """A file that the table names by its path, or by its name alone if there is one of that name."""
    path = ROOT / name
    if path.exists():
        return path
    (only,) = (ROOT / "test").rglob(name)
    return only


def test_there_are_hazards() -> None:
    assert len(HAZARDS) > 15
    assert all(len(row) == 3 for row in HAZARDS)


@pytest.mark.parametrize("row", HAZARDS, ids=lambda row: row[0][:40])
def test_a_hazard_has_a_measure_and_tests_that_exist(row: list[str]) -> None:
    hazard, measure, tests = row
    assert measure
    named = re.findall(r"`([^`]+)`", tests)
    assert bool(named) != (hazard in WITHOUT_TEST), tests
    path = ROOT
    for name in named:
        file, _, function = name.partition("::")
        path = found(file) if file else path
        if function:
            assert function in functions(path), f"{path.name} has no {function}"


@pytest.mark.parametrize("row", rows("What holds, and where"), ids=lambda row: row[0][:40])
def test_a_rule_is_where_the_table_says(row: list[str]) -> None:
    rule, where = row
    assert rule
    for name in re.findall(r"`([^`]+)`", where):
        assert (ROOT / "voice_agent_ros" / name).exists() or (ROOT / name).exists(), name
