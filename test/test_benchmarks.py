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


def test_a_group_that_fails_costs_no_other_its_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks import __main__ as command
    from benchmarks.row import Row

    def broken() -> list[Row]:
        raise OSError("no such engine")

    def sound() -> list[Row]:
        return [Row("sound", "speed", 3.0, "m/s")]

    monkeypatch.setattr(command, "load", {"broken": (broken, ()), "sound": (sound, ())}.__getitem__)
    assert command.run(["broken", "sound"], is_kept=False) == 1
    captured = capsys.readouterr()
    assert captured.out.count("speed") == 2, "the group's table, and that of all"
    assert "failed: broken" in captured.out
    assert "no such engine" in captured.err
    assert command.run(["sound"], is_kept=False) == 0


def _measured(name: str, value: float, unit: str = "ms", *, p95: float | None = None, n: int = 100):
    return {"name": name, "value": value, "unit": unit, "p50": value, "p95": p95 or value * 1.2, "n": n}


def test_what_all_times_have_in_common_is_the_machines() -> None:
    from benchmarks.compare import compare

    before = [_measured(f"stage {number}", 10.0) for number in range(6)]
    now = [_measured(f"stage {number}", 15.0) for number in range(5)] + [_measured("stage 5", 30.0)]
    slower, changes = compare(before, now)
    assert slower == 1.5
    assert [change.verdict for change in changes] == ["same"] * 5 + ["higher"]
    assert changes[5].relative == pytest.approx(1.0)


def test_noise_is_what_the_samples_show() -> None:
    from benchmarks.compare import compare

    steady, wild = ({"p95": 10.5, "n": 100}, {"p95": 40.0, "n": 10})
    for spread, verdict in ((steady, "higher"), (wild, "same")):
        _, (change,) = compare([_measured("x", 10.0, **spread)], [_measured("x", 12.0, **spread)])
        assert change.verdict == verdict
    few, many = ({"unit": "1", "n": 10}, {"unit": "1", "n": 1000})
    for count, verdict in ((few, "same"), (many, "lower")):
        _, (change,) = compare([_measured("x", 0.95, **count)], [_measured("x", 0.85, **count)])
        assert change.verdict == verdict


def test_numbers_come_and_go() -> None:
    from benchmarks.compare import compare, tell

    _, changes = compare([_measured("a", 1.0)], [_measured("b", 0.0)])
    assert [(change.name, change.verdict) for change in changes] == [("b", "new"), ("a", "gone")]
    frame = {"commit": "c", "date": "d", "machine": "m"}
    lines = tell({**frame, "rows": [_measured("a", 0.0)]}, {**frame, "rows": [_measured("a", 1.0)]})
    assert any("higher" in line and "∞" in line for line in lines)


def test_the_results_before_are_found(tmp_path: Path) -> None:
    from benchmarks.compare import previous

    (tmp_path / "2025-01-01-tts.json").write_text("old")
    (tmp_path / "2025-01-01-tts_more.json").write_text("another group")
    newest = tmp_path / "2025-02-01-tts.json"
    newest.write_text("new")
    assert previous(newest) == "old"
    assert previous(tmp_path / "2025-01-01-tts.json") is None
