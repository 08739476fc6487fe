# SPDX-License-Identifier: Apache-2.0
"""Tables for docs/performance.md, from what `make bench` has written."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "benchmarks" / "results"


def measured() -> dict[str, Callable[[], list[str]]]:
    """The newest results of each group, by `bench_<group>`."""
    newest: dict[str, Path] = {}
    for path in sorted(RESULTS.glob("*-*-*-*.json")):
        newest[path.stem.split("-", 3)[3]] = path
    return {f"bench_{group}": partial(_lines, group, path) for group, path in newest.items()}


def _lines(group: str, path: Path) -> list[str]:
    found = json.loads(path.read_text(encoding="utf-8"))
    commit = found["commit"].removesuffix("-dirty")
    return [
        f"`make bench GROUPS={group}`, {found['date']}, {found['machine']}, commit {commit}.",
        "",
        "| | median | P95 | unit | compared with | n |",
        "|---|---|---|---|---|---|",
        *(_line(row) for row in found["rows"]),
    ]


def _line(row: dict[str, Any]) -> str:
    unit = row["unit"].replace("|", "/")
    cells = (row["name"], _text(row["value"]), _text(row["p95"]), unit, _text(row["baseline"]), str(row["n"]))
    return f"| {' | '.join(cells)} |"


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"
