# SPDX-License-Identifier: Apache-2.0
"""One measured number, and the table and the file that many of them make."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).with_name("results")
GIT_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Row:
    """A number that was measured.

    Attributes:
        value: what one would quote: a rate, or the median of many.
        baseline: what it is compared with, in the same unit: a budget, or another way to do the same.
        n: how many measurements it is made of.
    """

    group: str
    name: str
    value: float
    unit: str
    baseline: float | None = None
    n: int = 1
    p50: float | None = None
    p95: float | None = None

    @classmethod
    def of_samples(
        cls, group: str, name: str, samples: Sequence[float], unit: str, baseline: float | None = None
    ) -> Row:
        """The median of many measurements, with its 95th percentile.

        Raises:
            ValueError: there are none.
        """
        if not len(samples):
            raise ValueError(f"There are no samples of {name}.")
        p50, p95 = (float(value) for value in np.percentile(samples, (50, 95)))
        return cls(group, name, p50, unit, baseline, len(samples), p50, p95)

    @property
    def ratio(self) -> float | None:
        """Value by baseline."""
        return self.value / self.baseline if self.baseline else None

    def as_dict(self) -> dict[str, Any]:
        """As in the results' files."""
        return {
            "group": self.group,
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "baseline": _rounded(self.baseline),
            "ratio": _rounded(self.ratio),
            "n": self.n,
            "p50": _rounded(self.p50),
            "p95": _rounded(self.p95),
        }


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one a line."""
    head = ("name", "value", "unit", "P50", "P95", "baseline", "ratio", "n")
    lines = [
        (
            row.name,
            _text(row.value),
            row.unit,
            _text(row.p50),
            _text(row.p95),
            _text(row.baseline),
            _text(row.ratio),
            str(row.n),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (head, *lines)) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 2) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (head, *lines)
    )


def write(group: str, rows: Sequence[Row], folder: Path = RESULTS, notes: Sequence[str] = ()) -> Path:
    """Write a group's rows to `<date>-<group>.json`; a later run on the same day replaces it.

    Args:
        notes: how they were measured, where a reader of the table has to know it.
    """
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    document = {
        "machine": machine(),
        "date": today,
        "commit": git(Path(__file__).parent, "describe", "--always", "--dirty") or "unknown",
        **({"notes": list(notes)} if notes else {}),
        "rows": [row.as_dict() for row in rows],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{today}-{group}.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def machine() -> str:
    """What the numbers were measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def git(folder: Path, *arguments: str) -> str:
    """What git prints in a folder; "" if it fails."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def words_between(one: list[str], other: list[str]) -> int:
    """Words to insert, delete or replace (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, against in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (word != against))
    return row[-1]
