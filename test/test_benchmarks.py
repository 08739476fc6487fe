# SPDX-License-Identifier: Apache-2.0
"""The frame of the benchmarks: rows, their table and their file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _repository_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def test_samples_become_median_and_percentile() -> None:
    from benchmarks.row import Row

    row = Row.of_samples("motion", "planning", [float(n) for n in range(101)], "ms", baseline=25.0)
    assert (row.value, row.p50, row.p95, row.n, row.ratio) == (50.0, 50.0, 95.0, 101, 2.0)
    with pytest.raises(ValueError, match="planning"):
        Row.of_samples("motion", "planning", [], "ms")


def test_the_table_and_the_file_say_the_same(tmp_path: Path) -> None:
    from benchmarks.row import Row, table, write

    rows = [Row("motion", "picks", 0.99, "of scenes", 0.98, n=100), Row("motion", "stop", 71.0, "ms")]
    text = table(rows).splitlines()
    assert text[0].split()[:2] == ["name", "value"]
    assert "0.99" in text[1]
    document = json.loads(write("motion", rows, tmp_path).read_text())
    assert set(document) == {"machine", "date", "commit", "rows"}
    first, second = document["rows"]
    assert list(first) == ["group", "name", "value", "unit", "baseline", "ratio", "n", "p50", "p95"]
    assert first["ratio"] == pytest.approx(0.99 / 0.98, abs=1e-5)
    assert second["ratio"] is None


def test_every_group_can_be_loaded_by_name() -> None:
    from benchmarks.__main__ import groups

    for name in groups():
        assert (ROOT / "benchmarks" / f"{name}.py").exists()
    assert "row" not in groups()
    assert "benchmarks" in sys.modules


def test_unknown_group_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from benchmarks.__main__ import main

    monkeypatch.setattr(sys, "argv", ["benchmarks", "nonsense"])
    with pytest.raises(SystemExit):
        main()
    assert "no such group: nonsense" in capsys.readouterr().err
